"""Parsed captions on disk, by content, shared by parallel jobs."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Generic, TypeVar

from workflow_src.errors import InputError

# Tuples of one caption: (object,), (object, attribute), (object, object, relation).
Tuples = list[list[str]]
Parsed = TypeVar("Parsed")  # what a parser says of a caption, as JSON can hold it


class TupleCache(Generic[Parsed]):
    """Tuples of captions in one SQLite file, apart for each parser.

    Several processes may read and write at once: SQLite locks the file, each
    `put` is one transaction, and equal captions of one parser have equal tuples,
    so that it does not matter who writes them.

    Args:
        path: of the database, made with its folders if it does not exist.
        parser: which parser the tuples are of; whatever changes them is in it.
    """

    def __init__(self, path: Path, parser: str):
        self._path, self._parser = path, parser
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS tuples (parser TEXT, caption TEXT, "
                    "tuples TEXT NOT NULL, PRIMARY KEY (parser, caption)) WITHOUT ROWID"
                )
        except (OSError, sqlite3.Error) as error:
            raise InputError(
                f"the cache of parsed captions {path} cannot be used: {error}"
            ) from None

    def get(self, captions: Iterable[str]) -> dict[str, Parsed]:
        """The tuples of those captions that are there."""
        found = {}
        with closing(self._open()) as database:
            for caption in dict.fromkeys(captions):
                row = database.execute(
                    "SELECT tuples FROM tuples WHERE parser = ? AND caption = ?",
                    (self._parser, caption),
                ).fetchone()
                if row:
                    found[caption] = json.loads(row[0])
        return found

    def put(self, parsed: Mapping[str, Parsed]) -> None:
        """Add the tuples of captions."""
        rows = [(self._parser, c, json.dumps(tuples)) for c, tuples in parsed.items()]
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR IGNORE INTO tuples VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        # Waits this long for another process's transaction, which takes milliseconds.
        return sqlite3.connect(self._path, timeout=60)
