"""The clips of a training's pairs: kept on the device, or read row by row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_src.errors import InputError
from workflow_src.training.parcel import empty_on_host
from workflow_src.training.settings import Resident

ROWS_AT_ONCE = 256  # of a store that is copied to the device
# Of a GPU's free memory, for clips; the rest is for the weights and the step.
SHARE_OF_FREE_MEMORY = 0.5


class Store(Protocol):
    """What is used of a waveform or log-mel store."""

    @property
    def names(self) -> Sequence[str]:
        """File names of the clips, row by row."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, ...)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows."""

    def read(
        self, rows: NDArray[np.int64], out: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """Read the clips of `rows`: int16 (B, T) or float16 (B, L, 64)."""


class ClipsOfPairs:
    """The clips of a store, by the numbers of the pairs that they belong to.

    Args:
        names: file name of each pair.
        store: has all of them.
        kind: of the store, for the error.
        device: where the clips are needed.

    Raises:
        InputError: a clip is not in the store.
    """

    def __init__(
        self, names: Sequence[str], store: Store, kind: str, device: torch.device
    ) -> None:
        rows = {name: row for row, name in enumerate(store.names)}
        missing = [name for name in names if name not in rows]
        if missing:
            raise InputError(
                f"clip {missing[0]} has a caption but is not in the {kind} store "
                f"(captions without a clip there: {len(missing)})"
            )
        self._store = store
        self._rows = np.array([rows[name] for name in names])
        self._device = device
        self._resident: Tensor | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one clip."""
        return tuple(self._store.shape[1:])

    @property
    def nbytes(self) -> int:
        """Bytes of the clips, each once."""
        clips = len(np.unique(self._rows))
        return clips * int(np.prod(self.shape)) * self._store.dtype.itemsize

    @property
    def resident(self) -> bool:
        """Whether the clips lie on the device."""
        return self._resident is not None

    def make_resident(self) -> None:
        """Copies every clip to the device, each once."""
        kept, self._rows = np.unique(self._rows, return_inverse=True)
        whole = torch.empty(
            (len(kept), *self.shape), dtype=self._dtype, device=self._device
        )
        for first in range(0, len(kept), ROWS_AT_ONCE):
            part = self._from_store(kept[first : first + ROWS_AT_ONCE])
            whole[first : first + len(part)].copy_(part, non_blocking=True)
        self._resident = whole

    def read(self, pairs: NDArray[np.int64]) -> Tensor:
        """What travels to the device for some pairs, P of them, none of them empty.

        Returns:
            Their rows (P,) where the clips are resident, else the clips (P, ...).
        """
        rows = self._rows[pairs]
        return torch.from_numpy(rows) if self.resident else self._from_store(rows)

    def on_device(self, read: Tensor) -> Tensor:
        """Makes of what `read` gave, and of it on the device, the clips there."""
        if self._resident is not None:
            return self._resident[read]
        return read.to(self._device, non_blocking=True)

    @property
    def _dtype(self) -> torch.dtype:
        return torch.from_numpy(np.empty(0, self._store.dtype)).dtype

    def _from_store(self, rows: NDArray[np.int64]) -> Tensor:
        if self._device.type != "cuda":
            return torch.from_numpy(np.ascontiguousarray(self._store.read(rows)))
        clips = empty_on_host((len(rows), *self.shape), self._dtype, self._device)
        self._store.read(rows, out=clips.numpy())
        return clips


def make_resident(
    choice: Resident,
    device: torch.device,
    log_mels: ClipsOfPairs,
    waveforms: ClipsOfPairs | None,
) -> None:
    """Copies to the device what shall lie there during the whole training.

    Args:
        choice: `auto` takes what fits in a share of a GPU's free memory, log-mels
            first, and nothing where the device is no GPU.
        device: of the training.
        log_mels: of all pairs.
        waveforms: of all pairs, where the recipe needs them.

    Raises:
        InputError: the device has too little memory for what was asked for.
    """
    stores = [log_mels] if waveforms is None else [log_mels, waveforms]
    if choice == "none" or (choice == "auto" and device.type != "cuda"):
        return
    if choice == "auto":
        left = SHARE_OF_FREE_MEMORY * torch.cuda.mem_get_info(device)[0]
        stores = fitting(stores, left)
    elif choice == "log_mels":
        stores = stores[:1]
    try:
        for store in stores:
            store.make_resident()
    except torch.OutOfMemoryError:
        size = sum(store.nbytes for store in stores) / 2**30
        smaller = "log_mels or none" if len(stores) > 1 else "none"
        raise InputError(
            f"training.resident is {choice}, but {device} has no room for {size:.1f} "
            f"GiB of clips: set it to {smaller}"
        ) from None


def fitting(stores: Sequence[ClipsOfPairs], memory: float) -> list[ClipsOfPairs]:
    """The first stores that fit together into so many bytes."""
    sizes = list(accumulate(store.nbytes for store in stores))
    return [own for own, size in zip(stores, sizes, strict=True) if size <= memory]
