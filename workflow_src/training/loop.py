"""The training loop of every model here: epochs, validation, selection, resume.

While a run is not done its folder also holds `resume.pt`: everything that the next
start needs to go on as if nothing had happened. It is written every so many minutes
(see `workflow_src.training.checkpoints`) and removed at the end. A start with other
settings, or other data, finds it and puts it aside, into `superseded-<digest>/`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import torch
from torch import Tensor, nn

from workflow_src.files import flush_folder, flush_to_disk, write_atomically
from workflow_src.locks import FolderLock
from workflow_src.models.run_folder import (
    HALF,
    HISTORY,
    MODEL,
    RESUME,
    RunRecord,
    write_record,
)
from workflow_src.progress import say, track
from workflow_src.training.checkpoints import (
    BEST,
    Checkpoints,
)
from workflow_src.training.ranks import ALONE, Ranks
from workflow_src.training.resuming import resume, state_of
from workflow_src.training.trouble import (
    FAILED,
    FiniteWatch,
    NotFinite,
    is_out_of_memory,
    note_failure,
    out_of_memory,
    refuse_to_repeat,
)


class LoopSettings(Protocol):
    """What the loop reads of a training's optimization settings."""

    @property
    def epochs(self) -> int:
        """Passes over the corpus."""

    @property
    def max_gradient_norm(self) -> float:
        """Gradients are clipped to it."""

    @property
    def validate_every(self) -> int:
        """Epochs from one validation to the next."""


@dataclass
class Training:
    """What one training consists of; `fit` runs it.

    Attributes:
        model: the model, on its device.
        optimizer: its optimizer.
        scheduler: learning-rate schedule, stepped after every optimizer step.
        batches: epoch number and first step (both from 0) -> the epoch's batches
            from that step on; must depend on both alone, so that a resumed training
            sees the same ones.
        steps: optimizer steps an epoch.
        loss: batch -> scalar loss.
        validate: -> metrics of the model as it is; larger `selection` is better.
        settings: epochs, clipping, validation.
        seed: of dropout and of everything else torch draws.
        record: what the run is; a resume file of another one is not used.
        checkpoint_minutes: from one resume file to the next; 0: every epoch.
        micro_batch: samples of which `gradients` holds the activations at once;
            None: there is none, or the whole mini-batch at once.
        gradients: batch and micro_batch -> loss, after the backward pass in parts;
            None: this training cannot be split.
        beside: writes into the run's folder what its model needs beside the weights.
        ranks: this process among those of the training; all run `fit`.
        epoch: finished so far.
        step: of the epoch under way, finished so far.
        losses: of those steps.
        began_at: learning rate with which that epoch began.
        best: largest `selection` so far.
        history: a row an epoch.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    batches: Callable[[int, int], Iterable[Any]]
    steps: int
    loss: Callable[[Any], torch.Tensor]
    validate: Callable[[], dict[str, float]]
    settings: LoopSettings
    seed: int
    record: RunRecord
    checkpoint_minutes: float = 0.0
    micro_batch: int | None = None
    gradients: Callable[[Any, int], Tensor] | None = None
    beside: Callable[[Path], object] | None = None
    ranks: Ranks = ALONE
    epoch: int = 0
    step: int = 0
    losses: list[Tensor] = field(default_factory=list)
    began_at: float = 0.0
    best: float = float("-inf")
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def learning_rate(self) -> float:
        """At present."""
        return float(self.scheduler.get_last_lr()[0])


def fit(training: Training, folder: Path) -> None:
    """Train to the end, from where the last start stopped if there was one.

    Args:
        training: what to do.
        folder: of the run; gets `settings.yaml` at once, a row of `history.csv` an
            epoch, and `model.pt` at the end.

    Raises:
        InputError: a loss or a gradient is no longer finite, the memory does not
            hold a step, the resume file is damaged, or another process trains there.
    """
    # The ranks of one training share its folder: the first one holds it.
    with FolderLock(folder) if training.ranks.first else nullcontext():
        _fit(training, folder)


def _fit(training: Training, folder: Path) -> None:
    first = training.ranks.first
    torch.manual_seed(training.seed)
    if first:
        _begin(training, folder)
        resume(training, folder)
    training.ranks.wait()  # for what the first one puts aside
    if not first:
        resume(training, folder)
    epochs, minutes = training.settings.epochs, training.checkpoint_minutes
    try:
        with Checkpoints(folder, minutes, writes=first) as checkpoints:
            for epoch in range(training.epoch, epochs):
                _epoch(training, epoch, checkpoints)
                if first:
                    _write_history(training, folder)
                if checkpoints.due(epoch_ends=True) or epoch + 1 == epochs:
                    checkpoints.save(state_of(training))
    except NotFinite as error:
        if first:
            note_failure(training.record, folder, error)
        raise
    if first:
        _finish(training, folder)


def _begin(training: Training, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever reads the folder takes the weights for what the record describes.
    for name in (MODEL, HALF):
        (folder / name).unlink(missing_ok=True)
    write_record(training.record, folder)
    if training.beside is not None:
        training.beside(folder)
    refuse_to_repeat(training.record, folder)


def _finish(training: Training, folder: Path) -> None:
    _write_history(training, folder)
    # In this order a kill at any point leaves either a finished run or one that
    # can be resumed.
    part = folder / f"{MODEL}.part"
    shutil.copyfile(folder / BEST, part)
    flush_to_disk(part)
    part.replace(folder / MODEL)
    flush_folder(folder)
    (folder / RESUME).unlink()
    (folder / BEST).unlink()
    (folder / FAILED).unlink(missing_ok=True)


def _write_history(training: Training, folder: Path) -> None:
    table = pd.DataFrame(training.history)
    write_atomically(folder / HISTORY, table.to_csv(index=False))


def _epoch(training: Training, epoch: int, checkpoints: Checkpoints) -> None:
    """Run an epoch, or what is left of it, and validate: a row of the history."""
    start = time.monotonic()
    if not training.step:
        training.began_at = training.learning_rate
    row: dict[str, float] = {
        "epoch": epoch,
        "learning_rate": training.began_at,
        "loss": _steps(training, epoch, checkpoints),
    }
    last = epoch + 1 == training.settings.epochs
    if (epoch + 1) % training.settings.validate_every == 0 or last:
        if training.ranks.first:
            _validate(training, row, checkpoints)
        training.ranks.wait()
    row["seconds"] = round(time.monotonic() - start, 2)
    training.history.append(row)
    training.epoch, training.step, training.losses = epoch + 1, 0, []
    say(", ".join(f"{name} {_short(value)}" for name, value in row.items()))


def _validate(
    training: Training, row: dict[str, float], checkpoints: Checkpoints
) -> None:
    """Add the metrics of the model as it is to a row of the history."""
    training.model.eval()
    with torch.no_grad():
        row |= training.validate()
    if row["selection"] > training.best:
        training.best = row["selection"]
        best = {"model": training.model.state_dict(), "metrics": dict(row)}
        checkpoints.keep_best(best)


def _steps(training: Training, epoch: int, checkpoints: Checkpoints) -> float:
    """Run the optimizer steps of one epoch; give their mean loss."""
    training.model.train()
    watch = FiniteWatch(epoch, training.step, lambda: training.learning_rate)
    left = training.steps - training.step
    batches = training.batches(epoch, training.step)
    for batch in track(batches, f"epoch {epoch}", total=left):
        training.ranks.seed_dropout(training.seed, epoch, training.step)
        loss, norm = _step_that_fits(training, batch)
        # Read out at the end only: reading a loss waits for the GPU.
        training.losses.append(loss)
        training.step += 1
        watch.add(loss, norm, batch)
        if training.step < training.steps and checkpoints.due(epoch_ends=False):
            watch.look()
            checkpoints.save(state_of(training))
    watch.look()
    return torch.stack(training.losses).mean().item()


def optimizer_step(training: Training, batch: Any) -> tuple[Tensor, Tensor]:
    """Take one step, without a wait for the device.

    Returns:
        The loss, and the norm of its gradient before it was clipped.
    """
    training.optimizer.zero_grad(set_to_none=True)
    if training.gradients is not None and training.micro_batch is not None:
        loss = training.gradients(batch, training.micro_batch)
    else:
        loss = training.loss(batch)
        loss.backward()
    loss = training.ranks.average(training.model.parameters(), loss)
    norm = nn.utils.clip_grad_norm_(
        training.model.parameters(), training.settings.max_gradient_norm
    )
    training.optimizer.step()
    training.scheduler.step()
    return loss.detach(), norm


def _step_that_fits(training: Training, batch: Any) -> tuple[Tensor, Tensor]:
    """Take one step, or say what would fit into the memory."""
    try:
        return optimizer_step(training, batch)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Outside of the handler, which holds what the attempt had in memory.
    training.optimizer.zero_grad(set_to_none=True)
    # A smaller step of one rank alone would wait for the others, where its loss does.
    tries = training.ranks.alone or training.gradients is not None
    divisible = batch if tries and hasattr(batch, "part") else None
    share = len(batch) // training.ranks.count if hasattr(batch, "part") else 0
    now = training.micro_batch or share
    raise out_of_memory(divisible, training.loss, now, training.gradients is not None)


def _short(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
