"""Many small arrays in one piece of memory: sent to a device by a single copy.

A training step needs a dozen of them: row numbers, weights, masks, words. Copied one
by one from ordinary memory, each would make the host wait for the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

ALIGNMENT = 16  # bytes; a view as another type has to begin at a multiple of its size


def empty_on_host(
    shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    """Memory of the host to copy from: page-locked where the device is a GPU.

    torch keeps page-locked memory that was freed, and gives it out again once the
    copies from it are done.
    """
    return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")


@dataclass(frozen=True)
class Parcel:
    """Packed arrays on the host.

    Attributes:
        content: (bytes,) uint8.
        layout: name -> type, shape and first byte.
    """

    content: Tensor
    layout: dict[str, tuple[torch.dtype, tuple[int, ...], int]]

    @classmethod
    def pack(cls, arrays: Mapping[str, Tensor], device: torch.device) -> Parcel:
        """Copies arrays that lie on the CPU into one piece, for a device."""
        layout, end = {}, 0
        for name, array in arrays.items():
            layout[name] = (array.dtype, tuple(array.shape), end)
            end += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
        parcel = cls(empty_on_host((end,), torch.uint8, device), layout)
        for name, view in parcel.unpack(parcel.content).items():
            view.copy_(arrays[name])
        return parcel

    def to(self, device: torch.device) -> dict[str, Tensor]:
        """Sends all arrays, and gives them as views of what arrives."""
        return self.unpack(self.content.to(device, non_blocking=True))

    def unpack(self, content: Tensor) -> dict[str, Tensor]:
        """Views of the arrays in `content`, which is laid out as this parcel."""
        arrays = {}
        for name, (dtype, shape, first) in self.layout.items():
            size = prod(shape) * dtype.itemsize
            arrays[name] = content[first : first + size].view(dtype).view(shape)
        return arrays
