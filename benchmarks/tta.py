"""What test-time augmentation costs beside the encodings and decodings it needs.

    python -m benchmarks.tta [--device NAME] [--threads N]

First the full-size captioning model, one clip under Multi-TTA, stabilised: drawing the
views, encoding them and one search of the groups, against the encodings and the
decodings alone, each clip and each group by itself in one batch. Weights are random; no
caption ends before 20 words. Then the whole grid of config.yaml, both tasks, with
models of the size of scale `demo`: seconds a clip.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from benchmarks.command import Bench, run_alone
from benchmarks.files import SAMPLES
from benchmarks.files import WORDS as VOCABULARY
from benchmarks.rows import Row
from workflow_src.audio.frontend import LogMel, front_end
from workflow_src.audio.store import LogMelStore, WaveformStore, write_log_mels
from workflow_src.augment.recipe import Recipe
from workflow_src.config import load, steps
from workflow_src.decoding import beam_search
from workflow_src.evaluation.batch_sizes import (
    encodings_at_once,
    views_of_captioner,
    views_of_retriever,
)
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.evaluation.views import Views
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.retrieval import AudioTextRetriever
from workflow_src.tta import Strategy

CONFIG = Path(__file__).parents[1] / "config.yaml"
WORDS = 20
SEARCH = {"sos": 0, "eos": 1, "beams": 3, "max_words": WORDS}


class Some(LogMelStore):
    """The first clips of a store."""

    def __init__(self, folder: Path, clips: int) -> None:
        super().__init__(folder)
        self.names = self.names[:clips]


def views(bench: Bench, log_mel: LogMel, folder: str, clips: int, batch: int) -> Views:
    """Views of some clips of noise under recipe `all`."""
    config = load(CONFIG)
    place = bench.files.log_mels(folder)
    if not place.exists():
        write_log_mels(bench.files.waveforms, log_mel, place)
    return Views(
        Recipe.of(config.recipe("all")).test_time(config.tta.strength),
        log_mel.to(bench.device),
        Some(place, clips),
        WaveformStore(bench.files.waveforms),
        seed=0,
        batch=batch,
        device=bench.device,
    )


def captioner(config: ActConfig, device: torch.device) -> ACT:
    """Random weights; `<eos>` is all but impossible while it can be avoided."""
    torch.manual_seed(0)
    model = ACT(config).eval()
    with torch.no_grad():
        model.output.bias[SEARCH["eos"]] -= 20
    return model.to(device)


def text(words: Sequence[int]) -> str:
    """Stand in for a vocabulary."""
    return " ".join(map(str, words))


@torch.no_grad()
def rows(bench: Bench) -> Iterator[Row]:
    """One clip, then the grid."""
    yield _one_clip(bench)
    yield from _grid(bench)


def _one_clip(bench: Bench) -> Row:
    groups, each = bench.sizes.views
    tau = groups * each
    sizes = replace(bench.config.captioning.model, vocabulary=VOCABULARY)
    model, log_mel = captioner(sizes, bench.device), bench.front_ends["act"]
    shape = (log_mel.frames(SAMPLES), 64)
    batch = min(1 + tau, views_of_captioner(model, shape, bench.device))
    own = views(bench, copy.deepcopy(log_mel), "act", 1, batch)
    log_mels = torch.randn(1 + tau, *shape, device=bench.device)
    memories = model.encode(log_mels[: 1 + each])
    strategies = [Strategy.uniform((groups, each))]

    def bare() -> None:
        model.encode(log_mels)
        clips = [[1.0]] * len(memories)
        beam_search(model.step, model.start(memories), clips, **SEARCH)

    needed = bench.clock(bare, warm_up=False)
    whole = bench.clock(
        lambda: captioning_grid(model, own, strategies, text, **SEARCH), warm_up=False
    )
    return Row(
        f"Multi-TTA of one clip, tau = {tau}",
        whole,
        "s",
        needed,
        f"{1 + tau} encodings and {1 + each} decodings alone",
    )


def _grid(bench: Bench) -> Iterator[Row]:
    demo, clips = load(CONFIG, {"scale": "demo"}), bench.sizes.grid
    strategies = [point.strategy for point in demo.tta.grid.points]
    asked = demo.tta.views_per_batch if bench.device.type == "cpu" else None
    model = captioner(replace(demo.captioning.model, vocabulary=300), bench.device)
    log_mel = front_end(steps.front_end(demo, "act"))
    batch = views_of_captioner(model, (320, 64), bench.device, asked)
    own = views(bench, log_mel, "act-demo", clips, batch)
    encodings = encodings_at_once(model, 320, bench.device, 3, WORDS)
    seconds = bench.clock(
        lambda: captioning_grid(
            model, own, strategies, text, encodings_per_search=encodings, **SEARCH
        ),
        warm_up=False,
    )
    yield Row("grid of Figure 4, captioning, demo's model", seconds / clips, "s a clip")
    drawing = bench.clock(lambda: [own.of(name, 100) for name in own.names])
    yield Row("of it drawing 100 views", drawing / clips, "s a clip")
    text_encoder = nn.Linear(1, 1)  # not used
    text_encoder.width = 1
    retriever = AudioTextRetriever(demo.retrieval.model, text_encoder)
    retriever.to(bench.device).eval()
    log_mel = front_end(steps.front_end(demo, "panns"))
    batch = views_of_retriever(retriever, (321, 64), bench.device, asked)
    own = views(bench, log_mel, "panns-demo", clips, batch)
    seconds = bench.clock(
        lambda: retrieval_grid(retriever, own, strategies), warm_up=False
    )
    yield Row("grid of Figure 4, retrieval, demo's model", seconds / clips, "s a clip")


if __name__ == "__main__":
    run_alone(__doc__, rows)
