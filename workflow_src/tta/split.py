"""A module as a chain of layers, cut where a submodule ends."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from workflow_src.errors import InputError


@dataclass(frozen=True)
class _Cut:
    """What a submodule gave.

    Attributes:
        rows: of the module's input.
        output: as it was.
        tensor: the one in it.
    """

    rows: int
    output: Any
    tensor: Tensor

    def inputs(self, means: Tensor, rows: int) -> int:
        """How many inputs of some rows go with `means` in place of the tensor."""
        return max(1, self.rows * len(means) // (len(self.tensor) * rows))


class SplitModule:
    """The layers of a module up to a submodule's output, and from there on.

    The first layer runs the module on a view and stops when the submodule has
    given its output. The next one runs the module on the un-augmented input, with
    the averaged output in the place of the submodule, whose `forward` does not
    run. So

    - the module takes one tensor (B, ...), and each submodule named runs once, in
      the order of the names;
    - a submodule gives a tensor, or a tuple, list, dict or `ModelOutput` with one
      tensor in it; dimension 0 is that of the input where values are batched;
    - the module's own output is one tensor, or the same;
    - what goes around a submodule (a skip connection, a second input) is that of
      the un-augmented input from there on;
    - the module runs eagerly: neither compiled nor spread over devices by a
      wrapper. It is not for several threads at once, since the submodule is
      replaced while the rest runs.

    Args:
        module: the model.
        names: of submodules, as `module.get_submodule` takes them.

    Raises:
        InputError: a name is no submodule.
    """

    def __init__(self, module: nn.Module, names: Sequence[str]) -> None:
        self.module = module
        self.names = list(names)
        known = dict(module.named_modules(remove_duplicate=False))
        for name in names:
            if not name or name not in known:
                children = ", ".join(child for child, _ in module.named_children())
                raise InputError(
                    f"{type(module).__name__} has no submodule {name!r}; it begins "
                    f"with {children}"
                )
        self._parts = [known[name] for name in names]

    def __len__(self) -> int:
        """Number of layers: one more than there are cuts."""
        return len(self.names) + 1

    def layers(self, original: Tensor) -> list[Callable[[Tensor], Tensor]]:
        """The layers for one input (B, ...), which later layers run on again.

        Each raises InputError where the module is not as the class asks.
        """
        kept: list[_Cut | None] = [None] * len(self.names)
        return [
            partial(self._run, layer, original=original, kept=kept)
            for layer in range(len(self))
        ]

    def _run(
        self, layer: int, value: Tensor, original: Tensor, kept: list[_Cut | None]
    ) -> Tensor:
        if layer == 0:
            kept[0] = cut = self._until(0, value)
            return cut.tensor
        before = kept[layer - 1]
        if before is None:
            raise InputError("the layers of a split module run in their order")
        inputs = torch.cat([original] * before.inputs(value, len(original)))
        with self._replaced(layer - 1, rebuild(before.output, value)):
            if layer == len(self.names):
                return only_tensor(self.module(inputs), type(self.module).__name__)
            kept[layer] = cut = self._until(layer, inputs)
            return cut.tensor

    def _until(self, number: int, inputs: Tensor) -> _Cut:
        """Runs the module until a submodule has given its output."""
        name, found = self.names[number], []

        def stop(_: nn.Module, __: Any, output: Any) -> None:
            found.append(_Cut(len(inputs), output, only_tensor(output, name)))
            raise _ReachedError

        handle = self._parts[number].register_forward_hook(stop)
        try:
            self.module(inputs)
        except _ReachedError:
            return found[0]
        finally:
            handle.remove()
        raise self._never_ran(number)

    @contextmanager
    def _replaced(self, cut: int, output: Any) -> Iterator[None]:
        """Gives `output` instead of running a submodule."""
        part, calls = self._parts[cut], 0

        def give(*_: Any, **__: Any) -> Any:
            nonlocal calls
            calls += 1
            return output

        before = vars(part).get("forward")
        part.forward = give
        try:
            yield
        finally:
            del part.forward
            if before is not None:
                part.forward = before
        if calls == 0:
            raise self._never_ran(cut)
        if calls > 1:
            raise InputError(
                f"{self.names[cut]} runs {calls} times in one pass of "
                f"{type(self.module).__name__}; split_at needs one that runs once"
            )

    def _never_ran(self, number: int) -> InputError:
        return InputError(
            f"{self.names[number]} does not run in a pass of "
            f"{type(self.module).__name__}, or not in the order of split_at"
        )


class _ReachedError(Exception):
    """The submodule has given its output; nothing after it needs to run."""


def only_tensor(output: Any, name: str) -> Tensor:
    """The output itself, or the one tensor in it.

    Raises:
        InputError: there is another number of tensors.
    """
    if isinstance(output, Tensor):
        return output
    items = output.values() if isinstance(output, Mapping) else output
    if not isinstance(output, Mapping | tuple | list):
        items = []
    found = [item for item in items if isinstance(item, Tensor)]
    if len(found) != 1:
        raise InputError(
            f"{name} gives {type(output).__name__} with {len(found)} tensors; "
            "Multi-TTA averages a single one"
        )
    return found[0]


def rebuild(output: Any, tensor: Tensor) -> Any:
    """What `only_tensor` took its tensor from, with another one in its place."""
    if isinstance(output, Tensor):
        return tensor
    if isinstance(output, Mapping):
        changed: Any = copy.copy(output)
        for key, item in output.items():
            if isinstance(item, Tensor):
                changed[key] = tensor
        return changed
    items = [tensor if isinstance(item, Tensor) else item for item in output]
    if hasattr(output, "_fields"):  # a named tuple
        return type(output)(*items)
    return type(output)(items)
