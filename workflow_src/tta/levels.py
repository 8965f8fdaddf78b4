"""Eq. 2 itself: values pass the layers and are averaged in groups on their way.

Everything that averages views goes through here: `aggregate`, the wrappers around
a user's model, and the workflow's evaluation, which follows several strategies at
once and computes whatever they share once.

A value has a key: a view its index, a mean the tuple of the keys that it is the
mean of. Two strategies share a mean exactly where the keys are equal.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

from workflow_src.errors import InputError
from workflow_src.tta.strategy import Strategy

Group = tuple[Hashable, ...]
# Some keys and their values, in the same order: a list, or a tensor of as many rows.
Piece = tuple[Sequence[Hashable], Any]
# A layer on several values at once: as many outputs, in the same order.
ManyLayer = Callable[[list[Any]], Any]

ORIGINAL = -1  # key of the un-augmented input, beside views 0, 1, ...


def aggregate(
    layers: Sequence[Callable[[Any], Any]], inputs: Sequence[Any], strategy: Strategy
) -> Any:
    """Runs f_1 .. f_H over τ augmented inputs of one sample under a strategy.

    Args:
        layers: callables, one for each layer of the strategy; each maps one value
            to one value that can be added and divided (tensor, array, number).
        inputs: τ values (a list, or a tensor whose first dimension is τ).
        strategy: where to average.

    Returns:
        The single output of the last layer (Eq. 2). Every layer is called once for
        each of its inputs.

    Raises:
        InputError: the numbers of layers or of inputs do not match the strategy.
    """
    check_layers(strategy, len(layers))
    if len(inputs) != strategy.tau:
        raise InputError(
            f"the strategy needs {strategy.tau} augmented inputs, got {len(inputs)}"
        )
    first, *rest = map(one_by_one, layers)
    views = (([index], [inputs[index]]) for index in range(strategy.tau))
    return multi_level(run_layer(first, views), rest, [strategy])[strategy]


def check_layers(strategy: Strategy, layers: int) -> None:
    """Refuses a strategy for another number of layers than the model has."""
    if layers != len(strategy.partitions):
        raise InputError(
            f"the strategy has {len(strategy.partitions)} layers, the model {layers}"
        )


def multi_level(
    first: Iterable[Piece],
    layers: Sequence[ManyLayer],
    strategies: Sequence[Strategy],
    *,
    include_original: bool = False,
    size: int = 1,
) -> dict[Strategy, Any]:
    """The output of Eq. 2 under each strategy.

    Args:
        first: outputs of f_1, in pieces, for every view that a strategy reads, and
            for `ORIGINAL` where that is included. They are not kept.
        layers: f_2 .. f_H.
        strategies: of H layers.
        include_original: average half and half with the output of the un-augmented
            input (Section 4.3).
        size: most values that a layer gets at once.

    Raises:
        InputError: a strategy has another number of layers.
    """
    for strategy in strategies:
        check_layers(strategy, 1 + len(layers))
    found = means_at(
        first, layers, strategies, include_original=include_original, size=size
    )
    outputs = {}
    for strategy in strategies:
        outputs[strategy] = found[groups_by_view(strategy)[-1][0]]
        if include_original:
            original = found[_original(1 + len(layers))]
            outputs[strategy] = (original + outputs[strategy]) / 2
    return outputs


def means_at(
    first: Iterable[Piece],
    layers: Sequence[ManyLayer],
    strategies: Sequence[Strategy],
    *,
    include_original: bool = False,
    size: int = 1,
) -> dict[Hashable, Any]:
    """The means that strategies have at layer 1 + len(layers), by their keys.

    Arguments as for `multi_level`; the strategies may have further layers.
    """
    groups = [
        groups_at(strategies, level, include_original)
        for level in range(1, len(layers) + 2)
    ]
    pieces = group_means(first, groups[0])
    for layer, own in zip(layers, groups[1:], strict=True):
        pieces = group_means(run_layer(layer, pieces, size), own)
    found: dict[Hashable, Any] = {}
    for keys, means in pieces:
        found.update(zip(keys, means, strict=True))
    return found


def run_layer(
    layer: ManyLayer, pieces: Iterable[Piece], size: int = 1
) -> Iterator[Piece]:
    """Runs a layer on values as they come, at most `size` at once."""
    keys: list[Hashable] = []
    values: list[Any] = []
    for some_keys, some_values in pieces:
        keys += some_keys
        values += some_values
        while len(keys) >= size:
            yield keys[:size], layer(values[:size])
            del keys[:size], values[:size]
    if keys:
        yield keys, layer(values)


def group_means(pieces: Iterable[Piece], groups: Iterable[Group]) -> Iterator[Piece]:
    """The means over groups of values, each as soon as its last value came."""
    means = GroupMeans(groups)
    for keys, values in pieces:
        complete = means.add(keys, values)
        yield list(complete), list(complete.values())


class GroupMeans:
    """Means over groups of values that arrive piece by piece.

    Only sums are kept, so that more values than memory holds can be averaged.

    Args:
        groups: the keys in each; a value may be in several groups.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        self._sums: dict[Group, Any] = dict.fromkeys(groups)
        self._missing = {group: len(group) for group in self._sums}

    def add(self, keys: Sequence[Hashable], values: Any) -> dict[Group, Any]:
        """Takes some values; returns the means of the groups complete with them."""
        complete = {}
        rows = {key: row for row, key in enumerate(keys)}
        for group, total in list(self._sums.items()):
            own = [rows[key] for key in group if key in rows]
            if not own:
                continue
            part = _sum(values, sorted(own))
            total = part if total is None else total + part
            self._missing[group] -= len(own)
            if self._missing[group]:
                self._sums[group] = total
            else:
                complete[group] = total / len(group)
                del self._sums[group]
        return complete


def _sum(values: Any, rows: list[int]) -> Any:
    """The sum of some of the values; `rows` ascend."""
    if len(rows) == 1:
        return values[rows[0]]
    if isinstance(values, list | tuple):
        return reduce(operator.add, (values[row] for row in rows))
    # A slice, where there is one, needs no copy of the indices to a GPU.
    adjoin = rows[-1] - rows[0] == len(rows) - 1
    return values[slice(rows[0], rows[-1] + 1) if adjoin else rows].sum(0)


def one_by_one(layer: Callable[[Any], Any]) -> ManyLayer:
    """A layer that is called once for each value."""
    return lambda values: [layer(value) for value in values]


def groups_by_view(strategy: Strategy) -> list[list[Group]]:
    """The groups of each layer, their members named by what they are made of."""
    layers: list[list[Group]] = []
    keys: Sequence[Hashable] = range(strategy.tau)
    for groups in strategy.partitions:
        layers.append([tuple(keys[index] for index in group) for group in groups])
        keys = layers[-1]
    return layers


def groups_at(
    strategies: Iterable[Strategy], level: int, include_original: bool
) -> list[Group]:
    """The distinct groups at a layer (from 1) of any of the strategies."""
    groups = dict.fromkeys([_original(level)] if include_original else [])
    for strategy in strategies:
        groups |= dict.fromkeys(groups_by_view(strategy)[level - 1])
    return list(groups)


def members(strategy: Strategy, include_original: bool) -> list[Hashable]:
    """Keys of the values that the last layer reads: the original comes first."""
    layers = len(strategy.partitions)
    own = list(groups_by_view(strategy)[-1][0])
    return ([_original(layers - 1)] if include_original else []) + own


def weights(strategy: Strategy, include_original: bool) -> list[float]:
    """The weight of each of `members` in the output; their sum is 1.

    Stabilising gives half of it to the un-augmented input (Section 4.3).
    """
    count = len(strategy.partitions[-1][0])
    if not include_original:
        return [1 / count] * count
    return [0.5] + [0.5 / count] * count


def _original(level: int) -> Any:
    """Key of what the un-augmented input has become at a layer; 0: the input."""
    key: Any = ORIGINAL
    for _ in range(level):
        key = (key,)
    return key
