"""METEOR's paraphrase table, cut to what can match given references.

METEOR reads the whole table, 5.3 million pairs of phrases, before its first answer,
which takes it 10 s or more each time it starts. A pair can match only where one of its
sides stands in a reference, so that a table of those pairs alone gives the same scores.
AudioCaps' test clips need 12 % of the pairs, those of the demo 2 %.
"""

import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from workflow_src.files import write_atomically
from workflow_src.pycocoevalcap_files import packaged_file

# METEOR splits tokens at punctuation; so phrases are compared by what lies between.
PARTS = re.compile(r"[^\W_]+")


def table() -> Path:
    """The whole table, as `pycocoevalcap` brings it."""
    return packaged_file("meteor", "data", "paraphrase-en.gz")


def cut(references: Iterable[str], folder: Path) -> Path:
    """The table for references, from `folder`; made there if it is not yet.

    Args:
        references: texts of Penn Treebank tokens.
        folder: holds a table for each set of words; jobs may share it.
    """
    parts = {part for text in references for part in PARTS.findall(text)}
    digest = hashlib.sha256(" ".join(sorted(parts)).encode()).hexdigest()[:16]
    path = folder / f"{digest}.gz"
    if not path.exists():
        write_atomically(path, gzip.compress("".join(_pairs(parts)).encode(), 1))
    return path


def _pairs(parts: set[str]) -> Iterator[str]:
    """The entries of the table, three lines each: probability, phrase, phrase."""

    @cache
    def known(word: str) -> bool:
        return parts.issuperset(PARTS.findall(word))

    with gzip.open(table(), "rt", encoding="utf-8") as lines:
        for probability, phrase, other in zip(lines, lines, lines, strict=True):
            if all(map(known, phrase.split())) or all(map(known, other.split())):
                yield probability + phrase + other
