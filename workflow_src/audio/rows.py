"""Rows of one shape and type on disk, memory-mapped, each under a name.

A store is a folder with two files: `array.raw`, the rows one after the other in
C order and little-endian, and `index.json`, which names each row and
holds the SHA-256 of every block of rows that was appended. The index is written
last and the folder gets its name by a rename: a folder with this name is whole.
While it is written it is called `<name>.partial`, which survives a killed job
and is continued by the next writer with the same description.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    read_json_lines,
    require_disk,
    write_atomically,
)

ARRAY, INDEX, PROGRESS = "array.raw", "index.json", "progress.jsonl"
COPY_BYTES = 16 << 20  # of a block read at once when stores are joined or verified


class RowStore:
    """Rows of one array on disk, opened by memory map.

    `names` are the clips' file names in row order, `shape` is (rows, ...), and
    `description` is what the writer said about the content. Opening checks that
    the array is as long as the index says; `verify` reads it all.
    """

    dtype: np.dtype
    row_dimensions: int

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        index = _read_index(self.folder)
        if np.dtype(index["dtype"]) != self.dtype:
            raise InputError(
                f"{self.folder} holds {index['dtype']}, not {self.dtype.str} rows"
            )
        self.description: dict = index["description"]
        self.blocks: list[dict] = index["blocks"]
        self.names: list[str] = index["names"]
        self.shape = (len(self.names), *index["row_shape"])
        if len(self.shape) != 1 + self.row_dimensions:
            raise InputError(f"{self.folder} holds rows of shape {self.shape[1:]}")
        self._rows_by_name: dict[str, int] | None = None
        self._array = self._map()

    def _map(self) -> np.ndarray:
        path = self.folder / ARRAY
        expected = int(np.prod(self.shape)) * self.dtype.itemsize
        size = path.stat().st_size
        if size != expected:
            raise InputError(f"{path} has {size:,} bytes, its index says {expected:,}")
        if expected == 0:  # an empty file cannot be mapped
            return np.empty(self.shape, self.dtype)
        return np.memmap(path, self.dtype, "r", shape=self.shape).view(np.ndarray)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of names and rows, from the checksums of the index."""
        content = json.dumps([self.shape, self.names, self.blocks])
        return hashlib.sha256(content.encode()).hexdigest()

    def __reduce__(self):
        # A worker process maps the file anew instead of receiving its content.
        return type(self), (self.folder,)

    def row(self, name: str) -> int:
        """Row of a clip; KeyError where the store does not hold it."""
        if self._rows_by_name is None:
            self._rows_by_name = {name: row for row, name in enumerate(self.names)}
        return self._rows_by_name[name]

    def read(
        self, rows: Sequence[int] | slice, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Rows as an array (len(rows), ...), copied once, from the map to the result.

        A slice is not copied at all: it is a read-only view of the map. `out`
        takes the rows instead of a new array (a pinned buffer, say).
        """
        if isinstance(rows, slice):
            if out is None:
                return self._array[rows]
            rows = range(*rows.indices(len(self)))
        if out is None:
            out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for position, row in enumerate(rows):
            out[position] = self._array[row]
        return out

    def verify(self) -> None:
        """Compare every block with its checksum; InputError names the first bad one."""
        row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        path = self.folder / ARRAY
        with path.open("rb") as file:
            first = 0
            for block in self.blocks:
                digest = hashlib.sha256()
                for chunk in _chunks(file, block["rows"] * row_bytes):
                    digest.update(chunk)
                if digest.hexdigest() != block["sha256"]:
                    last = first + block["rows"] - 1
                    raise InputError(f"{path}: rows {first} to {last} are damaged")
                first += block["rows"]


class RowWriter:
    """Appends blocks of rows to a store; what was appended survives a kill.

    `names` are the clips written so far: not empty where an earlier writer with
    the same row shape and description was interrupted. `finish` gives the store
    its final name; leaving the `with` block without it keeps the partial store.
    """

    def __init__(
        self,
        kind: type[RowStore],
        folder: str | Path,
        row_shape: Sequence[int],
        description: dict,
    ):
        self.folder = Path(folder)
        self.partial = self.folder.with_name(self.folder.name + ".partial")
        self.dtype = kind.dtype
        self.row_shape = tuple(row_shape)
        self.row_bytes = int(np.prod(row_shape)) * kind.dtype.itemsize
        self.names: list[str] = []
        self.blocks: list[dict] = []
        self._header = {
            "dtype": kind.dtype.str,
            "row_shape": list(row_shape),
            "description": description,
        }
        self._open()

    def _open(self) -> None:
        self.partial.mkdir(parents=True, exist_ok=True)
        self._array = (self.partial / ARRAY).open("ab")
        progress = self.partial / PROGRESS
        lines = read_json_lines(progress)
        self._progress = progress.open("r+b" if lines else "wb")
        if lines and lines[0] == self._header:
            self.blocks = [
                {"rows": line["rows"], "sha256": line["sha256"]} for line in lines[1:]
            ]
            self.names = [name for line in lines[1:] for name in line["names"]]
            self._rewind(lines)
        else:
            self._rewind([self._header])

    def _rewind(self, lines: list[dict]) -> None:
        """Drop what was written after the last whole line of the progress file."""
        if self._array.tell() < len(self.names) * self.row_bytes:
            raise InputError(f"{self.partial} has lost rows: delete it")
        self._array.truncate(len(self.names) * self.row_bytes)
        self._progress.seek(0)
        self._progress.truncate()
        for line in lines:
            append_json_line(self._progress, line)

    def restart(self) -> None:
        """Forget what an interrupted writer left."""
        self.names, self.blocks = [], []
        self._rewind([self._header])

    def append(self, names: Sequence[str], rows: Iterable[np.ndarray | bytes]) -> None:
        """Append one block: the clips' names and their rows, in parts of any size."""
        digest, written = hashlib.sha256(), 0
        for part in rows:
            if isinstance(part, np.ndarray):
                part = memoryview(np.ascontiguousarray(part, self.dtype)).cast("B")
            digest.update(part)
            self._array.write(part)
            written += len(part)
        if written != len(names) * self.row_bytes:
            raise ValueError(
                f"{len(names)} names came with {written / self.row_bytes:g} rows"
            )
        self._array.flush()
        os.fsync(self._array.fileno())
        block = {"rows": len(names), "sha256": digest.hexdigest()}
        append_json_line(self._progress, block | {"names": list(names)})
        self.blocks.append(block)
        self.names.extend(names)

    def finish(self) -> None:
        """Write the index and give the folder its name."""
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.folder}: a clip is in the store twice")
        self._close()
        index = self._header | {"blocks": self.blocks, "names": self.names}
        write_atomically(self.partial / INDEX, json.dumps(index, indent=0))
        (self.partial / PROGRESS).unlink()
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.partial.rename(self.folder)

    def _close(self) -> None:
        self._array.close()
        self._progress.close()

    def __enter__(self) -> "RowWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def join_rows(kind: type[RowStore], parts: Sequence[Path], out: Path) -> None:
    """Append the stores `parts` into one, in this order, checking their checksums.

    An interrupted join goes on with the first part that it had not appended.
    InputError where a part is damaged, no part has a row or the disk is too full.
    """
    stores = [kind(part) for part in parts]
    if not any(len(store) for store in stores):
        raise InputError(f"{out}: no clip is usable, so there is nothing to store")
    description = stores[0].description | {
        "parts": [[block["sha256"] for block in store.blocks] for store in stores]
    }
    with RowWriter(kind, out, stores[0].shape[1:], description) as writer:
        left = sum(len(store) for store in stores) - len(writer.names)
        require_disk(out, left * writer.row_bytes, f"joining {len(stores)} stores")
        for store in stores[len(writer.blocks) :]:
            if store.shape[1:] != writer.row_shape:
                raise InputError(f"{store.folder} has rows of shape {store.shape[1:]}")
            store.verify()
            with (store.folder / ARRAY).open("rb") as file:
                size = len(store) * writer.row_bytes
                writer.append(store.names, _chunks(file, size))
        writer.finish()


def _chunks(file, size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = file.read(min(size, COPY_BYTES))
        if not chunk:
            raise InputError(f"{file.name} ends early")
        size -= len(chunk)
        yield chunk


def _read_index(folder: Path) -> dict:
    path = folder / INDEX
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{folder} is not a finished store: no {INDEX}") from None
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}") from None
