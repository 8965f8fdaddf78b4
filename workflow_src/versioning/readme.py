"""The tables in README.md: those of the selected corpus, so that none drifts.

Between two markers, each on a line of its own, stands what the tables say:

    <!-- tables: begin -->
    <!-- tables: end -->
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from workflow_src.config import load, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.report.formats import words
from workflow_src.report.formats.markdown import markdown
from workflow_src.report.formats.model import Table, read_table

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
OPEN = "table3"  # shown at once; the others are unfolded by a click
COMMAND = "python -m workflow_src readme-tables --write"


def readme_tables(*, check: bool = False, write: bool = False) -> None:
    """Compare README.md's tables with those of the selected corpus, or write them.

    The tables stand between the lines `<!-- tables: begin -->` and
    `<!-- tables: end -->`. Without an option they are printed.

    Args:
        check: fail where README.md says something else.
        write: write them into README.md.
    """
    readme, block = Path("README.md"), tables_block(selected_tables())
    if not check and not write:
        print(block, end="")
        return
    text = _read(readme)
    renewed = with_block(text, block, readme)
    if check and renewed != text:
        raise InputError(f"{readme}: its tables are not those of results/; {COMMAND}")
    if write and renewed != text:
        write_atomically(readme, renewed)


def selected_tables() -> list[Table]:
    """The paper's tables of the corpus that config.yaml selects.

    Raises:
        InputError: one was not made.
    """
    config = load()
    results = Layout(corpus_name(steps.corpus_identity(config))).results
    return [read_table(results / f"{name}.csv") for name in sorted(config.tables)]


def tables_block(tables: Iterable[Table]) -> str:
    """What stands between the markers: each table as Markdown, to be folded."""
    parts = [f"<!-- Made by `{COMMAND}`, not by hand. -->\n"]
    for table in tables:
        opened = " open" if table.name == OPEN else ""
        parts.append(
            f"<details{opened}>\n<summary>{escape(words.title(table))}</summary>\n\n"
            f"{markdown(table)}\n</details>\n"
        )
    return "\n".join(parts)


def with_block(text: str, block: str, source: Path) -> str:
    """A text with another block between its markers.

    Args:
        text: with both markers once, each on a line of its own.
        block: to put between them.
        source: of the text, for errors.

    Raises:
        InputError: a marker is missing, there twice, or behind the other.
    """
    lines = text.split("\n")
    for marker in (BEGIN, END):
        if lines.count(marker) != 1:
            raise InputError(
                f"{source} has the line {marker} {lines.count(marker)} times, not once"
            )
    begin, end = lines.index(BEGIN), lines.index(END)
    if end < begin:
        raise InputError(f"{source}: {END} stands above {BEGIN}")
    before, after = "\n".join(lines[: begin + 1]), "\n".join(lines[end:])
    return f"{before}\n\n{block}\n{after}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
