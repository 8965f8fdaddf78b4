"""The two caches of a corpus: decoded waveforms, and log-mels of a front end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workflow_src.audio.row_writer import RowWriter, join_rows
from workflow_src.audio.rows import RowStore
from workflow_src.errors import InputError
from workflow_src.files import require_disk

# Decoding goes through here in many short jobs, and torch takes seconds to import.
if TYPE_CHECKING:
    import torch

FULL_SCALE = 32768.0  # int16 waveforms divided by it lie in [-1, 1)
BLOCK = 512  # rows that share a checksum; an interrupted job repeats one block


class WaveformStore(RowStore):
    """Waveforms (N, T) int16; divide by FULL_SCALE for floats in [-1, 1)."""

    dtype = np.dtype("<i2")
    row_dimensions = 1


class LogMelStore(RowStore):
    """Log-mel spectrograms (N, L, F) float16, in dB."""

    dtype = np.dtype("<f2")
    row_dimensions = 2


def write_waveforms(
    out: str | Path,
    names: Sequence[str],
    waveforms: Iterable[NDArray[np.int16]],
    samples: int,
) -> None:
    """Write a WaveformStore; what an interrupted writer left is dropped.

    Args:
        out: folder of the store.
        names: file names of the clips.
        waveforms: (samples,), one for each name.
        samples: T.
    """
    with RowWriter(WaveformStore, out, (samples,), {}) as writer:
        writer.restart()
        writer.append(names, waveforms)
        writer.finish()


def join_waveforms(parts: Sequence[str | Path], out: str | Path) -> None:
    """Join WaveformStores in the order of `parts`; see `row_writer.join_rows`."""
    join_rows(WaveformStore, [Path(part) for part in parts], Path(out))


def write_log_mels(
    waveforms: str | Path | WaveformStore,
    frontend: torch.nn.Module,
    out: str | Path,
    batch: int = 32,
    device: str | torch.device = "cpu",
) -> None:
    """Compute a front end's log-mels of every waveform and write a LogMelStore.

    Memory use does not depend on the number of clips. An interrupted call is
    continued by one with the same waveforms and front end.

    Args:
        waveforms: the store, or its folder.
        frontend: (B, T) floats in [-1, 1] -> (B, L, F) in dB.
        out: folder of the new store.
        batch: clips that the front end gets at once.
        device: where the front end runs.

    Raises:
        InputError: the disk is too full, or a log-mel has values that half
            precision does not hold.
    """
    if not isinstance(waveforms, WaveformStore):
        waveforms = WaveformStore(waveforms)
    frontend = frontend.to(device).eval()
    row_shape = _row_shape(frontend, waveforms.shape[1], device)
    description = {
        "frontend": f"{type(frontend).__name__} {frontend.extra_repr()}".strip(),
        "waveforms": [block["sha256"] for block in waveforms.blocks],
    }
    with RowWriter(LogMelStore, out, row_shape, description) as writer:
        done = len(writer.names)
        left = (len(waveforms) - done) * writer.row_bytes
        require_disk(out, left, f"{len(waveforms)} log-mels")
        for first in range(done, len(waveforms), BLOCK):
            rows = range(first, min(first + BLOCK, len(waveforms)))
            names = waveforms.names[rows.start : rows.stop]
            writer.append(names, _log_mels(waveforms, frontend, rows, batch, device))
        writer.finish()


def to_float(
    waveforms: NDArray[np.int16], device: str | torch.device = "cpu"
) -> torch.Tensor:
    """Put waveforms (B, T) on a device as float32 in [-1, 1); int16 is what travels."""
    import torch

    from workflow_src.device import send

    # A view of a memory map is read-only, which torch warns about.
    waveforms = np.require(waveforms, requirements="W")
    return send(torch.from_numpy(waveforms), torch.device(device)) * (1 / FULL_SCALE)


def _row_shape(
    frontend: torch.nn.Module, samples: int, device: str | torch.device
) -> tuple[int, ...]:
    import torch

    with torch.inference_mode():
        return tuple(frontend(torch.zeros(1, samples, device=device)).shape[1:])


def _log_mels(
    waveforms: WaveformStore,
    frontend: torch.nn.Module,
    rows: range,
    batch: int,
    device: str | torch.device,
) -> Iterator[NDArray[np.float16]]:
    import torch

    for first in range(rows.start, rows.stop, batch):
        part = range(first, min(first + batch, rows.stop))
        with torch.inference_mode():
            mels = frontend(to_float(waveforms.read(part), device)).half()
        if not torch.isfinite(mels).all():
            bad = part[int((~torch.isfinite(mels)).flatten(1).any(1).nonzero()[0])]
            raise InputError(
                f"log-mel of {waveforms.names[bad]} has values that are not finite "
                "in half precision"
            )
        yield mels.cpu().numpy()
