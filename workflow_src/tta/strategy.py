"""Where test-time augmentation averages: the partitions of Eq. 2."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass

Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Strategy:
    """Where the augmented views of one input are averaged (Section 3, Eq. 2).

    `partitions` holds one entry a layer; each is a list of groups, each a list
    of indices (from 0) of the previous layer's outputs. The first layer's
    indices are those of the augmented inputs. Strategies are equal when their
    partitions are, and can be keys of a dict.

    Raises ValueError, naming the layer, when a layer is no partition of the
    previous layer's outputs, has an empty group, or is the last one and has
    more than one group.
    """

    partitions: tuple[Groups, ...]

    def __post_init__(self) -> None:
        layers: list[Groups] = []
        for number, groups in enumerate(self.partitions, start=1):
            inputs = len(layers[-1]) if layers else None
            layers.append(_checked_partition(number, groups, inputs))
        if not layers:
            raise ValueError("a strategy needs at least one layer; it has none")
        if len(layers[-1]) != 1:
            raise ValueError(
                f"layer {len(layers)} is the last and must aggregate into one group "
                f"(|P_H| = 1); it has {len(layers[-1])}"
            )
        object.__setattr__(self, "partitions", tuple(layers))

    @property
    def tau(self) -> int:
        """Number of augmented inputs, τ: the number of indices in P_1."""
        return sum(len(group) for group in self.partitions[0])

    @property
    def group_sizes(self) -> tuple[tuple[int, ...], ...]:
        """Sizes |P_h[i]| of every group, layer by layer."""
        return tuple(tuple(map(len, groups)) for groups in self.partitions)

    @classmethod
    def uniform(cls, group_sizes: Iterable[int]) -> Strategy:
        """Groups of consecutive indices, all of a layer's groups equally large.

        `group_sizes` has one number a layer: (5, 20) averages 100 inputs by
        fives at the first layer, and the 20 results at the second.
        Raises ValueError when a size is not a positive integer.
        """
        sizes = list(group_sizes)
        for number, size in enumerate(sizes, start=1):
            if not isinstance(size, int) or size < 1:
                raise ValueError(
                    f"layer {number}: a group size is a positive integer, not {size!r}"
                )
        remaining = math.prod(sizes)
        layers = []
        for size in sizes:
            starts = range(0, remaining, size)
            layers.append(tuple(tuple(range(s, s + size)) for s in starts))
            remaining //= size
        return cls(tuple(layers))

    @classmethod
    def conventional(cls, tau: int, layers: int = 2) -> Strategy:
        """Conventional TTA: |P_h| = τ for h < H, and one group at the output."""
        return cls.mid(tau, layers, at=layers)

    @classmethod
    def mid(cls, tau: int, layers: int = 2, at: int = 1) -> Strategy:
        """Mid-TTA: the τ outputs of layer `at` (from 1) are averaged into one.

        In the paper's words |P_h| = τ for h <= h' and 1 after it, h' = at − 1.
        """
        if not 1 <= at <= layers:
            raise ValueError(f"layer {at} does not exist: the model has {layers}")
        return cls.uniform(tau if h == at else 1 for h in range(1, layers + 1))


def _checked_partition(
    number: int, groups: Iterable[Iterable[int]], inputs: int | None
) -> Groups:
    """The groups of layer `number` as tuples; `inputs` is None for layer 1."""
    try:
        checked = tuple(tuple(map(operator.index, group)) for group in groups)
    except TypeError:
        raise ValueError(
            f"layer {number}: expected a list of groups of integer indices, "
            f"not {groups!r}"
        ) from None
    if not checked:
        raise ValueError(f"layer {number} has no groups")
    if not all(checked):
        raise ValueError(f"layer {number}: group {checked.index(())} (from 0) is empty")
    indices = sorted(index for group in checked for index in group)
    size = len(indices) if inputs is None else inputs
    if indices != list(range(size)):
        what = "the augmented inputs" if inputs is None else f"layer {number - 1}"
        raise ValueError(
            f"layer {number} is no partition of the {size} outputs of {what}: "
            f"every index from 0 to {size - 1} must appear exactly once"
            + _difference(indices, size)
        )
    return checked


def _difference(indices: list[int], size: int) -> str:
    """What keeps `indices` from being 0 .. size − 1, in a few words."""
    missing = sorted(set(range(size)) - set(indices))
    beyond = sorted(set(indices) - set(range(size)))
    twice = sorted({index for index in indices if indices.count(index) > 1})
    parts = [
        f"{word} {', '.join(map(str, found[:5]))}"
        for word, found in (
            ("missing", missing),
            ("out of range", beyond),
            ("repeated", twice),
        )
        if found
    ]
    return f" ({'; '.join(parts)})"
