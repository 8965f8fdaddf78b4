"""The training loop of every model here: epochs, validation, selection, resume.

While a run is not done its folder also holds `resume.pt`: everything that the next
start needs to go on as if nothing had happened. It is written after every epoch and
removed at the end. A start with other settings, or other data, finds it and puts it
aside, into `superseded-<digest>/`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import torch
from torch import nn

from workflow_src.errors import InputError, in_one_line
from workflow_src.files import write_atomically
from workflow_src.models.run_folder import (
    HISTORY,
    MODEL,
    RESUME,
    RunRecord,
    write_record,
)
from workflow_src.models.weights import load_weights, save_weights
from workflow_src.progress import say, track
from workflow_src.settings import differences, digest

BEST = "best.pt"


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
        batches: epoch number (from 0) -> the epoch's batches; must depend on
            the epoch alone, so that a resumed training sees the same ones.
        steps: optimizer steps an epoch.
        loss: batch -> scalar loss.
        validate: -> metrics of the model as it is; larger `selection` is better.
        settings: epochs, clipping, validation.
        seed: of dropout and of everything else torch draws.
        record: what the run is; a resume file of another one is not used.
        epoch: finished so far.
        best: largest `selection` so far.
        history: a row an epoch.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    batches: Callable[[int], Iterable[Any]]
    steps: int
    loss: Callable[[Any], torch.Tensor]
    validate: Callable[[], dict[str, float]]
    settings: LoopSettings
    seed: int
    record: RunRecord
    epoch: int = 0
    best: float = float("-inf")
    history: list[dict[str, float]] = field(default_factory=list)


def fit(training: Training, folder: Path) -> None:
    """Train to the end, from the last finished epoch if there is one.

    Args:
        training: what to do.
        folder: of the run; gets `settings.yaml` at once, a row of `history.csv` an
            epoch, and `model.pt` at the end.

    Raises:
        InputError: the loss is no longer finite, or the resume file is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever reads the folder takes the weights for what the record describes.
    (folder / MODEL).unlink(missing_ok=True)
    write_record(training.record, folder)
    torch.manual_seed(training.seed)
    _resume(training, folder)
    epochs = training.settings.epochs
    for epoch in range(training.epoch, epochs):
        start = time.monotonic()
        row: dict[str, float] = {
            "epoch": epoch,
            "learning_rate": float(training.scheduler.get_last_lr()[0]),
            "loss": _epoch(training, epoch),
        }
        if (epoch + 1) % training.settings.validate_every == 0 or epoch + 1 == epochs:
            training.model.eval()
            with torch.no_grad():
                row |= training.validate()
            if row["selection"] > training.best:
                training.best = row["selection"]
                best = {"model": training.model.state_dict(), "metrics": row}
                save_weights(best, folder / BEST)
        row["seconds"] = round(time.monotonic() - start, 2)
        training.history.append(row)
        training.epoch = epoch + 1
        say(", ".join(f"{name} {_short(value)}" for name, value in row.items()))
        save_weights(_state(training), folder / RESUME)
        _write_history(training, folder)
    _write_history(training, folder)
    # In this order a kill at any point leaves either a finished run or one that
    # can be resumed.
    shutil.copyfile(folder / BEST, folder / f"{MODEL}.part")
    (folder / f"{MODEL}.part").replace(folder / MODEL)
    (folder / RESUME).unlink()
    (folder / BEST).unlink()


def _write_history(training: Training, folder: Path) -> None:
    table = pd.DataFrame(training.history)
    write_atomically(folder / HISTORY, table.to_csv(index=False))


def _epoch(training: Training, epoch: int) -> float:
    """Run the optimizer steps of one epoch; give their mean loss."""
    training.model.train()
    losses = []
    batches = training.batches(epoch)
    for batch in track(batches, f"epoch {epoch}", total=training.steps):
        loss = training.loss(batch)
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(
            training.model.parameters(), training.settings.max_gradient_norm
        )
        training.optimizer.step()
        training.scheduler.step()
        # Read out at the end only: reading a loss waits for the GPU.
        losses.append(loss.detach())
    mean = torch.stack(losses).mean().item()
    if not torch.isfinite(torch.tensor(mean)):
        raise InputError(
            f"epoch {epoch}: the loss is {mean}; lower the learning rate "
            f"({training.scheduler.get_last_lr()[0]:g}) or check the data"
        )
    return mean


def _state(training: Training) -> dict[str, Any]:
    state = {
        "decisive": training.record.decisive,
        "model": training.model.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": training.scheduler.state_dict(),
        "epoch": training.epoch,
        "best": training.best,
        "history": training.history,
        "random": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["random_cuda"] = torch.cuda.get_rng_state()
    return state


def _resume(training: Training, folder: Path) -> None:
    """Take over what an interrupted run of the same settings and data left."""
    path = folder / RESUME
    if not path.exists():
        return
    anew = "delete it to start this training anew"
    try:
        state = load_weights(path)
    except InputError as error:
        raise InputError(f"{error}; {anew}") from None
    if "decisive" not in state:
        raise InputError(f"{path} does not say of which training it is; {anew}")
    changed = differences(state["decisive"], training.record.decisive)
    if changed:
        aside = folder / f"superseded-{digest(state['decisive'])}"
        aside.mkdir(exist_ok=True)
        for name in (RESUME, BEST):
            if (folder / name).exists():
                (folder / name).replace(aside / name)
        say(
            f"{path} belongs to another training ({'; '.join(changed)}): it is kept in "
            f"{aside}, and this training starts from the first epoch"
        )
        return
    try:
        _take_over(training, state)
    except (KeyError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{path} is of another version of the code ({in_one_line(error)}); {anew}"
        ) from None
    say(f"resuming after epoch {training.epoch - 1}, from {path}")


def _take_over(training: Training, state: dict[str, Any]) -> None:
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best = state["best"]
    training.history = state["history"]
    torch.set_rng_state(state["random"])
    if torch.cuda.is_available() and "random_cuda" in state:
        torch.cuda.set_rng_state(state["random_cuda"])


def _short(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
