"""Multi-TTA around anybody's model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from workflow_src.augment.generators import or_default
from workflow_src.errors import InputError
from workflow_src.tta.levels import (
    ORIGINAL,
    ManyLayer,
    Piece,
    check_layers,
    multi_level,
    one_by_one,
    run_layer,
)
from workflow_src.tta.split import SplitModule
from workflow_src.tta.strategy import Strategy

Layer = Callable[[Any], Any]
# A chain of layers, or a model that is one: see `MultiTTA`.
Layers = Layer | Sequence[Layer]
# (input, generator) -> one augmented view of it, new memory.
Augment = Callable[[Any, torch.Generator], Any]


class MultiTTA:
    """A model whose outputs are averaged over augmented views, in its middle too.

    τ views of an input pass layer 1, are averaged in groups of `group_sizes[0]`,
    the means pass layer 2, and so on; the last size counts what is averaged at the
    output (Eq. 2). The paper's best is (5, 20): 100 views, averaged by fives at the
    end of the encoder, and 20 predictions.

        >>> import torch
        >>> from workflow_src.augment import Noise
        >>> from workflow_src.tta import MultiTTA
        >>> encoder, head = torch.nn.Linear(800, 8), torch.nn.Linear(8, 3)
        >>> seeded = torch.Generator().manual_seed(1)
        >>> model = MultiTTA([encoder, head], Noise(), (2, 5), generator=seeded)
        >>> model(torch.rand(1, 800)).shape
        torch.Size([1, 3])

    Put the model into evaluation mode before; gradients are not kept.

    Args:
        layers: f_1 .. f_H, one for each group size. A list of callables, each on
            the output of the one before; an `nn.Sequential`, whose modules they
            are; with `split_at` any `nn.Module`; or one callable, H = 1.
        augment: (input, generator) -> a view of the input, of the same shape. It
            must leave the input as it is. All augmentations of this package fit,
            and a `Compose` of them.
        group_sizes: number of values in each group, layer by layer; or a `Strategy`
            for groups of different sizes.
        include_original: stabilise: the output is (model(input) + output of
            Eq. 2) / 2 (Section 4.3).
        split_at: for an `nn.Module`: the name of the submodule where the first
            layer ends, or several in the order in which they run. The rest of the
            model runs with the averaged output of that submodule in its place. What
            that asks of the module: see `SplitModule`.
        batch_size: None calls layers once for each value, whatever a value is. A
            number says that values are tensors whose dimension 0 is the batch, as
            usual, and runs as many together as fit: at most so many rows, but at
            least the rows of one input. The result is the same, but for rounding.
        generator: of all views, in turn; None takes torch's default generator.

    Raises:
        InputError: there are not as many layers as group sizes, or `split_at` names
            no submodule.
    """

    def __init__(
        self,
        layers: Layers,
        augment: Augment,
        group_sizes: Sequence[int] | Strategy = (5, 20),
        include_original: bool = True,
        *,
        split_at: str | Sequence[str] | None = None,
        batch_size: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        self.layers = chain(layers, split_at)
        self.augment = augment
        self.strategy = strategy_of(group_sizes)
        check_layers(self.strategy, len(self.layers))
        self.include_original = include_original
        self.batch_size = checked_batch_size(batch_size)
        self.generator = generator

    @torch.no_grad()
    def __call__(self, value: Any) -> Any:
        """One input, as the first layer takes it -> the averaged output.

        Raises:
            InputError: with a batch size: values are no tensors, or a layer changes
                the number of rows; with `split_at`: see `SplitModule`.
        """
        layers, rows = self.layers, 1
        if isinstance(layers, SplitModule):
            layers = layers.layers(value)
        if self.batch_size is not None:
            rows = rows_of(value)
        first, *rest = (batched(layer, self.batch_size, rows) for layer in layers)
        size = max(1, (self.batch_size or 1) // rows)
        stream = views(
            value,
            self.augment,
            self.strategy.tau,
            self.include_original,
            or_default(self.generator),
        )
        outputs = multi_level(
            run_layer(first, stream, size),
            rest,
            [self.strategy],
            include_original=self.include_original,
            size=size,
        )
        return outputs[self.strategy]


class TTA(MultiTTA):
    """Conventional test-time augmentation: the mean of the outputs of `tau` views.

    A special case of `MultiTTA`, whose other arguments it takes by name.
    """

    def __init__(
        self,
        layers: Layers,
        augment: Augment,
        tau: int = 10,
        include_original: bool = True,
        *,
        split_at: str | Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        count = len(chain(layers, split_at))
        strategy = Strategy.conventional(tau, count)
        super().__init__(
            layers, augment, strategy, include_original, split_at=split_at, **options
        )


class MidTTA(MultiTTA):
    """Mid-TTA: the outputs of layer `at` of `tau` views become one, and run on.

    A special case of `MultiTTA`, whose other arguments it takes by name.
    """

    def __init__(
        self,
        layers: Layers,
        augment: Augment,
        tau: int = 10,
        include_original: bool = True,
        *,
        at: int = 1,
        split_at: str | Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        count = len(chain(layers, split_at))
        strategy = Strategy.mid(tau, count, at)
        super().__init__(
            layers, augment, strategy, include_original, split_at=split_at, **options
        )


def chain(
    layers: Layers, split_at: str | Sequence[str] | None = None
) -> Sequence[Layer] | SplitModule:
    """The layers of whatever `MultiTTA` takes for them."""
    if split_at is not None:
        if not isinstance(layers, nn.Module):
            raise InputError("split_at names a submodule: layers must be one nn.Module")
        names = [split_at] if isinstance(split_at, str) else list(split_at)
        return SplitModule(layers, names)
    return as_list(layers)


def as_list(layers: Layers) -> list[Layer]:
    """A chain of callables as a list; one callable is a chain of one."""
    if isinstance(layers, nn.Sequential | Sequence):
        return list(layers)
    return [layers]


def strategy_of(group_sizes: Sequence[int] | Strategy) -> Strategy:
    """The strategy itself, or that of uniform groups."""
    if isinstance(group_sizes, Strategy):
        return group_sizes
    return Strategy.uniform(group_sizes)


def checked_batch_size(batch_size: int | None) -> int | None:
    """Refuses a batch size below 1."""
    if batch_size is not None and batch_size < 1:
        raise InputError(f"batch_size is at least 1, not {batch_size}")
    return batch_size


def views(
    value: Any,
    augment: Augment,
    count: int,
    include_original: bool,
    generator: torch.Generator,
) -> Iterator[Piece]:
    """The un-augmented input, if wanted, then views of it, made as they are asked."""
    if include_original:
        yield [ORIGINAL], [value]
    for index in range(count):
        yield [index], [augment(value, generator)]


def rows_of(value: Any) -> int:
    """B of an input (B, ...)."""
    shape = getattr(value, "shape", None)
    if not isinstance(value, torch.Tensor) or not shape:
        what = type(value).__name__ if shape is None else "a single number"
        raise InputError(f"batch_size needs an input that is a tensor (B, ...): {what}")
    return len(value)


def batched(layer: Layer, batch_size: int | None, rows: int) -> ManyLayer:
    """A layer on several values: one after the other, or (B, ...) each in one call."""
    if batch_size is None:
        return one_by_one(layer)

    def together(values: list[Any]) -> Any:
        output = layer(torch.cat(values))
        shape = getattr(output, "shape", ())
        if shape[:1] != (rows * len(values),):
            raise InputError(
                "batch_size needs layers that keep dimension 0, the batch: "
                f"{rows * len(values)} rows gave {tuple(shape)}"
            )
        return output.reshape(len(values), rows, *output.shape[1:])

    return together
