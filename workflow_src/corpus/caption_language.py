"""What the captions of a corpus are like, beside those of another.

The embedded corpus stands in for AudioCaps where there is no network; how far its
language does is said in docs/embedded_corpus.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_src.corpus.text import tokenize
from workflow_src.csv_files import read_csv
from workflow_src.errors import InputError
from workflow_src.files import write_atomically

# What joins two events in a caption, and how captions begin.
PHRASES = ("and", "followed by", "then", "with", "as", "while", "in the background")
OPENINGS = ("a", "an", "the", "two", "someone", "people")


def compare_captions(*, captions: list[Path], output: Path) -> None:
    """Compare the captions of corpora, a column each.

    Args:
        captions: CSV files with a column `caption`.
        output: a Markdown table.
    """
    columns = {
        str(path): describe([row["caption"] for _, row in read_csv(path, ("caption",))])
        for path in captions
    }
    write_atomically(output, in_markdown(columns))


def describe(captions: Sequence[str]) -> dict[str, float]:
    """Lengths, words, joints and openings of captions.

    Args:
        captions: at least one.

    Returns:
        Name -> figure. Shares are per cent of the captions.

    Raises:
        InputError: no captions.
    """
    if not captions:
        raise InputError("there are no captions to describe")
    words = [tokenize(caption) for caption in captions]
    lengths = np.array([len(own) for own in words])
    lower = [" ".join(own) for own in words]
    firsts = Counter(own[0] for own in words if own)

    def share(count: int) -> float:
        return 100 * count / len(captions)

    figures = {
        "captions": float(len(captions)),
        "different captions (%)": share(len(set(lower))),
        "different words in 1,000 captions": _words_in(words, 1000),
        "words, mean": float(lengths.mean()),
        "words, standard deviation": float(lengths.std()),
    }
    for part in (10, 50, 90):
        figures[f"words, {part} % have at most"] = float(np.percentile(lengths, part))
    for phrase in PHRASES:
        pattern = re.compile(rf"\b{phrase}\b")
        found = sum(bool(pattern.search(text)) for text in lower)
        figures[f'with "{phrase}" (%)'] = share(found)
    for word in OPENINGS:
        figures[f'begin with "{word}" (%)'] = share(firsts[word])
    return figures


def in_markdown(columns: dict[str, dict[str, float]]) -> str:
    """A table of figures, a column a corpus."""
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name in next(iter(columns.values())):
        cells = [f"{own[name]:,.1f}" for own in columns.values()]
        if name == "captions":
            cells = [f"{own[name]:,.0f}" for own in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _words_in(words: Sequence[Sequence[str]], captions: int) -> float:
    """Different words in so many captions, evenly taken."""
    step = max(1, len(words) // captions)
    taken = words[::step][:captions]
    return float(len({word for own in taken for word in own}))
