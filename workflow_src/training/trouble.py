"""What can go wrong on the way through a training, each thing as one sentence."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.models.run_folder import RunRecord
from workflow_src.settings import digest

LOOK_EVERY = 100  # steps; to look is to wait for the device
FAILED = "failed.json"
SHOWN = 3  # clips of a mini-batch that a sentence names


class NotFinite(InputError):
    """A loss or a gradient is no longer finite."""


class FiniteWatch:
    """Looks now and then whether all losses and gradients were finite.

    Args:
        epoch: that is watched.
        first: its first step that is.
        learning_rate: gives the present one, for the error.
    """

    def __init__(
        self, epoch: int, first: int, learning_rate: Callable[[], float]
    ) -> None:
        self.epoch = epoch
        self._next = first
        self._learning_rate = learning_rate
        self._seen: list[tuple[Tensor, Tensor, Any]] = []

    def add(self, loss: Tensor, norm: Tensor, batch: Any) -> None:
        """Notes a step: its loss, the norm of its gradient, its mini-batch.

        Raises:
            NotFinite: a look shows that one of them was not finite.
        """
        self._seen.append((loss, norm, getattr(batch, "names", None)))
        if len(self._seen) >= LOOK_EVERY:
            self.look()

    def look(self) -> None:
        """Looks at all steps since the last look.

        Raises:
            NotFinite: one of them was not finite.
        """
        if not self._seen:
            return
        both = torch.stack([torch.stack([a, b.to(a)]) for a, b, _ in self._seen])
        finite = both.isfinite().all(dim=1).tolist()
        if not all(finite):
            index = finite.index(False)
            raise NotFinite(self._sentence(index, both[index].tolist()))
        self._next += len(self._seen)
        self._seen.clear()

    def _sentence(self, index: int, values: list[float]) -> str:
        loss, norm = values
        bad = f"the loss is {loss}"
        if torch.tensor(loss).isfinite():
            bad = f"the norm of the gradient is {norm}"
        clips = _named(self._seen[index][2])
        return (
            f"epoch {self.epoch}: {bad} at step {self._next + index}{clips}; lower the "
            f"learning rate ({self._learning_rate():g}) or check the data"
        )


def _named(names: Sequence[Sequence[str]] | None) -> str:
    if names is None:
        return ""
    shown = ", ".join(" + ".join(group) for group in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f" (clips {shown}{more})"


def refuse_to_repeat(record: RunRecord, folder: Path) -> None:
    """Stops a training that would go into the same trouble again.

    A training on the same device draws what it drew before. Under other settings,
    inputs, code or options it may get through, and what it failed of is forgotten.

    Args:
        record: of the training that starts.
        folder: of the run.

    Raises:
        NotFinite: it failed before.
    """
    path = folder / FAILED
    try:
        failed = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if failed.get("run") == _fingerprint(record):
        raise NotFinite(
            f"{failed.get('error')}; this training would come to the same again "
            f"(delete {path} to let it try)"
        )
    path.unlink()


def note_failure(record: RunRecord, folder: Path, error: NotFinite) -> None:
    """Writes down what a training failed of, for `refuse_to_repeat`."""
    content = {"run": _fingerprint(record), "error": str(error)}
    write_atomically(folder / FAILED, json.dumps(content, indent=2) + "\n")


def _fingerprint(record: RunRecord) -> str:
    return digest(record, length=16)


class Divisible(Protocol):
    """A mini-batch of which a part can be taken."""

    def __len__(self) -> int:
        """Its samples."""

    def part(self, start: int, stop: int) -> Any:
        """Some of its samples."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device or the machine has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def out_of_memory(
    batch: Divisible | None, loss: Callable[[Any], Tensor], now: int, splits: bool
) -> InputError:
    """Makes the sentence for a step that has no room, by trying smaller ones.

    Args:
        batch: the mini-batch, or None where no part of it can be taken.
        loss: of a mini-batch.
        now: samples at once that did not fit.
        splits: whether `training.micro_batch` may be smaller than the mini-batch.
    """
    said = f"the memory does not hold a step with {now} clips at once"
    if batch is None:
        return InputError(f"{said}: choose a smaller batch_size")
    size = now // 2
    while size and not _fits(batch, loss, size):
        size //= 2
    if not size:
        return InputError(f"{said}, nor with one: choose a smaller model")
    if splits:
        return InputError(
            f"{said}: set training.micro_batch to {size}, which fits and changes "
            "nothing but the memory"
        )
    return InputError(
        f"{said}: a training.batch_size of {size} fits, but is another training; "
        "training.precision bf16 and training.resident none need less memory and "
        "leave it the same"
    )


def _fits(batch: Divisible, loss: Callable[[Any], Tensor], size: int) -> bool:
    # What the failed attempt held is let go of first.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        loss(batch.part(0, size)).backward()  # type: ignore[no-untyped-call] # torch's
    except Exception as error:
        if is_out_of_memory(error):
            return False
        raise
    return True
