"""Stores of waveforms packed for the way: FLAC where that is smaller, bit for bit.

    <folder>/index.json     that of the store, sign by sign, with its checksums
    <folder>/00000.flac     its first rows, one after the other as one sound
    <folder>/00001.raw      the next ones as they are, where FLAC would not be smaller

A part that is packed or unpacked is whole under its name, so a killed call goes on.
"""

from __future__ import annotations

import io
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.audio.rows import ARRAY, INDEX
from workflow_src.audio.store import WaveformStore
from workflow_src.errors import InputError
from workflow_src.files import require_disk, write_atomically

ROWS = 64  # of a part: 41 MB of ten-second clips at 32 kHz


def pack(store: Path, folder: Path, sample_rate: int) -> None:
    """Pack a store; nothing happens where it is packed already.

    Args:
        store: folder of the store.
        folder: gets the parts.
        sample_rate: Hz; only players of the parts need it.

    Raises:
        InputError: there is no whole store.
    """
    waveforms = WaveformStore(store)
    index = (store / INDEX).read_bytes()
    if _index_of(folder) == index:
        return
    partial = folder.with_name(folder.name + ".partial")
    if _index_of(partial) != index:
        shutil.rmtree(partial, ignore_errors=True)
        write_atomically(partial / INDEX, index)
    for number, first in enumerate(range(0, len(waveforms), ROWS)):
        if not _part(partial, number):
            rows = waveforms.read(slice(first, first + ROWS))
            content, suffix = _packed(rows, sample_rate)
            write_atomically(partial / f"{number:05}{suffix}", content)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def unpack(folder: Path, store: Path) -> None:
    """Make the store that was packed; nothing happens where it is already.

    Args:
        folder: with the parts.
        store: folder of the store.

    Raises:
        InputError: a part is missing or damaged, another store is there, or the disk
            is too full.
    """
    index = _index_of(folder)
    if index is None:
        raise InputError(f"{folder} holds no packed waveforms: it has no {INDEX}")
    if _index_of(store) == index:
        return
    if store.exists():
        raise InputError(f"{store} holds other waveforms than {folder}: move it away")
    partial = store.with_name(store.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with (partial / ARRAY).open("wb") as file:
        for content in _unpacked(folder, store):
            file.write(content)
    (partial / INDEX).write_bytes(index)
    WaveformStore(partial).verify()
    partial.rename(store)


def _packed(rows: NDArray[np.int16], sample_rate: int) -> tuple[bytes, str]:
    """The content of a part and its suffix."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(
        content, rows.reshape(-1), sample_rate, format="FLAC", subtype="PCM_16"
    )
    if len(content.getvalue()) < rows.nbytes:
        content.seek(0)
        again, _ = soundfile.read(content, dtype="int16")
        if np.array_equal(again, rows.reshape(-1)):
            return content.getvalue(), ".flac"
    return np.ascontiguousarray(rows, WaveformStore.dtype).tobytes(), ".raw"


def _unpacked(folder: Path, store: Path) -> Iterator[bytes]:
    """The bytes of each part in turn."""
    import soundfile

    header = json.loads((folder / INDEX).read_bytes())
    rows = len(header["names"])
    size = rows * math.prod(header["row_shape"]) * WaveformStore.dtype.itemsize
    require_disk(store, size, f"unpacking {rows} clips")
    for number in range(math.ceil(rows / ROWS)):
        part = _part(folder, number)
        if part is None:
            raise InputError(f"{folder} lacks part {number:05}: pull it again")
        if part.suffix == ".raw":
            yield part.read_bytes()
            continue
        try:
            samples, _ = soundfile.read(part, dtype="int16")
        except soundfile.SoundFileError as error:
            raise InputError(f"{part} is damaged, pull it again: {error}") from None
        yield np.ascontiguousarray(samples, WaveformStore.dtype).tobytes()


def _part(folder: Path, number: int) -> Path | None:
    for suffix in (".flac", ".raw"):
        path = folder / f"{number:05}{suffix}"
        if path.is_file():
            return path
    return None


def _index_of(folder: Path) -> bytes | None:
    path = folder / INDEX
    return path.read_bytes() if path.is_file() else None
