"""WordNet 3.0 as METEOR's jar in `pycocoevalcap` keeps it: words and synset numbers."""

import zipfile
from functools import cache

from workflow_src.metrics import java


@cache
def synsets() -> dict[str, frozenset[int]]:
    """Numbers of the synsets of each word.

    Words of an expression are joined by `_`. The numbers do not tell the part of
    speech, so about 0.2 % of them stand for two synsets.
    """
    return {
        word: frozenset(map(int, numbers.split()))
        for word, numbers in _entries("english.synsets").items()
    }


@cache
def exceptions() -> dict[str, tuple[str, ...]]:
    """Base forms of each irregular form: `geese` -> `goose`."""
    found: dict[str, tuple[str, ...]] = {}
    for base, forms in _entries("english.exceptions").items():
        for form in forms.split():
            found[form] = (*found.get(form, ()), base)
    return found


def _entries(file: str) -> dict[str, str]:
    """A file of the jar: a line with the word, then a line with what belongs to it."""
    with zipfile.ZipFile(java.resource("meteor", "meteor-1.5.jar")) as jar:
        lines = jar.read(f"synonym/{file}").decode("utf-8").splitlines()
    return dict(zip(lines[0::2], lines[1::2], strict=True))
