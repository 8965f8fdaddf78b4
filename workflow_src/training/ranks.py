"""One training on several GPUs: what its processes, the ranks, share and exchange.

All ranks make the same mini-batch from the same plan, and each learns from its part of
it. The gradients are averaged, so that all ranks take the same step: that of one
process with the whole mini-batch, to the rounding of its numbers. Only dropout differs,
which each rank draws for its own samples.

The first rank alone validates and writes. What it says is all that is said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from workflow_src import progress
from workflow_src.augment.generators import seed_from
from workflow_src.device import prepare, prepare_rank
from workflow_src.errors import InputError
from workflow_src.training.launch import is_rank

# Ranks wait for the first one's validation, which may score captions for an hour. One
# that died is noticed at once, whatever this is.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Ranks:
    """This process among those of its training.

    Attributes:
        number: of this one, from 0.
        count: of all.
    """

    number: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that validates, writes and speaks."""
        return self.number == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other."""
        return self.count == 1

    @property
    def environment(self) -> dict[str, str]:
        """For the record of a run."""
        return {} if self.alone else {"gpus": str(self.count)}

    def share(self, samples: int) -> range:
        """The samples of a mini-batch that this rank learns from.

        Raises:
            InputError: the ranks' parts would differ in size.
        """
        if samples % self.count:
            raise InputError(
                f"training.gpus is {self.count}, which does not divide the batch_size "
                f"of {samples}"
            )
        size = samples // self.count
        return range(self.number * size, (self.number + 1) * size)

    def gathered(self, own: Tensor) -> Tensor:
        """The rows of all ranks, (count x b, ...), of each rank's (b, ...).

        The gradient is this rank's rows of it, times the number of ranks: for a loss
        that every rank computes from all rows, and gradients that are averaged then.
        """
        if self.alone:
            return own
        gathered: Tensor = _Gathered.apply(own, self)  # type: ignore[no-untyped-call]
        return gathered

    def average(self, parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
        """Average the gradients of all ranks, and their losses, which it gives."""
        if self.alone:
            return loss
        gradients = [own.grad for own in parameters if own.grad is not None]
        # In one piece: hundreds of small messages would take longer than large ones.
        whole = torch.cat([*(own.flatten() for own in gradients), loss.detach()[None]])
        dist.all_reduce(whole)
        whole /= self.count
        *parts, mean = whole.split([*(own.numel() for own in gradients), 1])
        for own, part in zip(gradients, parts, strict=True):
            own.copy_(part.view_as(own))
        of_all: Tensor = mean[0]
        return of_all

    def wait(self) -> None:
        """Wait until every rank is here; on the CPU, whatever the device."""
        if not self.alone:
            dist.all_reduce(torch.zeros(1))

    def seed_dropout(self, seed: int, epoch: int, step: int) -> None:
        """Give each rank dropout of its own.

        The first one goes on with the random numbers of its checkpoint, as a training
        alone does. The others begin anew at each step: nothing of theirs has to be kept
        for a training to resume.
        """
        if not self.first:
            torch.manual_seed(seed_from(seed, "rank", self.number, epoch, step))


ALONE = Ranks()


class _Gathered(torch.autograd.Function):
    """`Ranks.gathered`."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, ranks: Ranks) -> Tensor:
        ctx.ranks, ctx.rows = ranks, len(own)
        parts = [torch.empty_like(own) for _ in range(ranks.count)]
        dist.all_gather(parts, own.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        first = ctx.ranks.number * ctx.rows
        own = gradients[0][first : first + ctx.rows]
        return own * ctx.ranks.count, None


def join(count: int, device: str, threads: int | None) -> tuple[Ranks, torch.device]:
    """Take this process's place in its training, and the device of it.

    Args:
        count: `training.gpus`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU, of each process.

    Raises:
        InputError: torchrun started another number of processes, or what `prepare`
            raises.
    """
    started = int(os.environ["WORLD_SIZE"]) if is_rank() else 1
    if started != count:
        raise InputError(
            f"training.gpus is {count}, but torchrun started {started} "
            f"process{'es' if started > 1 else ''} of this training"
        )
    if count == 1:
        return ALONE, prepare(device, threads)
    on = prepare_rank(device, threads, int(os.environ["LOCAL_RANK"]))
    # gloo is for what waits on the CPU.
    backend = "gloo" if on.type == "cpu" else "cpu:gloo,cuda:nccl"
    if not dist.is_initialized():
        dist.init_process_group(
            backend, timeout=PATIENCE, device_id=None if on.type == "cpu" else on
        )
    ranks = Ranks(dist.get_rank(), count)
    if not ranks.first:
        progress.be_silent()
    return ranks, on
