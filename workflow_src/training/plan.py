"""Which pairs a mini-batch is made of: a pure function of seed, epoch and step."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from workflow_src.augment.generators import seed_from
from workflow_src.augment.mixing import Mixing
from workflow_src.errors import InputError


@dataclass(frozen=True)
class Plan:
    """The pairs of one mini-batch, by row; all of them different.

    Attributes:
        ordinary: (B - G,) rows that stay as they are.
        extra: (G, n) rows that are mixed into G samples.
    """

    ordinary: np.ndarray
    extra: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """(B - G + n G,): the ordinary rows, then the extra ones, n after n."""
        return np.concatenate([self.ordinary, self.extra.ravel()])


@dataclass(frozen=True)
class Schedule:
    """Plans the mini-batches of a training on N pairs.

    An epoch is ceil(N / B) mini-batches of B samples, whatever the recipe, so
    that all recipes make the same number of updates. Ordinary pairs come from an
    endless stream, one shuffled pass over the corpus after the other; an epoch
    goes on where the last one stopped, since with PairMix it consumes fewer than
    N of them. Extra pairs are drawn anew for each mini-batch among all pairs that
    are not in it, without repeats.

    Attributes:
        pairs: N.
        batch_size: B.
        seed: of the training.
        pairmix: of the recipe, or None.

    Raises:
        InputError: the corpus has too few pairs for one mini-batch.
    """

    pairs: int
    batch_size: int
    seed: int
    pairmix: Mixing | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size is at least 1, not {self.batch_size}")
        needed = self.ordinary + self.generated * self.mixed
        if self.pairs < needed:
            raise InputError(
                f"a mini-batch of {self.batch_size} needs {needed} different pairs "
                f"({self.generated} samples are mixed from {self.mixed} each), but "
                f"the corpus has {self.pairs}; choose a smaller batch_size"
            )

    @property
    def generated(self) -> int:
        """G, samples that are mixed in each mini-batch."""
        return self.pairmix.generated(self.batch_size) if self.pairmix else 0

    @property
    def ordinary(self) -> int:
        """B - G, samples of each mini-batch that are pairs as they are."""
        return self.batch_size - self.generated

    @property
    def mixed(self) -> int:
        """Pairs in a generated sample, n."""
        return self.pairmix.n if self.pairmix else 1

    @property
    def steps(self) -> int:
        """Mini-batches in an epoch."""
        return -(-self.pairs // self.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[int, Plan]]:
        """The steps of `epoch` (from 0) from step `start` on, with their plans."""
        ordinary = self._ordinary_rows(epoch)
        for step in range(start, self.steps):
            rows = ordinary[step * self.ordinary : (step + 1) * self.ordinary]
            yield step, Plan(rows, self._extra_rows(rows, epoch, step))

    def _extra_rows(self, ordinary: np.ndarray, epoch: int, step: int) -> np.ndarray:
        rng = np.random.default_rng(seed_from(self.seed, "extra pairs", epoch, step))
        wanted = self.generated * self.mixed
        rows = rng.choice(self.pairs - len(ordinary), wanted, replace=False)
        # Numbers of the rows outside the mini-batch -> rows: step over its own.
        taken = np.sort(ordinary) - np.arange(len(ordinary))
        rows = rows + np.searchsorted(taken, rows, side="right")
        return rows.reshape(self.generated, self.mixed)

    def _ordinary_rows(self, epoch: int) -> np.ndarray:
        """The part of the endless stream that `epoch` consumes."""
        start = epoch * self.steps * self.ordinary
        stop = start + self.steps * self.ordinary
        parts = [np.empty(0, int)]
        if self.ordinary:
            for number, order in enumerate(self._passes()):
                first = number * self.pairs
                if first >= stop:
                    break
                parts.append(order[max(start - first, 0) : stop - first])
        return np.concatenate(parts)

    def _passes(self) -> Iterator[np.ndarray]:
        """Shuffled passes over all rows; no mini-batch across two repeats a row."""
        last = np.empty(0, int)
        for number in count():
            rng = np.random.default_rng(seed_from(self.seed, "pass", number))
            order = rng.permutation(self.pairs)
            begun = number * self.pairs % self.ordinary
            if begun:
                # The mini-batch that the last pass began takes rows it lacks.
                first = order[~_contains(last[-begun:], order, self.pairs)]
                first = first[: self.ordinary - begun]
                rest = order[~_contains(first, order, self.pairs)]
                order = np.concatenate([first, rest])
            yield order
            last = order


def _contains(rows: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Which of `values` are among `rows`, both below `size`."""
    among = np.zeros(size, bool)
    among[rows] = True
    return among[values]
