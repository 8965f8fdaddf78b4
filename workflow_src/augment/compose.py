"""Augmentations one after the other."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch


class Compose:
    """Applies augmentations in the order in which they are given.

        >>> import torch
        >>> from workflow_src.audio.frontend import PannsLogMel
        >>> from workflow_src.augment import Compose, Noise, Reverb, SpecAugment
        >>> augment = Compose([Reverb(), Noise(), PannsLogMel(), SpecAugment()])
        >>> waveforms = torch.rand(2, 32_000) - 0.5
        >>> augment(waveforms, torch.Generator().manual_seed(1)).shape
        torch.Size([2, 101, 64])

    Args:
        transforms: callables of one value. Those that have an argument `generator`,
            as all augmentations here do, draw from the same stream in turn; others,
            such as a front end, are given the value alone.
    """

    def __init__(self, transforms: Sequence[Callable[..., Any]]) -> None:
        self.transforms = tuple(transforms)

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"

    def __call__(self, value: Any, generator: torch.Generator | None = None) -> Any:
        """Applies all; `generator` None draws from torch's default one."""
        for transform in self.transforms:
            if _draws(transform):
                value = transform(value, generator=generator)
            else:
                value = transform(value)
        return value


def _draws(transform: Callable[..., Any]) -> bool:
    """Whether a callable has an argument `generator`."""
    try:
        return "generator" in inspect.signature(transform).parameters
    except ValueError:  # some built-in functions have no signature to read
        return False
