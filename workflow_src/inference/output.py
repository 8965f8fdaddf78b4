"""What the commands print: one line a result, and bad files on stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from tqdm import tqdm

from workflow_src.inference.sounds import BadFile
from workflow_src.progress import say, track

T = TypeVar("T")


class BadFiles:
    """Says each bad file once, in a line on stderr, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, bad: BadFile) -> None:
        """Say a bad file."""
        self.count += 1
        say(f"error: {_printable(str(bad))}")

    def leave(self) -> None:
        """End the command with status 1 if there was any."""
        if self.count:
            sys.exit(1)


def on_terminal() -> bool:
    """Whether somebody looks at the progress."""
    return sys.stderr.isatty()


def shown(items: Iterable[T], description: str, total: int | None) -> Iterator[T]:
    """The items, with a bar on a terminal and in silence elsewhere."""
    yield from track(items, description, total) if on_terminal() else items


def write_line(text: str) -> None:
    """Print a line at once, beside a bar if there is one.

    Names of files may be no UTF-8; they go out as they are.
    """
    with tqdm.external_write_mode(file=sys.stdout):
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # The reader, `head` say, has seen enough; Python flushes once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)


def write_lines(lines: Iterable[str]) -> None:
    """Print lines, each at once."""
    for line in lines:
        write_line(line)


def json_line(result: Any) -> str:
    """A result, a dataclass, as a line of JSON."""
    return json.dumps(asdict(result), ensure_ascii=False)


def csv_line(fields: Sequence[object]) -> str:
    """A row of CSV, without its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields)
    return text.getvalue()


def times(start: float, end: float) -> str:
    """A window as text: `[10.0-17.5]`, in seconds."""
    return f"[{start:.1f}-{end:.1f}]"


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
