"""The training loop of every model here: epochs, validation, selection, resume.

A run's folder holds, when it is done:
    model.pt      weights of the best epoch, with its number and its metrics
    history.csv   a row an epoch: learning rate, loss, validation metrics
and while it is not done, `resume.pt`: everything that the next start needs to
go on as if nothing had happened. It is written after every epoch and removed at
the end.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from workflow_src.errors import InputError
from workflow_src.progress import say, track


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
        settings: the `training` section of the config (epochs, gradient_norm,
            validate_every).
        seed: of dropout and of everything else torch draws.
        identity: what the run is; a resume file of another identity is not used.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: torch.optim.lr_scheduler.LRScheduler
    batches: Callable[[int], Iterable[Any]]
    steps: int
    loss: Callable[[Any], torch.Tensor]
    validate: Callable[[], dict[str, float]]
    settings: Mapping
    seed: int
    identity: Mapping
    epoch: int = 0
    best: float = float("-inf")
    history: list[dict] = field(default_factory=list)


def fit(training: Training, folder: Path) -> None:
    """Train to the end, from the last finished epoch if there is one.

    A resume file of a training with other settings is put aside with a message.

    Raises:
        InputError: the loss is no longer finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(training.seed)
    _resume(training, folder / "resume.pt")
    epochs = training.settings["epochs"]
    for epoch in range(training.epoch, epochs):
        start = time.monotonic()
        row = {"epoch": epoch, "learning_rate": training.scheduler.get_last_lr()[0]}
        row["loss"] = _epoch(training, epoch)
        every = training.settings["validate_every"]
        if (epoch + 1) % every == 0 or epoch + 1 == epochs:
            training.model.eval()
            with torch.no_grad():
                row |= training.validate()
            if row["selection"] > training.best:
                training.best = row["selection"]
                best = {"model": training.model.state_dict(), "metrics": row}
                save(best, folder / "best.pt")
        row["seconds"] = round(time.monotonic() - start, 2)
        training.history.append(row)
        training.epoch = epoch + 1
        say(", ".join(f"{name} {_short(value)}" for name, value in row.items()))
        save(_state(training), folder / "resume.pt")
    pd.DataFrame(training.history).to_csv(folder / "history.csv", index=False)
    # In this order a kill at any point leaves either a finished run or one that
    # can be resumed.
    shutil.copyfile(folder / "best.pt", folder / "model.pt.part")
    (folder / "model.pt.part").replace(folder / "model.pt")
    (folder / "resume.pt").unlink()
    (folder / "best.pt").unlink()


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
            training.model.parameters(), training.settings["gradient_norm"]
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


def _state(training: Training) -> dict:
    state = {
        "identity": dict(training.identity),
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


def _resume(training: Training, path: Path) -> None:
    if not path.exists():
        return
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["identity"] != dict(training.identity):
        changed = sorted(
            key
            for key in state["identity"] | dict(training.identity)
            if state["identity"].get(key) != training.identity.get(key)
        )
        say(
            f"{path} belongs to a training with other settings ({', '.join(changed)}):"
            " starting from the first epoch"
        )
        path.unlink()
        return
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best = state["best"]
    training.history = state["history"]
    torch.set_rng_state(state["random"])
    if torch.cuda.is_available() and "random_cuda" in state:
        torch.cuda.set_rng_state(state["random_cuda"])
    say(f"resuming after epoch {training.epoch - 1}, from {path}")


def save(content: dict, path: Path) -> None:
    """Write a checkpoint so that a half-written one is never found under its name."""
    temporary = path.with_name(path.name + ".part")
    torch.save(content, temporary)
    temporary.replace(path)


def load_model(path: Path) -> dict:
    """Read a run's `model.pt`: keys `model` (weights) and `metrics`.

    Raises:
        InputError: the file is missing or is no checkpoint.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: train it first") from error
    except Exception as error:
        raise InputError(f"{path} is not a checkpoint: {error}") from error


def _short(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
