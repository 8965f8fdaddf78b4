"""The step that writes a table in all its forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workflow_src.files import write_atomically
from workflow_src.report.formats.html import html
from workflow_src.report.formats.latex import latex
from workflow_src.report.formats.markdown import markdown
from workflow_src.report.formats.model import Table, read_table
from workflow_src.report.formats.tidy import tidy

# What follows the table's name -> what writes it.
FORMATS: dict[str, Callable[[Table], str]] = {
    ".tidy.csv": tidy,
    ".md": markdown,
    ".tex": latex,
    ".html": html,
}


def write_formats(*, table: Path, output: Path) -> None:
    """Write a table as tidy CSV, Markdown, LaTeX and HTML.

    Args:
        table: the CSV of the table.
        output: folder that gets `<table>.tidy.csv`, `.md`, `.tex` and `.html`.
    """
    content = read_table(table)
    for suffix, write in FORMATS.items():
        write_atomically(output / f"{content.name}{suffix}", write(content))
