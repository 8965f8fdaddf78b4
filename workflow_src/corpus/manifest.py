"""The manifest: in which state every clip of a corpus ended, and why."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.files import write_atomically

OK = "ok"
STATES = (OK, "unavailable", "private", "too short", "silent", "corrupt", "failed")
LOST = STATES[1:]


@dataclass(frozen=True)
class ManifestRow:
    """One clip of one split: its state, the reason in words, the fetches it took.

    `reason` is empty for `ok`; `attempts` is 0 where nothing had to be fetched.
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
        InputError: names the file and line of a bad one.
    """
    manifest = []
    for line, row in read_csv(path, COLUMNS):
        try:
            attempts = int(row.pop("attempts"))
            manifest.append(ManifestRow(**row, attempts=attempts))
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
    return manifest


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


def write_csv(
    path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write a CSV with a header, atomically; line ends inside fields survive."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def read_csv(
    path: str | Path, columns: Sequence[str]
) -> Iterable[tuple[int, dict[str, str]]]:
    """Line number and fields of every row of a CSV that has `columns`, and no others.

    A byte order mark and any line ends are fine.

    Raises:
        InputError: if the file is missing, is not UTF-8, lacks one of the columns or
            has a row of other length.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            there = reader.fieldnames or ()
            missing = [name for name in columns if name not in there]
            if missing:
                raise InputError(f"{path} has no column {', '.join(missing)}")
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(
                        f"{path}, line {reader.line_num}: {len(there)} "
                        "fields expected (is a comma in an unquoted caption?)"
                    )
                yield reader.line_num, {name: row[name] for name in columns}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV in UTF-8: {error}") from None
