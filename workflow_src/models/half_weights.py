"""Weights at a third of their size, to ship with the repository.

Matrices are rounded to half precision: a relative error of at most 2^-11, 0.05 %, and
of 3e-8 near zero. Vectors (biases, norms and their statistics) stay as they are, and so
do matrices with values that half precision does not hold. What comes out is packed
without loss; safetensors hold numbers and no code.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from workflow_src.errors import InputError
from workflow_src.files import write_atomically

# Two bytes a number: packing takes the first, which hold sign and exponent and differ
# little, and the second, which look random, as two streams.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 1, "lp": 1, "pb": 1}]


def write_half(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write weights with their matrices in half precision; equal ones as equal bytes.

    Args:
        weights: name -> tensor.
        path: is replaced.
    """
    from safetensors.torch import save

    content = save({name: _halved(tensor) for name, tensor in weights.items()})
    packed = lzma.compress(content, format=lzma.FORMAT_XZ, filters=FILTERS)
    write_atomically(path, packed)


def read_half(path: Path) -> dict[str, Tensor]:
    """Read what `write_half` wrote, as float32.

    Raises:
        InputError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        weights = load(lzma.decompress(path.read_bytes()))
    except (OSError, EOFError, lzma.LZMAError, SafetensorError) as error:
        raise InputError(f"{path} is no whole file of weights: {error}") from None
    return {
        name: tensor.float() if tensor.dtype == torch.float16 else tensor
        for name, tensor in weights.items()
    }


def _halved(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.float32 and tensor.dim() > 1:
        half = tensor.half()
        if torch.isfinite(half).all():
            tensor = half
    # Tensors that share memory cannot be saved so: each gets its own.
    return tensor.clone(memory_format=torch.contiguous_format)
