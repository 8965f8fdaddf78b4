"""Rows of one shape and type on disk, memory-mapped, each under a name.

A store is a folder with two files: `array.raw`, the rows one after the other in
C order and little-endian, and `index.json`, which names each row and
holds the SHA-256 of every block of rows that was appended. It is written by
`workflow_src.audio.row_writer`.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NotRequired, Self, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from workflow_src.errors import InputError

ARRAY, INDEX = "array.raw", "index.json"
COPY_BYTES = 16 << 20  # of a block read at once when stores are joined or verified

Rows = NDArray[Any]  # of the store's own type
RowNumbers = Sequence[int] | NDArray[np.integer]


class NoSuchClip(InputError, KeyError):
    """A store does not hold a clip."""

    __str__ = InputError.__str__  # a KeyError's is between quotation marks


class Block(TypedDict):
    """Rows that were appended together, and share a checksum.

    Attributes:
        rows: their number.
        sha256: of their bytes.
        names: in the progress file, the clips' file names.
    """

    rows: int
    sha256: str
    names: NotRequired[list[str]]


class Index(TypedDict):
    """The content of `index.json`; without blocks and names, of a writer's header.

    Attributes:
        dtype: as numpy writes it.
        row_shape: of one row.
        description: what the writer said about the content.
        blocks: what was appended, in order.
        names: the clips' file names in row order.
    """

    dtype: str
    row_shape: list[int]
    description: dict[str, Any]
    blocks: NotRequired[list[Block]]
    names: NotRequired[list[str]]


class RowStore:
    """Rows of one array on disk, opened by memory map.

    Opening checks that the array is as long as the index says; `verify` reads it
    all.

    Args:
        folder: of the store.

    Attributes:
        names: the clips' file names in row order.
        shape: (rows, ...).
        description: what the writer said about the content.
        blocks: what was appended, in order.

    Raises:
        InputError: the folder holds no whole store of this kind.
    """

    dtype: np.dtype[Any]
    row_dimensions: int

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        index = _read_index(self.folder)
        if np.dtype(index["dtype"]) != self.dtype:
            raise InputError(
                f"{self.folder} holds {index['dtype']}, not {self.dtype.str} rows"
            )
        self.description = index["description"]
        self.blocks = index["blocks"]
        self.names = index["names"]
        self.shape = (len(self.names), *index["row_shape"])
        if len(self.shape) != 1 + self.row_dimensions:
            raise InputError(f"{self.folder} holds rows of shape {self.shape[1:]}")
        self._rows_by_name: dict[str, int] | None = None
        self._array = self._map()

    def _map(self) -> Rows:
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

    def __reduce__(self) -> tuple[type[Self], tuple[Path]]:
        # A worker process maps the file anew instead of receiving its content.
        return type(self), (self.folder,)

    def row(self, name: str) -> int:
        """Find the row of a clip.

        Raises:
            NoSuchClip: the store does not hold it.
        """
        if self._rows_by_name is None:
            self._rows_by_name = {name: row for row, name in enumerate(self.names)}
        if name not in self._rows_by_name:
            raise NoSuchClip(f"{self.folder} has no clip {name}: make it anew")
        return self._rows_by_name[name]

    def read(self, rows: RowNumbers | slice, out: Rows | None = None) -> Rows:
        """Read rows, copied once, from the map to the result.

        Args:
            rows: their numbers; or a slice, which is not copied at all.
            out: (len(rows), ...), takes the rows instead of a new array (a pinned
                buffer, say).

        Returns:
            (len(rows), ...); of a slice without `out` a read-only view of the map.
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
        """Compare every block with its checksum.

        Raises:
            InputError: names the first block that is damaged.
        """
        row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        path = self.folder / ARRAY
        with path.open("rb") as file:
            first = 0
            for block in self.blocks:
                digest = hashlib.sha256()
                for chunk in chunks(file, block["rows"] * row_bytes):
                    digest.update(chunk)
                if digest.hexdigest() != block["sha256"]:
                    last = first + block["rows"] - 1
                    raise InputError(f"{path}: rows {first} to {last} are damaged")
                first += block["rows"]


def chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Read so many bytes from where a file stands, in parts that fit the memory.

    Raises:
        InputError: the file ends before.
    """
    while size > 0:
        chunk = file.read(min(size, COPY_BYTES))
        if not chunk:
            raise InputError(f"{file.name} ends early")
        size -= len(chunk)
        yield chunk


def _read_index(folder: Path) -> Index:
    path = folder / INDEX
    try:
        return cast(Index, json.loads(path.read_text()))
    except FileNotFoundError:
        raise InputError(f"{folder} is not a finished store: no {INDEX}") from None
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}") from None
