"""Augmentations of audio, text and audio-text pairs, and the recipes of them.

The names below are imported when they are asked for: settings and recipes are read
without torch, which takes seconds to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflow_src.augment.pairmix import PairMix

_HOMES = {"PairMix": "pairmix"}

__all__ = ["PairMix"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
