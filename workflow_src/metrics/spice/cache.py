"""Parsed captions on disk, by content, shared by parallel jobs."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from workflow_src.errors import InputError

# Tuples of one caption: (object,), (object, attribute), (object, object, relation).
Tuples = list[list[str]]
Parsed = TypeVar("Parsed")  # a parser's tuples of a caption, as JSON


class TupleCache(Generic[Parsed]):
    """Tuples of captions in one SQLite file, apart for each parser.

    Several processes may read and write at once: SQLite locks the file, each
    `put` is one transaction, and equal captions of one parser have equal tuples,
    so that it does not matter who writes them.

    Args:
        path: of the database, made with its folders if it does not exist.
        parser: which parser the tuples are of; whatever changes them is in it.

    Raises:
        InputError: the database is damaged or cannot be used.
    """

    def __init__(self, path: Path, parser: str):
        self._path, self._parser = path, parser
        with self._database() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS tuples (parser TEXT, caption TEXT, "
                "tuples TEXT NOT NULL, PRIMARY KEY (parser, caption)) WITHOUT ROWID"
            )

    def get(self, captions: Iterable[str]) -> dict[str, Parsed]:
        """The tuples of those captions that are there.

        Raises:
            InputError: the database is damaged or cannot be read.
        """
        cached = {}
        with self._database() as database:
            for caption in dict.fromkeys(captions):
                row = database.execute(
                    "SELECT tuples FROM tuples WHERE parser = ? AND caption = ?",
                    (self._parser, caption),
                ).fetchone()
                if row:
                    cached[caption] = json.loads(row[0])
        return cached

    def put(self, parsed: Mapping[str, Parsed]) -> None:
        """Add the tuples of captions.

        Raises:
            InputError: the database is damaged or cannot be written.
        """
        rows = [(self._parser, c, json.dumps(tuples)) for c, tuples in parsed.items()]
        with self._database() as database:
            database.executemany("INSERT OR IGNORE INTO tuples VALUES (?, ?, ?)", rows)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The database, in one transaction."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Waits so many seconds for another process's transaction, which takes
            # milliseconds.
            with closing(sqlite3.connect(self._path, timeout=60)) as database, database:
                yield database
        except (OSError, sqlite3.Error, json.JSONDecodeError) as error:
            raise InputError(
                f"the cache of parsed captions {self._path} cannot be used ({error}): "
                "if it is damaged, delete it, and captions are parsed again"
            ) from None
