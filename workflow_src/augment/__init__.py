"""Augmentations of audio, text and audio-text pairs, and the recipes of them."""

from workflow_src.augment.pairmix import PairMix

__all__ = ["PairMix"]
