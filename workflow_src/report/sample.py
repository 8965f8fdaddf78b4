"""Clips chosen by chance and not by hand: the same ones each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def shuffled(names: Sequence[str], seed: int) -> list[str]:
    """Put names into a random order that depends on the set of them and the seed."""
    known = sorted(names)
    order = np.random.default_rng(seed).permutation(len(known))
    return [known[place] for place in order]


def sample(names: Sequence[str], count: int, seed: int) -> list[str]:
    """Draw so many of the names, or all if there are fewer."""
    return shuffled(names, seed)[:count]
