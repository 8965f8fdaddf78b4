"""Which two kinds may be heard together, and which pairs only the test split has."""

from __future__ import annotations

import zlib
from functools import cache

from workflow_src.corpus.embedded.sounds import KINDS

# One pair in so many is kept from train, val and tagged.
HELD_OUT_EVERY = 5


@cache
def held_out(first: str, second: str) -> bool:
    """Whether only test clips may contain both kinds; the order is irrelevant."""
    name = "+".join(sorted((first, second)))
    return zlib.crc32(name.encode()) % HELD_OUT_EVERY == 0


def fits(first: str, second: str) -> bool:
    """Whether a listener can tell both: two backgrounds would hide each other."""
    return first != second and not (
        KINDS[first].background and KINDS[second].background
    )


@cache
def partners(kind: str, novel: bool) -> tuple[str, ...]:
    """Kinds that fit beside `kind`: the held-out ones, or all others."""
    return tuple(
        other for other in KINDS if fits(kind, other) and held_out(kind, other) == novel
    )
