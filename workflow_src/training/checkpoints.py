"""The files that a training leaves while it is under way: its state, its best weights.

`resume.pt` is everything that the next start needs to go on as if nothing had
happened, `best.pt` the weights of the best epoch so far. Both are written by a thread
from a copy in memory, while the training goes on, and appear whole under their names.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from workflow_src.models.run_folder import RESUME
from workflow_src.models.weights import save_weights

BEST = "best.pt"


class Checkpoints:
    """Writes the state of a training every so many minutes.

    The best weights go to the disk with the state that knows of them, not before: so
    both files are of the same time.

    Args:
        folder: of the run.
        minutes: from one state to the next, at least; 0: at every epoch's end.
        writes: False: another process of the same training does.
    """

    def __init__(self, folder: Path, minutes: float, writes: bool = True) -> None:
        self.folder = folder
        self.minutes = minutes
        self.writes = writes
        self._last: float | None = None
        self._started = time.monotonic()
        self._best: dict[str, Any] | None = None
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if error is None:
            self.wait()

    def keep_best(self, content: dict[str, Any]) -> None:
        """Take over the best weights so far, for the next `save`."""
        if self.writes:
            self._best = on_host(content)

    def due(self, epoch_ends: bool) -> bool:
        """Whether a state should be written now.

        The first is written when the first epoch ends, however soon: a disk that
        has no room for it is better found then.

        Args:
            epoch_ends: whether the training is between two epochs.
        """
        if not self.writes:
            return False
        if self._pending is not None and not self._pending.done():
            return epoch_ends and not self.minutes
        if epoch_ends and (self._last is None or not self.minutes):
            return True
        since = self._started if self._last is None else self._last
        elapsed = time.monotonic() - since
        return self.minutes > 0 and elapsed >= 60 * self.minutes

    def save(self, state: dict[str, Any]) -> None:
        """Copy a state, and have it written; waits for the one before.

        Raises:
            OSError: that one could not be written.
        """
        if not self.writes:
            return
        self.wait()
        content, best, self._best = on_host(state), self._best, None
        self._last = time.monotonic()
        self._pending = self._pool.submit(self._write, content, best)

    def wait(self) -> None:
        """Wait until what was saved is on the disk.

        Raises:
            OSError: it could not be written.
        """
        if self._pending is not None:
            self._pending.result()

    def _write(self, state: dict[str, Any], best: dict[str, Any] | None) -> None:
        if best is not None:
            save_weights(best, self.folder / BEST)
        save_weights(state, self.folder / RESUME)


def on_host(value: Any) -> Any:
    """Copy tensors, and lists and dicts of them, to memory that nobody changes."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: on_host(own) for key, own in value.items()}
    if isinstance(value, list):
        return [on_host(own) for own in value]
    return value


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """The state of the generators that a training on a device draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_random_state(
    state: dict[str, torch.Tensor], device: torch.device, seed: int
) -> None:
    """Take over what `random_state` gave, perhaps on another device.

    Args:
        state: of the generators.
        device: of the training now.
        seed: of a GPU's generator, where the state has none.
    """
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda":
        if "cuda" in state:
            torch.cuda.set_rng_state(state["cuda"], device)
        else:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
