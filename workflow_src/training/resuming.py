"""The state of a training that was interrupted: what it is, and going on from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from workflow_src.augment.generators import seed_from
from workflow_src.errors import InputError, in_one_line
from workflow_src.models.run_folder import RESUME
from workflow_src.models.weights import load_weights
from workflow_src.progress import say
from workflow_src.settings import differences, digest
from workflow_src.training.checkpoints import BEST, random_state, set_random_state

if TYPE_CHECKING:
    from workflow_src.training.loop import Training


def state_of(training: Training) -> dict[str, Any]:
    """All that the next start needs to go on with a training."""
    return {
        "decisive": training.record.decisive,
        "model": training.model.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "scheduler": training.scheduler.state_dict(),
        "epoch": training.epoch,
        "step": training.step,
        "began_at": training.began_at,
        "losses": torch.stack(training.losses) if training.losses else None,
        "best": training.best,
        "history": training.history,
        "random": random_state(training.device),
    }


def resume(training: Training, folder: Path) -> None:
    """Take over what an interrupted run of the same settings and data left.

    What another run left is put aside.

    Args:
        training: as it begins; goes on from where the other stopped.
        folder: of the run.

    Raises:
        InputError: the resume file is damaged, or of another version of the code.
    """
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
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is of another version of the code ({in_one_line(error)}); {anew}"
        ) from None
    where = f"after epoch {training.epoch - 1}"
    if training.step:
        where = f"in epoch {training.epoch}, after {training.step} steps"
    say(f"resuming {where}, from {path}")


def _take_over(training: Training, state: dict[str, Any]) -> None:
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["optimizer"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.epoch = state["epoch"]
    training.best = state["best"]
    training.history = state["history"]
    training.step, training.began_at = state["step"], state["began_at"]
    losses = state["losses"]
    training.losses = [] if losses is None else list(losses.to(training.device))
    # Elsewhere the dropout of the first epoch would come again.
    seed = seed_from(training.seed, "resumed", training.epoch, training.step)
    set_random_state(state["random"], training.device, seed)
