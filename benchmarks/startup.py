"""How long a command takes until its work begins, in processor time.

    python -m benchmarks.startup

Each command is asked for its help, which imports what it imports before its work; the
reference is Python itself with an empty program.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benchmarks.command import Bench, run_alone
from benchmarks.rows import Row

COMMANDS = (
    "embedded-audio",
    "log-mels",
    "train-captioner",
    "train-retriever",
    "caption-grid",
    "score-retrieval-grid",
    "score-captions",
    "table",
)


def rows(bench: Bench) -> Iterator[Row]:
    """A row a command; the first imports of a fresh clone also compile: not counted."""
    for name in COMMANDS:
        words = ["-m", "workflow_src", name, "--help"]
        _seconds(words)
        yield Row(f"start-up of {name}", _seconds(words))


def _seconds(words: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(after[:2]) - sum(before[:2])


if __name__ == "__main__":
    run_alone(__doc__, rows)
