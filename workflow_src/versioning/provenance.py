"""Snakemake's records of artifacts, kept beside them, so that they travel with them.

Snakemake decides what is stale from times of files and from records in
.snakemake/: which rule made a file, from which inputs, with which parameters. A
clone has neither. So `provenance.json` in each folder under version control holds
the records of the files below it, one a job, with the MD5 of each file. A file that
arrives with the same MD5 was made as its record says; it is given that record, and a
time that does not make it older than what it was made from. What differs, or has no
record, stays unknown to Snakemake.

    python -m workflow_src.versioning.provenance FOLDER

writes the records of such a folder; the stages of dvc.yaml end with it.
"""

import atexit
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workflow_src.files import read_json_object, write_atomically
from workflow_src.layout import Layout
from workflow_src.versioning.records import (
    NAME,
    STAMP,
    Entry,
    digest,
    fingerprint,
    is_store,
    read_entries,
    write_entries,
)
from workflow_src.versioning.snapshot import FileSnapshot

RESULTS = Path("results")
# The committed tables are in every clone. Rules that make them have this file, which
# the first run makes, as an input: so they are older than it until they are adopted.
FIRST_USE = Path(".snakemake") / "first_use"
ADOPTED = Path(".snakemake") / "adopted.json"
# Of a record, what differs between two runs of the same job.
TIMES = ("starttime", "endtime", "job_hash", "external_jobid")


@dataclass(frozen=True)
class Adoption:
    """What became of the files that have records.

    Attributes:
        current: they are what their records say, and Snakemake knows it now.
        changed: there, but not what the records were written for.
        missing: not there.
    """

    current: list[Path]
    changed: list[Path]
    missing: list[Path]


def folders(layout: Layout) -> dict[str, Path]:
    """Name the folders whose files are under version control."""
    return {"data": layout.data, "runs": layout.runs, "results": layout.results}


def begin(layout: Layout) -> FileSnapshot:
    """Adopt what has arrived since the last call; rules/common.smk calls this.

    Nobody knows yet whether jobs will run or a person only looks (a dry run, a lint).
    So it is for this process alone, unless the snapshot's `keep` is called.

    Args:
        layout: of the selected corpus.

    Returns:
        All as it was before, to which it returns when the process ends.
    """
    snapshot = FileSnapshot()
    # Cheap on every call but the first after a pull: reads the records only.
    if _adopted(layout) != _digests(layout):
        atexit.register(snapshot.restore)
        adopt(layout, snapshot)
    return snapshot


def adopt(layout: Layout, snapshot: FileSnapshot | None = None) -> Adoption:
    """Hand their records to Snakemake, of files that are what the records say.

    Args:
        layout: of the corpus.
        snapshot: remembers what is changed.
    """
    snapshot = snapshot or FileSnapshot()
    snapshot.content(FIRST_USE)
    snapshot.content(ADOPTED)
    _mark_first_use()
    adoption = Adoption([], [], [])
    entries: dict[Path, Entry] = {}
    for folder in folders(layout).values():
        entries |= read_entries(folder / NAME)
    store = _SnakemakeRecords(snapshot)
    for path, entry in entries.items():
        if not path.exists():
            if not entry.travels_alone:
                adoption.missing.append(path)
            elif store.read(path) is None:
                store.write(path, entry.record)
        elif entry.fingerprint is None:
            continue
        elif fingerprint(path) == entry.fingerprint:
            adoption.current.append(path)
        elif not entry.travels_alone:
            adoption.changed.append(path)
    sources = {
        path: [Path(name) for name in entries[path].record["input"]]
        for path in adoption.current
    }
    # Results are in git, so they can be here without all that they were made from.
    known = {path for path in sources if _has_its_sources(path, sources)}
    adoption.current[:] = [path for path in adoption.current if path in known]
    sources = {path: sources[path] for path in adoption.current}
    arrived = set()
    for path in adoption.current:
        if store.read(path) != entries[path].record:
            store.write(path, entries[path].record)
            arrived.add(path)
    _raise_times(sources, arrived, snapshot)
    write_atomically(ADOPTED, json.dumps(_all_adopted() | _digests(layout)))
    return adoption


def write(folder: Path) -> None:
    """Write `provenance.json` of a folder.

    Files that DVC ignores are without MD5, and their records travel alone: Snakemake
    compares the parameters of a job only where it knows of all its outputs, here or
    not. Where it is a store of waveforms or log-mels, the digest of its index goes
    along, so that it is known again when it comes another way.
    """
    store = _SnakemakeRecords(FileSnapshot())
    versioned = set(_versioned(folder))
    entries = {}
    for path in sorted(folder.rglob("*")):
        record = store.read(path)
        if record is not None:
            known = path in versioned or is_store(path)
            entries[path] = Entry(fingerprint(path) if known else None, record)
    # What was pulled without them, and nothing has made anew since.
    for path, entry in read_entries(folder / NAME).items():
        alone = entry.travels_alone and not path.exists()
        if alone and store.read(path) == entry.record:
            entries[path] = entry
    write_entries(folder / NAME, dict(sorted(entries.items())))


def _mark_first_use() -> None:
    if not FIRST_USE.exists():
        write_atomically(FIRST_USE, "")


def _versioned(folder: Path) -> Iterator[Path]:
    """Yield the files and folders below a folder that .dvcignore lets through."""
    # Here, as importing DVC takes a second.
    from dvc.repo import Repo

    with Repo() as repository:
        walk = repository.dvcignore.walk(repository.fs, str(folder.absolute()))
        for root, inner, names in walk:
            for name in [*inner, *names]:
                yield Path(root, name).relative_to(Path.cwd())


def _has_its_sources(path: Path, sources: dict[Path, list[Path]]) -> bool:
    """Tell whether a file is no result, or has all its sources among the verified."""
    if not path.is_relative_to(RESULTS):
        return True
    return all(
        source == FIRST_USE or (source in sources and _has_its_sources(source, sources))
        for source in sources[path]
    )


def _raise_times(
    sources: dict[Path, list[Path]], arrived: set[Path], snapshot: FileSnapshot
) -> None:
    """Make no adopted file older than what it came from.

    Files are copied in any order. Those that arrived get one time, as what lies
    between two of them need not be here; the others are raised to the adopted
    files they were made from. What was not adopted keeps its time: where it is
    newer than the files made from it, these are stale.
    """
    common = max(map(_time, [FIRST_USE, *arrived]))

    @cache
    def due(path: Path) -> int:
        known = [due(source) for source in sources[path] if source in sources]
        return max([common if path in arrived else _time(path), *known])

    for path in sources:
        if due(path) > _time(path):
            stamp = path / STAMP
            for file in [path, stamp] if stamp.exists() else [path]:
                snapshot.time(file)
                os.utime(file, ns=(due(path), due(path)))


def _time(path: Path) -> int:
    # As Snakemake reads it: a folder's time is that of its stamp.
    stamp = path / STAMP
    return (stamp if stamp.exists() else path).stat().st_mtime_ns


def _all_adopted() -> dict[str, str]:
    """Digest of each `provenance.json` that was adopted, of any corpus."""
    if not ADOPTED.exists():
        return {}
    return read_json_object(ADOPTED, "delete it, and the artifacts are checked again")


def _adopted(layout: Layout) -> dict[str, str]:
    names = {str(folder / NAME) for folder in folders(layout).values()}
    return {name: own for name, own in _all_adopted().items() if name in names}


def _digests(layout: Layout) -> dict[str, str]:
    """MD5 of each `provenance.json` that is there."""
    files = [folder / NAME for folder in folders(layout).values()]
    return {str(file): digest(file) for file in files if file.exists()}


class _SnakemakeRecords:
    """Snakemake's own store of records, in .snakemake/metadata."""

    def __init__(self, snapshot: FileSnapshot) -> None:
        # Here, as importing Snakemake takes a second.
        from snakemake.persistence import MetadataRecord
        from snakemake.persistence.file import FilePersistence

        self._record = MetadataRecord
        self._store = FilePersistence(nolock=True)
        self._snapshot = snapshot

    def read(self, path: Path) -> dict[str, Any] | None:
        """The record of a file, without what differs between two equal runs."""
        record = self._store._read_record(str(path))
        if record is None:
            return None
        return {key: value for key, value in record.items() if key not in TIMES}

    def write(self, path: Path, content: dict[str, Any]) -> None:
        """Give a file a record."""
        place = self._store._record_path(self._store._metadata_path, str(path))
        self._snapshot.content(Path(place))
        self._store._write_record(str(path), self._record.model_validate(content))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
