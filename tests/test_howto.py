"""The how-to pages: each page's Python is one program, and it runs."""

import re
from pathlib import Path

import pytest
import torch

PAGES = Path(__file__).parents[1] / "docs" / "howto"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"^```python$", re.MULTILINE)


def snippets(page: Path) -> list[tuple[int, str]]:
    """The line at which each snippet begins, and its text."""
    text = page.read_text(encoding="utf-8")
    found = [
        (text.count("\n", 0, match.start(1)), match[1])
        for match in FENCED.finditer(text)
    ]
    assert len(found) == len(MARKED.findall(text)), f"{page.name}: an open fence"
    return found


WITH_PYTHON = [page for page in sorted(PAGES.glob("*.md")) if snippets(page)]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.stem)
def test_the_snippets_of_a_page_run_in_order(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    names = {"__name__": "__main__"}
    for line, snippet in snippets(page):
        # The lines of a traceback are those of the page.
        exec(compile("\n" * line + snippet, str(page), "exec"), names)


def test_the_pages_are_there():
    assert {page.stem for page in WITH_PYTHON} >= {
        "pairmix-in-your-loop",
        "multi-tta-around-your-model",
    }
