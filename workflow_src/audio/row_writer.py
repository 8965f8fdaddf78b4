"""Writes stores of rows, block by block, so that a killed job loses one block.

The index is written last and the folder gets its name by a rename: a folder with this
name is whole. While it is written it is called `<name>.partial`, which survives a
killed job and is continued by the next writer with the same description. A store that
it replaces is there until then; between the two, for a moment, is none.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from workflow_src.audio.rows import (
    ARRAY,
    INDEX,
    Block,
    Index,
    Rows,
    RowStore,
    chunks,
)
from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    flush_folder,
    naming,
    open_json_lines,
    read_json_lines,
    require_disk,
    write_atomically,
)
from workflow_src.locks import FolderLock

PROGRESS = "progress.jsonl"


class RowWriter:
    """Appends blocks of rows to a store; what was appended survives a kill.

    `finish` gives the store its final name; leaving the `with` block without it keeps
    the partial store.

    Args:
        kind: of the store.
        folder: of the store.
        row_shape: of one row.
        description: what the rows are; an interrupted writer with another one is not
            continued.

    Attributes:
        names: the clips written so far: not empty where an earlier writer with the
            same row shape and description was interrupted.
        blocks: likewise.
        row_bytes: of one row.

    Raises:
        InputError: what was written before is damaged, or another process writes it.
    """

    def __init__(
        self,
        kind: type[RowStore],
        folder: str | Path,
        row_shape: Sequence[int],
        description: dict[str, Any],
    ) -> None:
        self.folder = Path(folder)
        self.partial = self.folder.with_name(self.folder.name + ".partial")
        self.dtype = kind.dtype
        self.row_shape = tuple(row_shape)
        self.row_bytes = int(np.prod(row_shape)) * kind.dtype.itemsize
        self.names: list[str] = []
        self.blocks: list[Block] = []
        self._header: Index = {
            "dtype": kind.dtype.str,
            "row_shape": list(row_shape),
            "description": description,
        }
        self._open()

    def _open(self) -> None:
        self._lock = FolderLock(self.partial)
        try:
            lines = read_json_lines(self.partial / PROGRESS)
            self._array = (self.partial / ARRAY).open("ab")
            self._progress = open_json_lines(self.partial / PROGRESS)
        except BaseException:
            self._lock.release()
            raise
        if lines and lines[0] == self._header:
            self.blocks = [
                {"rows": line["rows"], "sha256": line["sha256"]} for line in lines[1:]
            ]
            self.names = [name for line in lines[1:] for name in line["names"]]
            if self._array.tell() < len(self.names) * self.row_bytes:
                self._close()
                raise InputError(f"{self.partial} has lost rows: delete it")
            # What a kill left behind the last whole line.
            self._array.truncate(len(self.names) * self.row_bytes)
        else:
            self.restart()

    def restart(self) -> None:
        """Forget what an interrupted writer left."""
        self.names, self.blocks = [], []
        self._progress.truncate(0)
        self._array.truncate(0)
        append_json_line(self._progress, dict(self._header))

    def append(self, names: Sequence[str], rows: Iterable[Rows | bytes]) -> None:
        """Append one block.

        Args:
            names: file names of the clips.
            rows: the clips' rows, in parts of any size: arrays, or their bytes.

        Raises:
            ValueError: there are not as many rows as names.
        """
        digest, written = hashlib.sha256(), 0
        with naming(self.partial / ARRAY):
            for part in rows:
                content: bytes | memoryview = (
                    part
                    if isinstance(part, bytes)
                    else np.ascontiguousarray(part, self.dtype).data.cast("B")
                )
                digest.update(content)
                self._array.write(content)
                written += len(content)
            self._array.flush()
            os.fsync(self._array.fileno())
        if written != len(names) * self.row_bytes:
            raise ValueError(
                f"{len(names)} names came with {written / self.row_bytes:g} rows"
            )
        block = Block(rows=len(names), sha256=digest.hexdigest())
        append_json_line(self._progress, {**block, "names": list(names)})
        self.blocks.append(block)
        self.names.extend(names)

    def finish(self) -> None:
        """Write the index and give the folder its name.

        Raises:
            ValueError: a clip was appended twice.
        """
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"{self.folder}: a clip is in the store twice")
        index = {**self._header, "blocks": self.blocks, "names": self.names}
        write_atomically(self.partial / INDEX, json.dumps(index, indent=0))
        self._array.close()
        self._progress.close()
        replaced = self.folder.with_name(self.folder.name + ".replaced")
        if replaced.exists():
            shutil.rmtree(replaced)
        if self.folder.exists():
            self.folder.rename(replaced)
        self.partial.rename(self.folder)
        (self.folder / PROGRESS).unlink()
        self._lock.release(now_at=self.folder)
        flush_folder(self.folder)
        flush_folder(self.folder.parent)
        if replaced.exists():
            shutil.rmtree(replaced)

    def _close(self) -> None:
        try:
            self._array.close()  # writes what is buffered: the disk may be full
        finally:
            self._progress.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def join_rows(kind: type[RowStore], parts: Sequence[Path], out: Path) -> None:
    """Join stores into one, checking their checksums.

    An interrupted join goes on with the first part that it had not appended.

    Args:
        kind: of the stores.
        parts: folders of stores, in the order of the result.
        out: folder of the result.

    Raises:
        InputError: a part is damaged, no part has a row or the disk is too full.
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
                writer.append(store.names, chunks(file, size))
        writer.finish()
