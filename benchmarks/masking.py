"""SpecAugment of a mini-batch against a loop over its clips.

python -m benchmarks.masking [--device NAME] [--threads N]
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.command import Bench, run_alone
from benchmarks.rows import Row
from workflow_src.augment.spectrogram import SpecAugment

CLIPS = 32


def rows(bench: Bench) -> Iterator[Row]:
    """One row."""
    specaugment = SpecAugment()
    log_mels = torch.randn(CLIPS, 500, 64, device=bench.device)
    generator = torch.Generator().manual_seed(0)

    def one_by_one() -> None:
        torch.stack([specaugment(clip, generator) for clip in log_mels])

    yield Row(
        f"SpecAugment of {CLIPS} clips",
        1000 * bench.clock(lambda: specaugment(log_mels, generator)),
        "ms",
        1000 * bench.clock(one_by_one),
        "a loop over clips",
    )


if __name__ == "__main__":
    run_alone(__doc__, rows)
