"""What test-time augmentation costs beside the encodings and decodings it needs.

    python benchmarks/tta.py [--threads N] [--demo N]

First the full-size captioning model, one clip with τ = 100 (Multi-TTA, 5 x 20,
stabilised): drawing 100 views, 101 encodings and one search with 21 memories,
against 101 encodings and 21 searches of one memory, each in the batch that is
fastest. Weights are random; no caption ends before 20 words. Exits 1 if the ratio
is 1.15 or more.

With --demo, the whole grid of config.yaml for N clips instead, both tasks, models
of the size of scale `demo`: seconds a clip.

Times are those of the processor (all threads), so that other work on the machine
counts little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from workflow_src.audio.frontend import ActLogMel, front_end
from workflow_src.audio.store import (
    LogMelStore,
    WaveformStore,
    write_log_mels,
    write_waveforms,
)
from workflow_src.augment.recipe import Recipe
from workflow_src.config import load, steps
from workflow_src.decoding import beam_search
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.evaluation.views import Views
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.retrieval import AudioTextRetriever
from workflow_src.tta import Strategy

CONFIG = Path(__file__).parents[1] / "config.yaml"
SAMPLES = 320_000
WORDS = 20
SEARCH = {"sos": 0, "eos": 1, "beams": 3, "max_words": WORDS}
LARGEST_RATIO = 1.15


def cost(work: Callable[[], object]) -> float:
    """Processor seconds of one run."""
    start = time.process_time()
    work()
    return time.process_time() - start


def make_views(log_mel: nn.Module, clips: int, folder: Path, batch: int) -> Views:
    """Stores of some noise, and the views of recipe `all`."""
    config = load(CONFIG)
    names = [f"{clip}.wav" for clip in range(clips)]
    noise = np.random.default_rng(0).standard_normal((clips, SAMPLES))
    folder.mkdir()
    write_waveforms(folder / "w", names, (4_000 * noise).astype("<i2"), SAMPLES)
    write_log_mels(folder / "w", log_mel, folder / "m")
    return Views(
        Recipe.of(config.recipe("all")).test_time(config.tta.strength),
        log_mel,
        LogMelStore(folder / "m"),
        WaveformStore(folder / "w"),
        seed=0,
        batch=batch,
        device=torch.device("cpu"),
    )


def captioner(config: ActConfig) -> ACT:
    """Random weights; `<eos>` is all but impossible while it can be avoided."""
    torch.manual_seed(0)
    model = ACT(config).eval()
    with torch.no_grad():
        model.output.bias[SEARCH["eos"]] -= 20
    return model


def text(words) -> str:
    """Stand in for a vocabulary."""
    return " ".join(map(str, words))


def one_full_size_clip(folder: Path, batch: int) -> int:
    model = captioner(ActConfig(4984))
    views = make_views(ActLogMel(), 1, folder / "full", batch)
    log_mels, memories = torch.randn(32, 500, 64), torch.randn(21, 126, 512).relu()

    def encode(size: int) -> float:
        return cost(lambda: model.encode(log_mels[:size])) / size

    def decode(size: int) -> float:
        parts = memories.split(size)
        return sum(
            cost(
                lambda part=part: beam_search(
                    model.step, model.start(part), [[1.0]] * len(part), **SEARCH
                )
            )
            for part in parts
        )

    encode(1)
    encodings = {size: 101 * encode(size) for size in (1, 4, 8, 16, 32)}
    decodings = {size: decode(size) for size in (7, 21)}
    strategies = [Strategy.uniform((5, 20))]
    drawing = cost(lambda: views.of("0.wav", 100))
    whole = cost(lambda: captioning_grid(model, views, strategies, text, **SEARCH))
    for name, times in (("101 encodings", encodings), ("21 decodings", decodings)):
        for size, value in times.items():
            print(f"{name} in batches of {size}: {value:.1f} s")
    best = min(encodings.values()) + min(decodings.values())
    print(f"of which drawing 100 views: {drawing:.1f} s")
    print(f"one clip, tau = 100: {whole:.1f} s; ratio {whole / best:.3f}")
    return int(whole / best >= LARGEST_RATIO)


def demo_grid(clips: int, folder: Path, batch: int) -> int:
    demo = load(CONFIG, {"scale": "demo"})
    strategies = [point.strategy for point in demo.tta.grid.points]
    views = make_views(
        front_end(steps.front_end(demo, "act")), clips, folder / "act", batch
    )
    drawing = cost(lambda: [views.of(name, 100) for name in views.names])
    # Captions of exactly `WORDS` words: as long as the longest real ones.
    model = captioner(replace(demo.captioning.model, vocabulary=300))
    whole = cost(lambda: captioning_grid(model, views, strategies, text, **SEARCH))
    print(f"captioning: {whole / clips:.2f} s a clip, drawing {drawing / clips:.2f} s")
    text_encoder = nn.Linear(1, 1)  # not used
    text_encoder.width = 1
    retriever = AudioTextRetriever(demo.retrieval.model, text_encoder).eval()
    views = make_views(
        front_end(steps.front_end(demo, "panns")), clips, folder / "panns", batch
    )
    drawing = cost(lambda: [views.of(name, 100) for name in views.names])
    whole = cost(lambda: retrieval_grid(retriever, views, strategies))
    print(f"retrieval: {whole / clips:.2f} s a clip, drawing {drawing / clips:.2f} s")
    return 0


@torch.inference_mode()
def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8, help="tta.views_per_batch")
    parser.add_argument("--demo", type=int, metavar="N", help="clips")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        if options.demo:
            return demo_grid(options.demo, Path(folder), options.batch)
        return one_full_size_clip(Path(folder), options.batch)


if __name__ == "__main__":
    sys.exit(main())
