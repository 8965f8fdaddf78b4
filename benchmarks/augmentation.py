"""What augmentation costs: each recipe's mini-batch against one training step.

    python benchmarks/augmentation.py [--threads N] [--skip-step]

Prints seconds for a mini-batch of 32 ten-second clips under every recipe of
config.yaml (planning, drawing, augmenting, front end; clips in memory, so no
disk), then for one training step of the full-size captioning model on the same
mini-batch, and the ratio for recipe `all`. Exits 1 if that is 0.25 or more.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import torch

from workflow_src.audio.frontend import ActLogMel
from workflow_src.augment.recipe import Recipe
from workflow_src.config import load
from workflow_src.models.act import ACT, ActConfig, label_smoothing_loss
from workflow_src.training.batches import Batch, Batches

CONFIG = Path(__file__).parents[1] / "config.yaml"

BATCH = 32
CLIPS = 64
SAMPLES = 320_000
WORDS = 4984  # vocabulary of the full-size model
CAPTION_TOKENS = 24  # of a batch: its longest caption decides
LARGEST_RATIO = 0.25


class Memory:
    """A store in memory."""

    def __init__(self, values: np.ndarray) -> None:
        self.names = [str(i) for i in range(len(values))]
        self.values = values

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The clips of `rows`."""
        return self.values[rows]


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of `repeats` runs, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def stream(batches: Batches) -> Iterator[Batch]:
    for epoch in count():
        yield from batches.epoch(epoch)


def training_step(batch: Batch) -> Callable[[], None]:
    model = ACT(ActConfig(vocabulary=WORDS)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    tokens = torch.randint(WORDS, (BATCH, CAPTION_TOKENS))

    def step() -> None:
        memory = model.encode(batch.log_mels, spec_augment=batch.spec_augment)
        logits = model.decode(memory, tokens[:, :-1])
        loss = label_smoothing_loss(logits, tokens[:, 1:], 0.1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()

    return step


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--skip-step", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = load(CONFIG, {"scale": "paper"})

    rng = np.random.default_rng(0)
    samples = rng.normal(0, 3000, (CLIPS, SAMPLES)).astype(np.int16)
    front_end = ActLogMel()
    log_mels = front_end(torch.from_numpy(samples).float() / 32768).half().numpy()
    captions = [(str(i), "a dog barks and a man talks") for i in range(CLIPS)]
    costs = {}
    for name in config.recipes:
        recipe = Recipe.of(config.recipe(name))
        made = stream(
            Batches(
                captions,
                Memory(samples),
                Memory(log_mels),
                recipe,
                BATCH,
                seed=0,
                front_end=front_end,
            )
        )
        costs[name] = seconds(lambda made=made: next(made), repeats=5)
        print(f"{name:26} {costs[name]:8.3f} s", flush=True)
        if name == "all":
            batch = next(made)
    if arguments.skip_step:
        return 0
    step = seconds(training_step(batch), repeats=2)
    ratio = costs["all"] / step
    print(f"{'training step of ACT':26} {step:8.3f} s")
    print(f"all / training step: {ratio:.3f} (to be below {LARGEST_RATIO})")
    return int(ratio >= LARGEST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
