"""The training step of both tasks at full size, from real stores; loader; checkpoint.

    python -m benchmarks.training [--device NAME] [--threads N]

The step is that of `train-captioner` and `train-retriever`: they are called as the
workflow calls them, up to the point where the loop would begin. Two things differ from
a training on AudioCaps: clips are noise, and BERT has its full size but WordPieces of
the few captions here, so a smaller table of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count as numbers
from typing import Any
from unittest.mock import patch

from benchmarks import cost
from benchmarks.command import Bench, run_alone
from benchmarks.rows import Row
from workflow_src.config import steps
from workflow_src.layout import FRONT_ENDS
from workflow_src.training import captioning, retrieval
from workflow_src.training.checkpoints import Checkpoints
from workflow_src.training.loop import Training, optimizer_step
from workflow_src.training.resuming import state_of
from workflow_src.training.settings import SCRATCH

RECIPES = ("none", "all")
# BERT base.
TEXT = {"text_encoder": None, "text_width": 768, "text_layers": 12, "text_heads": 12}


def training(bench: Bench, task: str, recipe: str) -> Training:
    """What the command of a task makes before its loop begins."""
    config, files, front_end = bench.config, bench.files, FRONT_ENDS[task]
    options: dict[str, Any] = {
        "corpus": files.corpus,
        "captions": files.captions,
        "val_captions": files.captions,
        "waveforms": files.waveforms,
        "log_mels": files.log_mels(front_end),
        "val_log_mels": files.log_mels(front_end),
        "run": files.folder / "runs" / task / recipe,
        "device": str(bench.device),
        "threads": bench.threads,
    }
    module: Any
    settings: Any
    if task == "captioning":
        module, step = captioning, captioning.train_captioner
        settings = replace(steps.captioner(config, recipe, 0), word2vec=False)
        options["vocabulary"] = files.vocabulary
    else:
        module, step = retrieval, retrieval.train_retriever
        settings = steps.retriever(config, recipe, 0)
        if settings.model.text_encoder is not None:
            settings = replace(settings, model=replace(settings.model, **TEXT))
        options["word_pieces"] = files.word_pieces
    optimization = replace(settings.optimization, batch_size=bench.sizes.batch[task])
    settings = replace(settings, encoder=SCRATCH, optimization=optimization)
    options["run"].mkdir(parents=True)
    made: list[Training] = []
    with patch.object(module, "fit", lambda own, _: made.append(own)):
        step(settings, **options)
    return made[0]


def captioning_rows(bench: Bench) -> Iterator[Row]:
    """The step under each recipe; the loader alone; a checkpoint."""
    for recipe in RECIPES:
        yield from _step(bench, "captioning", recipe)


def retrieval_rows(bench: Bench) -> Iterator[Row]:
    """The same of retrieval."""
    for recipe in RECIPES:
        yield from _step(bench, "retrieval", recipe)


def _step(bench: Bench, task: str, recipe: str) -> Iterator[Row]:
    own = training(bench, task, recipe)
    batch, each = bench.sizes.batch[task], bench.sizes.steps
    batches = _stream(own)
    own.model.train()
    name = f"{task}, recipe {recipe}, batch {batch}"
    # Counting is the run that warms up.
    counted = cost.count(lambda: optimizer_step(own, next(batches)))
    bench.predictions[f"training step: {name}"] = counted

    def some_steps() -> None:
        for _ in range(each):
            optimizer_step(own, next(batches))

    seconds = bench.clock(some_steps, warm_up=False) / each
    yield Row(
        f"training step: {name}",
        seconds,
        "s a step",
        floor=counted.flop / bench.speeds.flop,
    )
    yield Row(f"the same: {name}", batch / seconds, "clips/s")
    alone = bench.clock(lambda: [next(batches) for _ in range(each)]) / each
    yield Row(
        f"loader and augmentation alone: {name}",
        alone,
        "s a step",
        seconds,
        "the whole step",
    )
    if recipe == RECIPES[-1]:
        folder = bench.files.folder / "checkpoint"
        folder.mkdir(exist_ok=True)
        with Checkpoints(folder, 0.0) as checkpoints:
            seen = bench.clock(lambda: checkpoints.save(state_of(own)), warm_up=False)
            written = bench.clock(checkpoints.wait, warm_up=False)
        yield Row(f"checkpoint, what the training sees of it: {task}", seen)
        yield Row(f"checkpoint, written by the thread meanwhile: {task}", written)


def _stream(own: Training) -> Iterator[Any]:
    for epoch in numbers():
        yield from own.batches(epoch, 0)


if __name__ == "__main__":
    run_alone(__doc__, captioning_rows, retrieval_rows)
