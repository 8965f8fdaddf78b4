"""METEOR's paraphrase table, cut to what can match given references.

METEOR reads the whole table, 5.3 million pairs of phrases, before its first answer:
10 s each time it starts. A pair can match only where one of its sides stands in a
reference, so that a table of those pairs alone gives the same scores, and is read in
a second.
"""

import gzip
import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path

from workflow_src.files import write_atomically
from workflow_src.metrics import java

# METEOR splits tokens at punctuation; so phrases are compared by what lies between.
PARTS = re.compile(r"[^\W_]+")


class _Known(dict):
    """Word -> whether all its parts are among some."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._parts = frozenset(parts)

    def __missing__(self, word: str) -> bool:
        self[word] = found = self._parts.issuperset(PARTS.findall(word))
        return found


def table() -> Path:
    """The whole table, as `pycocoevalcap` brings it."""
    return java.resource("meteor", "data", "paraphrase-en.gz")


def cut(references: Iterable[str], folder: Path) -> Path:
    """The table for references, from `folder`; made there if it is not yet.

    Args:
        references: texts of Penn Treebank tokens.
        folder: holds a table for each set of words; jobs may share it.
    """
    parts = sorted({part for text in references for part in PARTS.findall(text)})
    digest = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
    path = folder / f"{digest}.gz"
    if not path.exists():
        write_atomically(path, gzip.compress("".join(_pairs(parts)).encode(), 1))
    return path


def _pairs(parts: Iterable[str]) -> Iterable[str]:
    """The entries of the table, three lines each: probability, phrase, phrase."""
    known = _Known(parts).__getitem__
    with (
        gzip.open(table()) as packed,
        io.TextIOWrapper(io.BufferedReader(packed, 1 << 20), "utf-8") as lines,
    ):
        for probability, phrase, other in zip(lines, lines, lines, strict=True):
            if all(map(known, phrase.split())) or all(map(known, other.split())):
                yield probability + phrase + other
