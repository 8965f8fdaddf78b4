"""What captioners said of each clip, read from their runs' folders."""

from __future__ import annotations

from pathlib import Path

from workflow_src.csv_files import read_csv

CAPTIONS_FILE = "captions.csv"  # of a captioner's run, and of the grid of a run


def read_said(folder: Path, point: str | None = None) -> dict[str, str]:
    """Clip -> caption of a run, or of one point of its grid.

    Args:
        folder: of the run, or of its grid.
        point: of the grid; None: the run's own captions.

    Raises:
        InputError: the file is missing or has other columns.
    """
    columns = (
        ("file_name", "caption") if point is None else ("point", "file_name", "caption")
    )
    return {
        row["file_name"]: row["caption"]
        for _, row in read_csv(folder / CAPTIONS_FILE, columns)
        if point is None or row["point"] == point
    }
