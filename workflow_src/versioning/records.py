"""`provenance.json`: what is known of the files of a folder under version control.

The outputs of a job share one record of Snakemake's, and all records what stands in
each: so it takes a quarter of what a record a file would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_src.errors import InputError
from workflow_src.files import read_json_object, write_atomically

NAME = "provenance.json"
# In folders that are outputs, Snakemake keeps their time in a file of this name.
STAMP = ".snakemake_timestamp"
# In folders of rows, and what begins their fingerprint: see workflow_src.audio.rows.
STORE_INDEX = "index.json"
STORE = "store "


@dataclass(frozen=True)
class Entry:
    """What is known of a file.

    Attributes:
        fingerprint: what it is known by; None: it does not come with its record.
        record: Snakemake's.
    """

    fingerprint: str | None
    record: dict[str, Any]

    @property
    def travels_alone(self) -> bool:
        """Whether the file need not come with its record."""
        return self.fingerprint is None or self.fingerprint.startswith(STORE)


def write_entries(path: Path, entries: Mapping[Path, Entry]) -> None:
    """Write a `provenance.json`.

    Args:
        path: of it.
        entries: file -> what is known of it.
    """
    jobs: dict[str, dict[str, str | None]] = {}
    records: dict[str, dict[str, Any]] = {}
    for file, entry in entries.items():
        key = json.dumps(entry.record, sort_keys=True)
        records[key] = entry.record
        jobs.setdefault(key, {})[str(file)] = entry.fingerprint
    first = next(iter(records.values()), {})
    shared = {
        name: value
        for name, value in first.items()
        if all(name in own and own[name] == value for own in records.values())
    }
    content = {
        "shared": shared,
        "jobs": [
            {
                "files": files,
                "record": {
                    name: value
                    for name, value in records[key].items()
                    if name not in shared
                },
            }
            for key, files in jobs.items()
        ],
    }
    write_atomically(path, json.dumps(content, indent=1) + "\n")


def read_entries(path: Path) -> dict[Path, Entry]:
    """File -> what a `provenance.json` says of it; none where there is no such file.

    Raises:
        InputError: it is damaged; says what to do.
    """
    if not path.exists():
        return {}
    remedy = "delete it, and `make pull` or `make dvc-commit` makes it again"
    content = read_json_object(path, remedy)
    try:
        return {
            Path(name): Entry(own, _complete({**content["shared"], **job["record"]}))
            for job in content["jobs"]
            for name, own in job["files"].items()
        }
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"{path} is damaged: {remedy}") from None


def _complete(record: dict[str, Any]) -> dict[str, Any]:
    record["input"]  # without it nobody knows what a file was made from
    return record


def fingerprint(path: Path) -> str:
    """What a file or folder is known by: its MD5, or of a store that of its index.

    The index of a store has the checksums of all its rows, which are too many to be
    read at every call.
    """
    return STORE + digest(path / STORE_INDEX) if is_store(path) else digest(path)


def is_store(path: Path) -> bool:
    """Whether a folder holds rows of waveforms or log-mels."""
    return (path / STORE_INDEX).is_file()


def digest(path: Path) -> str:
    """MD5 of a file, or of a folder's files with their names."""
    if not path.is_dir():
        return hashlib.md5(path.read_bytes()).hexdigest()
    inside = [file for file in path.rglob("*") if file.name != STAMP]
    listing = [
        [str(file.relative_to(path)), digest(file)]
        for file in sorted(inside)
        if file.is_file()
    ]
    return hashlib.md5(json.dumps(listing).encode()).hexdigest()
