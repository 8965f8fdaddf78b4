"""The corpus on the page: what was got, what was lost and why, which clips are new."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from workflow_src.corpus.manifest import LOST, OK, ManifestRow, read_manifest
from workflow_src.csv_files import read_csv
from workflow_src.errors import InputError

LISTED = 200  # lost clips that are named one by one


@dataclass(frozen=True)
class Losses:
    """What happened to the clips of a corpus.

    Attributes:
        columns: split, wanted, got, and the states that a clip was lost in.
        splits: a row each, as text.
        reasons: state, reason in words, how many clips.
        lost: the first of the lost clips.
        more: lost clips that are not among them.
    """

    columns: list[str]
    splits: list[list[str]]
    reasons: list[tuple[str, str, int]]
    lost: list[ManifestRow]
    more: int

    def got(self, split: str) -> int | None:
        """Clips of a split that are there; None where there is no such split."""
        place = self.columns.index("got")
        rows = [row for row in self.splits if row[0] == split]
        return int(rows[0][place]) if rows else None


def losses(summary: Path, manifest: Path) -> Losses:
    """Read what became of the clips.

    Args:
        summary: the table of the corpus, a row a split.
        manifest: a row a clip.

    Raises:
        InputError: one of them is missing or has other columns.
    """
    needed = ("split", "wanted", "got", *LOST)
    splits = [list(row.values()) for _, row in read_csv(summary, needed)]
    gone = [row for row in read_manifest(manifest) if row.state != OK]
    reasons = Counter((row.state, row.reason) for row in gone)
    return Losses(
        list(needed),
        splits,
        [(state, why, count) for (state, why), count in reasons.most_common()],
        gone[:LISTED],
        max(0, len(gone) - LISTED),
    )


def new_combinations(training: Path | None, test: Path | None) -> set[str]:
    """Test clips whose two or more kinds of event no training clip has together.

    Args:
        training: tags of the training clips, joined by `|`; None: unknown.
        test: of the test clips.
    """
    if training is None or test is None:
        return set()
    known = set(_tags(training).values())
    return {
        name
        for name, tags in _tags(test).items()
        if len(tags) > 1 and not any(tags <= own for own in known)
    }


def _tags(path: Path) -> dict[str, frozenset[str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["file_name"]: frozenset(row["tags"].split("|"))
                for row in csv.DictReader(file)
            }
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
