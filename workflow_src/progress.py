"""Progress of long steps: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0

_silent = False


def be_silent() -> None:
    """Say nothing from now on: another process of the same work does."""
    global _silent
    _silent = True


def say(message: str) -> None:
    """Print one line, at once and without breaking a bar."""
    if _silent:
        return
    tqdm.write(message, file=sys.stderr)
    sys.stderr.flush()


def track(
    items: Iterable[T], description: str, total: int | None = None
) -> Iterator[T]:
    """Yield the items while showing how far it is.

    On a terminal a tqdm bar; elsewhere a line every ten seconds and one at the
    end, so that a log stays short and readable.

    Args:
        items: to go through.
        description: begins each line.
        total: of the items; None asks them, where they know it.

    Yields:
        The items.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if _silent:
        yield from items
        return
    if sys.stderr.isatty():
        yield from tqdm(items, desc=description, total=total, file=sys.stderr)
        return
    of_total = f"/{total}" if total is not None else ""
    start = last_line = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last_line >= SECONDS_BETWEEN_LINES:
            last_line = now
            say(f"{description}: {done}{of_total}, {now - start:.0f} s")
    say(f"{description}: {done}{of_total}, {time.monotonic() - start:.1f} s, done")
