"""How the products of a model are computed on its device: precision and compiler."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import nn

from workflow_src.training.settings import TrainingOptions

# Words or WordPieces of a mini-batch, padded; beyond, in steps of the last one.
WIDTHS = (16, 24, 32, 48, 64)


def padded_width(width: int) -> int:
    """The least of a few widths that is no smaller, for layers that are compiled."""
    fitting = [own for own in WIDTHS if own >= width]
    return fitting[0] if fitting else -(-width // WIDTHS[-1]) * WIDTHS[-1]


@dataclass(frozen=True)
class Compute:
    """What `auto` comes to on a device.

    Attributes:
        device: of the training.
        precision: of the model's products.
        compiled: whether its layers are compiled.
    """

    device: torch.device
    precision: Literal["fp32", "bf16"]
    compiled: bool

    @classmethod
    def of(cls, options: TrainingOptions, device: torch.device) -> Self:
        """Decides for a device, and turns TF32 off: fp32 means fp32."""
        torch.backends.cuda.matmul.fp32_precision = "ieee"
        torch.backends.cudnn.conv.fp32_precision = "ieee"  # else TF32
        on_gpu = device.type == "cuda"
        precision = options.precision
        if precision == "auto":
            fast = on_gpu and torch.cuda.get_device_capability(device) >= (8, 0)
            precision = "bf16" if fast else "fp32"
        compiled = options.compile == "on" or (options.compile == "auto" and on_gpu)
        return cls(device, precision, compiled)

    @property
    def environment(self) -> dict[str, str]:
        """For the record of a run."""
        return {
            "precision": self.precision,
            "compiled": "yes" if self.compiled else "no",
        }

    def autocast(self) -> AbstractContextManager[object]:
        """Runs the products of a model in the precision; weights stay fp32."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def compile(self, layers: list[nn.Module]) -> None:
        """Compiles layers in place, where layers are compiled: alike ones once.

        A layer keeps its name and its parameters; what is called is `layer(...)`.
        """
        if self.compiled:
            for layer in layers:
                layer.compile(dynamic=False)
