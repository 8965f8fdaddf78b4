"""What a piece of work costs, counted by running it: FLOP, bytes, launches.

The counts come from the operations that PyTorch runs, so from the code itself and not
from a formula about it. The bytes are those of every operation's inputs and outputs: as
if nothing stayed in a cache from one operation to the next, and nothing was fused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

MATRIX = 2048  # rows and columns of the product that is timed
COPIED = 64 * 2**20  # bytes of the copy that is timed


@dataclass(frozen=True)
class Cost:
    """What some work costs on any device.

    Attributes:
        flop: of products and convolutions; a multiplication with its sum counts two.
        bytes: read and written by all operations.
        launches: operations that are no mere views: a GPU starts a kernel for each.
    """

    flop: float
    bytes: float
    launches: int

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.flop - other.flop,
            self.bytes - other.bytes,
            self.launches - other.launches,
        )


@dataclass(frozen=True)
class Speeds:
    """What a device does in a second, measured.

    Attributes:
        flop: of a large matrix product.
        bytes: read and written by a large copy.
        launch: seconds of an operation on almost nothing.
    """

    flop: float
    bytes: float
    launch: float

    def predict(self, cost: Cost) -> float:
        """Seconds of some work: its products, its other traffic and its launches.

        The sum, as if nothing overlapped: so the model errs on the slow side where a
        device computes while it reads.
        """
        return (
            cost.flop / self.flop
            + cost.bytes / self.bytes
            + cost.launches * self.launch
        )


class _Traffic(TorchDispatchMode):
    """Counts operations and the bytes of their tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.launches = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        given = _tensors((args, kwargs))
        held = {own.untyped_storage()._cdata for own in given}
        new = [
            own for own in _tensors(made) if own.untyped_storage()._cdata not in held
        ]
        in_place = func._schema.is_mutable
        if new or in_place:
            self.launches += 1
            self.bytes += sum(own.nbytes for own in (*given, *new))
            if in_place:
                self.bytes += given[0].nbytes if given else 0
        return made


def _tensors(value: Any) -> list[Tensor]:
    return [own for own in tree_leaves(value) if isinstance(own, Tensor)]


def count(work: Callable[[], object]) -> Cost:
    """Run some work once and count what it costs."""
    with FlopCounterMode(display=False) as flop, _Traffic() as traffic:
        work()
    return Cost(flop.get_total_flops(), traffic.bytes, traffic.launches)


def speeds(
    time: Callable[[Callable[[], object]], float],
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> Speeds:
    """Measure what a device does in a second.

    Args:
        time: gives the seconds of some work.
        device: that is measured.
        dtype: of the matrix product.
    """
    one = torch.randn(MATRIX, MATRIX, device=device).to(dtype)
    product = time(lambda: one @ one)
    source = torch.empty(COPIED, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copy = time(lambda: target.copy_(source))
    tiny = torch.zeros(1, device=device)
    times = 1000

    def launch() -> None:
        for _ in range(times):
            tiny.add_(1)

    return Speeds(2 * MATRIX**3 / product, 2 * COPIED / copy, time(launch) / times)
