"""An index of the sounds of a folder: what the files are, and a vector a window.

The folder of an index holds

- `index.sqlite`: the files, their contents, and the windows of these;
- `vectors-<n>.f32`: a row a window;
- `lock`: held by whoever reads or writes.

Windows belong to the content of a file, by its SHA-256: a file that was moved, copied
or touched is not embedded again. A file is read again only where its size, its time of
modification or its time of change differs, or where it was so young when it was read
that it may have changed since without a trace in these.

Vectors are on the disk before the rows that name them are committed: a killed process
leaves the index as of its last commit, and the next one goes on from there.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from workflow_src.errors import InputError
from workflow_src.files import file_digest
from workflow_src.inference.sounds import BadFile, OnBad
from workflow_src.inference.vectors import Vectors
from workflow_src.inference.windows import in_batches
from workflow_src.progress import say

DATABASE, LOCK = "index.sqlite", "lock"
FILES_A_COMMIT = 256  # what a killed process may lose
YOUNG = 2_000_000_000  # ns; some file systems keep times to 2 s
# `state` is that of `_state`; `problem` says why a content cannot be used.
SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (file TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, problem TEXT);
CREATE INDEX IF NOT EXISTS problems ON contents (id) WHERE problem IS NOT NULL;
CREATE TABLE IF NOT EXISTS windows (
    row INTEGER PRIMARY KEY, content INTEGER NOT NULL, start REAL, finish REAL);
CREATE TABLE IF NOT EXISTS files (
    name BLOB PRIMARY KEY, state TEXT, content INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS files_of_content ON files (content);
"""


class Stretch(NamedTuple):
    """A window without its sound: start and end in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class EmbeddedFile:
    """What a file became.

    Attributes:
        name: path from the folder of sounds.
        windows: that are not silent.
        vectors: (D,) float32 each.
        problem: why the file cannot be used; None for a good one.
    """

    name: str
    windows: Sequence[Stretch] = ()
    vectors: Sequence[NDArray[np.float32]] = ()
    problem: str | None = None


class Changed(NamedTuple):
    """A file that is new or has changed: its name, state and SHA-256."""

    name: str
    state: str | None
    content: bytes


# Names of files -> what each became.
Embed = Callable[[list[str]], Iterable[EmbeddedFile]]


class Hit(NamedTuple):
    """A window that was found: path from the folder, times, and its cosine."""

    name: str
    start: float
    end: float
    score: float


class AudioIndex:
    """An index that is open; `open_index` makes it.

    Args:
        sounds: folder of the sounds.
        place: folder of the index.
        dimension: D of the vectors.
    """

    def __init__(self, sounds: Path, place: Path, dimension: int) -> None:
        self.sounds = sounds
        self.place = place
        self.dimension = dimension
        self.database = sqlite3.connect(place / DATABASE, isolation_level=None)
        self.database.executescript(SCHEMA)
        if self.database.execute("SELECT count(*) FROM vectors").fetchone() == (0,):
            self.database.execute("INSERT INTO vectors VALUES ('vectors-0.f32')")

    @property
    def vectors(self) -> Vectors:
        """The vectors, with those that no file has any more."""
        (name,) = self.database.execute("SELECT file FROM vectors").fetchone()
        return Vectors(self.place / name, self.dimension)

    @property
    def rows(self) -> int:
        """How many of the vectors count, with those that no file has any more."""
        (last,) = self.database.execute("SELECT max(row) FROM windows").fetchone()
        return 0 if last is None else int(last) + 1

    def update(self, names: Iterable[str], embed: Embed, on_bad: OnBad) -> None:
        """Bring the index to what the files are now.

        Args:
            names: of all sounds in the folder, paths from there.
            embed: makes vectors of files.
            on_bad: is told of each file that cannot be used, a known one too.
        """
        known: dict[str, str | None] = {
            os.fsdecode(name): state
            for name, state in self.database.execute("SELECT name, state FROM files")
        }
        present: set[str] = set()
        has_changed = False
        for some in in_batches(names, FILES_A_COMMIT):
            changed: list[Changed] = []
            for name in some:
                path = os.path.join(self.sounds, name)
                before = time.time_ns()
                try:
                    status = os.stat(path)
                    state = _state(status)
                    if known.get(name) != state:
                        kept = None if _is_young(status, before) else state
                        content = bytes.fromhex(file_digest(path))
                        changed.append(Changed(name, kept, content))
                except (OSError, InputError) as error:
                    told = error.strerror if isinstance(error, OSError) else str(error)
                    on_bad(BadFile(path, f"cannot be read: {told}"))
                else:
                    present.add(name)
            if changed:
                has_changed = True
                self._take(changed, embed)
        removed = known.keys() - present
        if removed or has_changed:
            self._forget(removed)
        for name, problem in self.database.execute(
            "SELECT name, problem FROM contents JOIN files ON content = id "
            "WHERE problem IS NOT NULL ORDER BY name"
        ).fetchall():
            on_bad(BadFile(os.path.join(self.sounds, os.fsdecode(name)), problem))

    def search(self, vector: NDArray[np.float32], top: int) -> list[Hit]:
        """The files that are nearest to a vector (D,) of length 1, the best first.

        Each file is there once, by its best window.
        """
        scores = self.vectors.scores(self.rows, vector)
        best: dict[str, Hit] = {}
        for row in np.argsort(-scores, kind="stable").tolist():
            if len(best) >= top:
                break
            for name, start, end in self.database.execute(
                "SELECT name, start, finish FROM windows JOIN files USING (content) "
                "WHERE row = ? ORDER BY name",
                (row,),
            ):
                text = os.fsdecode(name)
                best.setdefault(text, Hit(text, start, end, float(scores[row])))
        return list(best.values())[:top]

    def _take(self, changed: list[Changed], embed: Embed) -> None:
        """Embed contents that are new, and note what the files are."""
        numbers = {file.content: self._number(file.content) for file in changed}
        new: dict[str, int] = {}  # of files with one content, the first is embedded
        (last,) = self.database.execute("SELECT max(id) FROM contents").fetchone()
        for file in changed:
            if numbers[file.content] is None:
                numbers[file.content] = new[file.name] = (last or 0) + len(new) + 1
        embedded = {file.name: file for file in embed(list(new))}
        contents = {number: embedded[name] for name, number in new.items()}
        first = self.rows
        windows = [
            (number, window.start, window.end)
            for number, file in contents.items()
            for window in file.windows
        ]
        if windows:
            vectors = [vector for file in contents.values() for vector in file.vectors]
            self.vectors.append(first, np.stack(vectors))
        sums = {number: content for content, number in numbers.items()}
        with self._transaction():
            self.database.executemany(
                "INSERT INTO contents VALUES (?, ?, ?)",
                [(number, sums[number], f.problem) for number, f in contents.items()],
            )
            self.database.executemany(
                "INSERT INTO windows VALUES (?, ?, ?, ?)",
                [(row, *window) for row, window in enumerate(windows, first)],
            )
            self.database.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
                [(os.fsencode(f.name), f.state, numbers[f.content]) for f in changed],
            )

    def _number(self, content: bytes) -> int | None:
        """The id of a content that is known."""
        query = "SELECT id FROM contents WHERE sha256 = ?"
        found = self.database.execute(query, (content,)).fetchone()
        return None if found is None else int(found[0])

    def _forget(self, removed: Iterable[str]) -> None:
        """Drop files, and what no file holds; once that is most, its room too."""
        with self._transaction():
            self.database.executemany(
                "DELETE FROM files WHERE name = ?",
                [(os.fsencode(name),) for name in removed],
            )
            for table, key in (("windows", "content"), ("contents", "id")):
                self.database.execute(
                    f"DELETE FROM {table} WHERE NOT EXISTS "
                    f"(SELECT 1 FROM files WHERE files.content = {table}.{key})"
                )
        (live,) = self.database.execute("SELECT count(*) FROM windows").fetchone()
        if self.rows > 2 * live:
            self._compact()

    def _compact(self) -> None:
        """Write the vectors that count to a new file, and number them anew."""
        query = "SELECT row FROM windows ORDER BY row"
        rows = [row for (row,) in self.database.execute(query)]
        old = self.vectors
        number = int(old.path.stem.rpartition("-")[2]) + 1
        name = f"vectors-{number}.f32"
        old.copy(rows, self.place / name)
        with self._transaction():
            # In ascending order, so that no number is taken when it is given.
            self.database.executemany(
                "UPDATE windows SET row = ? WHERE row = ?", list(enumerate(rows))
            )
            self.database.execute("UPDATE vectors SET file = ?", (name,))
        old.path.unlink()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")


@contextmanager
def open_index(sounds: Path, place: Path, dimension: int) -> Iterator[AudioIndex]:
    """Open an index, making it where there is none; one process at a time has it.

    Raises:
        InputError: it is damaged, or cannot be written.
    """
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process has the index of {sounds}: waiting for it")
        lock.acquire()
    try:
        index = AudioIndex(sounds, place, dimension)
        try:
            yield index
        finally:
            index.database.close()
    except sqlite3.OperationalError as error:
        raise InputError(f"the index {place} cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"the index {place} is damaged ({error}): delete it, and it is made anew"
        ) from None
    finally:
        lock.release()


def _state(status: os.stat_result) -> str:
    """What differs where a file changed; no program can set the time of change."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _is_young(status: os.stat_result, now: int) -> bool:
    """Whether a file changed so lately that it may again with the same times."""
    return now - max(status.st_mtime_ns, status.st_ctime_ns) < YOUNG
