"""BatchNorm over the mini-batch of all ranks, not over a rank's part of it."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from workflow_src.training.ranks import Ranks


def normalise_over_all(
    model: nn.Module, ranks: Ranks, device: torch.device
) -> nn.Module:
    """Let the BatchNorm layers of a model see the samples of all ranks.

    Parameters, buffers and their names stay: the model's weights are those of any
    training.

    Args:
        model: its layers are replaced in place.
        ranks: of the training.
        device: of the model: torch's own SyncBatchNorm is for GPUs only.
    """
    if ranks.alone:
        return model
    if device.type == "cuda":
        own: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return own
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, GatheredBatchNorm.of(layer, ranks))
    return model


class GatheredBatchNorm(_BatchNorm):
    """BatchNorm with the statistics, and their gradients, of all ranks.

    For parts of the same size, and on any device: two averages over the ranks forward,
    and two back. In evaluation it is what it replaces.
    """

    ranks: Ranks

    @classmethod
    def of(cls, layer: _BatchNorm, ranks: Ranks) -> GatheredBatchNorm:
        """Make one that shares the parameters and the buffers of a layer."""
        own = cls(layer.num_features, layer.eps, layer.momentum)
        own.weight, own.bias = layer.weight, layer.bias
        own.running_mean, own.running_var = layer.running_mean, layer.running_var
        own.num_batches_tracked = layer.num_batches_tracked
        own.ranks = ranks
        return own.train(layer.training)

    def _check_input_dim(self, input: Tensor) -> None:
        """Any (B, channels, ...)."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, channels, ...) -> the same shape."""
        if not self.training:
            normalised: Tensor = super().forward(input)
            return normalised
        axes = [0, *range(2, input.ndim)]
        spread = (1, -1, *(1 for _ in axes[1:]))
        mean = self._average(input.mean(axes))
        centred = input - mean.view(spread)
        variance = self._average(centred.square().mean(axes))
        self._track(mean, variance, self.ranks.count * input.numel() // len(mean))
        scale = self.weight * (variance + self.eps).rsqrt()
        return centred * scale.view(spread) + self.bias.view(spread)

    def _average(self, own: Tensor) -> Tensor:
        count = self.ranks.count
        average: Tensor = _Average.apply(own, count)  # type: ignore[no-untyped-call]
        return average

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, values: int) -> None:
        """Move the running statistics towards those of a mini-batch, as BatchNorm."""
        momentum = self.momentum or 0.0
        if self.running_mean is not None and self.running_var is not None:
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * (values / (values - 1)), momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1


class _Average(torch.autograd.Function):
    """Mean over the ranks; so is its gradient."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, count: int) -> Tensor:
        ctx.count = count
        return _mean(own, count)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _mean(gradients[0], ctx.count), None


def _mean(own: Tensor, count: int) -> Tensor:
    whole = own.clone()
    dist.all_reduce(whole)
    return whole / count
