"""Multi-level test-time augmentation, Eq. 2 of the paper in its general form.

A model is a chain of layers f_1 .. f_H. A strategy gives every layer h a
partition P_h of the outputs of the layer before it; the i-th output of layer h
is the mean over the i-th group:

    o[h, i] = 1 / |P_h[i]| * sum of f_h(o[h-1, j]) over j in P_h[i]

Conventional TTA averages at the last layer only, Mid-TTA at one layer before
it, Multi-TTA at several. Layers are numbered 1 .. H as in the paper; the
indices inside a partition start at 0, as everywhere in Python.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch

Groups = tuple[tuple[int, ...], ...]
Value = TypeVar("Value")

# Section 4.3: tau -> (group size at h_E, group size at the output).
PAPER_GROUP_SIZES = {10: (2, 5), 25: (5, 5), 50: (5, 10), 100: (5, 20)}


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
            layers.append(
                [range(start, start + size) for start in range(0, remaining, size)]
            )
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

    @classmethod
    def multi(cls, tau: int) -> Strategy:
        """One of the paper's four Multi-TTA strategies for (h_E, output)."""
        if tau not in PAPER_GROUP_SIZES:
            known = ", ".join(map(str, PAPER_GROUP_SIZES))
            raise ValueError(
                f"the paper has no Multi-TTA strategy for tau = {tau} (only {known}); "
                "give the group sizes to Strategy.uniform"
            )
        return cls.uniform(PAPER_GROUP_SIZES[tau])


def _checked_partition(number: int, groups: Iterable, inputs: int | None) -> Groups:
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


def aggregate(
    layers: Sequence[Callable[[Any], Any]], inputs: Sequence, strategy: Strategy
) -> Any:
    """Run f_1 .. f_H over τ augmented inputs of one sample under a strategy.

    layers: callables, one for each layer of the strategy; each maps one value
        to one value that can be added and divided (tensor, array, number).
    inputs: τ values (a list, or a tensor whose first dimension is τ).

    Returns the single output of the last layer (Eq. 2). Every layer is called
    once for each of its inputs. Raises ValueError when the numbers of layers
    or of inputs do not match the strategy.
    """
    if len(layers) != len(strategy.partitions):
        raise ValueError(
            f"the strategy has {len(strategy.partitions)} layers, "
            f"the model {len(layers)}"
        )
    if len(inputs) != strategy.tau:
        raise ValueError(
            f"the strategy needs {strategy.tau} augmented inputs, got {len(inputs)}"
        )
    outputs = list(inputs)
    for layer, groups in zip(layers, strategy.partitions, strict=True):
        results = [layer(value) for value in outputs]
        outputs = [_mean([results[j] for j in group]) for group in groups]
    return outputs[0]


def _mean(values: list[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)


class GroupMeans:
    """Means over groups of a layer's outputs, which arrive piece by piece.

    The part of Eq. 2 that `aggregate` does after a layer, for outputs that are
    too many to hold at once, and for several strategies: a group that they share
    is averaged once.
    """

    def __init__(self, groups: Iterable[tuple[int, ...]]) -> None:
        self._sums: dict[tuple[int, ...], Any] = dict.fromkeys(groups)
        self._missing = {group: len(group) for group in self._sums}

    def add(
        self, first: int, outputs: torch.Tensor
    ) -> dict[tuple[int, ...], torch.Tensor]:
        """Take the outputs with indices `first`, `first` + 1, ...: (n, ...).

        Returns the means, (...), of the groups that are complete with them.
        """
        complete = {}
        indices = range(first, first + len(outputs))
        for group, total in list(self._sums.items()):
            rows = [index - first for index in group if index in indices]
            if not rows:
                continue
            part = outputs[rows].sum(0) if len(rows) > 1 else outputs[rows[0]]
            total = part if total is None else total + part
            self._missing[group] -= len(rows)
            if self._missing[group]:
                self._sums[group] = total
            else:
                complete[group] = total / len(group)
                del self._sums[group]
        return complete


@dataclass(frozen=True)
class GridPoint:
    """One point of Figure 4: a method, and its uniform two-layer strategy.

    Each output of the middle layer h_E averages `middle_size` views; the output
    layer averages `output_size` of those.
    """

    method: str
    middle_size: int
    output_size: int

    @property
    def name(self) -> str:
        """A name for files: `tta-10`, `mid-tta-10`, `multi-tta-10`."""
        return f"{self.method.lower()}-{self.middle_size * self.output_size}"

    @property
    def strategy(self) -> Strategy:
        """The strategy for (h_E, output)."""
        return Strategy.uniform((self.middle_size, self.output_size))


def grid_points(taus: Iterable[int], multi: Iterable[Sequence[int]]) -> list[GridPoint]:
    """The points of Figure 4, method by method, `taus` in their order.

    taus: numbers of views of conventional and of Mid-TTA.
    multi: (middle size, output size) of each Multi-TTA point.
    """
    taus = list(taus)
    return [
        *(GridPoint("TTA", 1, tau) for tau in taus),
        *(GridPoint("Mid-TTA", tau, 1) for tau in taus),
        *(GridPoint("Multi-TTA", middle, output) for middle, output in multi),
    ]
