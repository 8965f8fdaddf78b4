"""Encoding and embedding of clips at full size, and the front ends.

    python -m benchmarks.encoding [--device NAME] [--threads N]

The front ends are compared with librosa where that is installed; the workflow does not
need it.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from benchmarks import cost
from benchmarks.command import Bench, run_alone
from benchmarks.files import SAMPLES, WORDS
from benchmarks.rows import Row
from workflow_src.audio.frontend import LogMel
from workflow_src.models.act import ACT
from workflow_src.models.panns import ResNet38

# What librosa's melspectrogram takes for each front end, beside the common arguments.
LIBROSA = {
    "act": {"hop_length": 640, "fmin": 0, "fmax": 16_000},
    "panns": {"hop_length": 320, "fmin": 50, "fmax": 14_000},
}


@torch.no_grad()
def rows(bench: Bench) -> Iterator[Row]:
    """Clips a second through both encoders and both front ends."""
    act, panns = bench.front_ends["act"], bench.front_ends["panns"]
    own = bench.config.captioning.model
    captioner = ACT(replace(own, vocabulary=WORDS)).to(bench.device).eval()
    yield _encoded(bench, "ACT's encoder", captioner.encode, act.frames(SAMPLES))
    sizes = bench.config.retrieval.model
    resnet = ResNet38(sizes.audio_width, sizes.audio_blocks).to(bench.device).eval()
    yield _encoded(bench, "ResNet38", resnet, panns.frames(SAMPLES))
    for name, front_end in bench.front_ends.items():
        yield _front_end(bench, name, copy.deepcopy(front_end).to(bench.device))


def _encoded(
    bench: Bench, name: str, encode: Callable[[Tensor], Tensor], frames: int
) -> Row:
    clips = bench.sizes.encoded
    log_mels = torch.randn(clips, frames, 64, device=bench.device)
    what = f"{name}, batch {clips}"
    counted = cost.count(lambda: encode(log_mels))
    bench.predictions[what] = counted
    seconds = bench.clock(lambda: encode(log_mels), warm_up=False)
    return Row(what, seconds, "s a batch", floor=counted.flop / bench.speeds.flop)


def _front_end(bench: Bench, name: str, front_end: LogMel) -> Row:
    clips = bench.sizes.encoded
    waveforms = torch.randn(clips, SAMPLES, device=bench.device) / 8
    ours = clips / bench.clock(lambda: front_end(waveforms))
    what = f"front end {name}, batch {clips}"
    if importlib.util.find_spec("librosa") is None:
        return Row(what, ours, "clips/s")
    import librosa

    samples = waveforms.cpu().numpy()

    def theirs() -> None:
        for clip in samples:
            power = librosa.feature.melspectrogram(
                y=clip, sr=32_000, n_fft=1024, n_mels=64, **LIBROSA[name]
            )
            librosa.power_to_db(np.maximum(power, 1e-10), ref=1.0, top_db=80.0)

    reference = clips / bench.clock(theirs)
    return Row(what, ours, "clips/s", reference, "librosa, one clip at a time")


if __name__ == "__main__":
    run_alone(__doc__, rows)
