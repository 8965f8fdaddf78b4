"""Rows of float32 in a file, appended to and searched without being loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.errors import InputError

TYPE = np.dtype("<f4")
# Rows multiplied at once. Half a million rows of 1,024 take 0.25 s so on two cores;
# rows of half precision take ten times as long, for NumPy widens them first.
BLOCK = 65_536


class Vectors:
    """A file of vectors. How many of its rows count is for its owner to say.

    Args:
        path: of the file; need not exist while no row counts.
        dimension: D, numbers in a row.
    """

    def __init__(self, path: Path, dimension: int) -> None:
        self.path = path
        self.dimension = dimension

    def append(self, rows: int, vectors: NDArray[np.float32]) -> None:
        """Put vectors (N, D) behind the first `rows` rows, and on the disk.

        What a killed process left behind those is overwritten.
        """
        with self.path.open("ab") as out:
            out.truncate(rows * self.dimension * TYPE.itemsize)
            out.write(np.ascontiguousarray(vectors, TYPE).tobytes())
            out.flush()
            os.fsync(out.fileno())

    def read(self, rows: int) -> NDArray[np.float32]:
        """The first `rows` rows (rows, D), memory-mapped.

        Raises:
            InputError: the file has fewer.
        """
        shape = (rows, self.dimension)
        if not rows:
            return np.empty(shape, np.float32)
        try:
            return np.memmap(self.path, TYPE, "r", shape=shape).view(np.ndarray)
        except (OSError, ValueError):
            raise InputError(
                f"{self.path} is damaged: delete its folder, and the index is made anew"
            ) from None

    def copy(self, rows: Sequence[int], to: Path) -> None:
        """Write some of the rows, ascending, to another file."""
        vectors = self.read(rows[-1] + 1 if rows else 0)
        with to.open("wb") as out:
            for start in range(0, len(rows), BLOCK):
                out.write(vectors[list(rows[start : start + BLOCK])].tobytes())
            out.flush()
            os.fsync(out.fileno())

    def scores(self, rows: int, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The dot product of each of the first `rows` rows with a vector (D,)."""
        vectors = self.read(rows)
        scores = np.empty(rows, np.float32)
        for start in range(0, rows, BLOCK):
            part = slice(start, start + BLOCK)
            np.dot(vectors[part], vector, out=scores[part])
        return scores
