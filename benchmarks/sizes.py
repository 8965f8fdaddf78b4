"""How much of each thing is measured: little on a CPU, the paper's on a GPU."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Sizes:
    """Sizes of the bench. Models are of full size on both, but for the grid.

    Attributes:
        clips: in the stores.
        batch: samples in a mini-batch, by task.
        steps: optimizer steps that are timed together.
        encoded: clips in a batch of the encoders.
        searched: clips of the beam search.
        one_by_one: of these, clips of the reference search.
        views: τ of the Multi-TTA of one clip.
        grid: clips of the whole grid, with the demo's models.
        repeats: of each measurement.
    """

    clips: int
    batch: dict[str, int]
    steps: int
    encoded: int
    searched: int
    one_by_one: int
    views: tuple[int, int]
    grid: int
    repeats: int


CPU = Sizes(
    clips=8,
    batch={"captioning": 4, "retrieval": 4},
    steps=1,
    encoded=4,
    searched=16,
    one_by_one=2,
    views=(2, 5),
    grid=1,
    repeats=1,
)
GPU = Sizes(
    clips=1024,
    batch={"captioning": 32, "retrieval": 64},
    steps=50,
    encoded=256,
    searched=957,
    one_by_one=16,
    views=(5, 20),
    grid=64,
    repeats=3,
)


def of(device: torch.device) -> Sizes:
    """The sizes for a device."""
    return CPU if device.type == "cpu" else GPU
