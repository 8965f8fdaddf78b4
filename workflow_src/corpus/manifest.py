"""The manifest: in which state every clip of a corpus ended, and why."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from workflow_src.csv_files import read_csv, write_csv
from workflow_src.errors import InputError

OK = "ok"
STATES = (OK, "unavailable", "private", "too short", "silent", "corrupt", "failed")
LOST = STATES[1:]


@dataclass(frozen=True)
class ManifestRow:
    """One clip of one split.

    Attributes:
        file_name: of the clip.
        split: name of the split.
        state: one of STATES.
        reason: why it is not usable, in words; empty for `ok`.
        attempts: fetches that it took; 0 where nothing had to be fetched.

    Raises:
        ValueError: there is no such state.
    """

    file_name: str
    split: str
    state: str
    reason: str = ""
    attempts: int = 0

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"{self.file_name}: no such state: {self.state!r}")


COLUMNS = tuple(field.name for field in fields(ManifestRow))


def write_manifest(path: str | Path, rows: Iterable[ManifestRow]) -> None:
    """Write manifest rows as CSV, atomically."""
    write_csv(path, COLUMNS, (astuple(row) for row in rows))


def read_manifest(path: str | Path) -> list[ManifestRow]:
    """Rows of a manifest.

    Raises:
        InputError: names the file, the line of a bad row and what to delete.
    """
    try:
        return [_row(path, line, fields) for line, fields in read_csv(path, COLUMNS)]
    except InputError as error:
        if not Path(path).exists():
            raise
        raise InputError(f"{error}; delete {path}, and it is made again") from None


def _row(path: str | Path, line: int, fields: dict[str, str]) -> ManifestRow:
    try:
        attempts = int(fields.pop("attempts"))
        return ManifestRow(**fields, attempts=attempts)
    except ValueError as error:
        raise InputError(f"{path}, line {line}: {error}") from None


def merge_manifests(paths: Sequence[str | Path], out: str | Path) -> None:
    """Join manifests in the order of `paths`.

    Raises:
        InputError: if a clip is in two.
    """
    rows = [row for path in paths for row in read_manifest(path)]
    seen = Counter((row.file_name, row.split) for row in rows)
    (name, split), times = seen.most_common(1)[0] if seen else (("", ""), 1)
    if times > 1:
        raise InputError(f"{out}: clip {name} of {split} is in {times} manifests")
    write_manifest(out, rows)


def summary(rows: Iterable[ManifestRow]) -> str:
    """States and how many clips are in each, as text: `480 ok, 3 private`."""
    counts = Counter(row.state for row in rows)
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
