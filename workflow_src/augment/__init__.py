"""Augmentations of audio, text and audio-text pairs, and the recipes of them.

The public names are imported when they are first asked for: the settings of the
augmentations are read without torch, which takes seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow_src.augment.compose import Compose
    from workflow_src.augment.pairmix import PairMix
    from workflow_src.augment.spectrogram import SpecAugment
    from workflow_src.augment.text import EDA
    from workflow_src.augment.waveform import Noise, Reverb

__all__ = ["EDA", "Compose", "Noise", "PairMix", "Reverb", "SpecAugment"]

_MODULES = {
    "EDA": "text",
    "Compose": "compose",
    "Noise": "waveform",
    "PairMix": "pairmix",
    "Reverb": "waveform",
    "SpecAugment": "spectrogram",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
