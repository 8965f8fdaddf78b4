"""Clips of a split with their captions or tags, from the CSV files of a corpus.

Three forms are read: the official AudioCaps files, v1 and v2 (columns
audiocap_id, youtube_id, start_time, caption); own files (file_name, caption);
and `tags.csv` (file_name, split, tags), for clips with event tags. One row is
one caption; a clip has as many as rows name it, also equal ones.
"""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from workflow_src.corpus.manifest import read_csv, write_csv
from workflow_src.errors import InputError

TAGS_FILE = "tags.csv"
OFFICIAL_COLUMNS = ("youtube_id", "start_time", "caption")
OWN_COLUMNS = ("file_name", "caption")


@dataclass(frozen=True, order=True)
class Clip:
    """A clip by its file name below the audio folder.

    AudioCaps clips are called `<youtube_id>_<start_time>.flac` and also carry
    the two parts; the start is in seconds, as the official file writes it.
    """

    file_name: str
    youtube_id: str = ""
    start_time: str = ""


@dataclass
class Split:
    """A split's clips in the order of first appearance, without repetition.

    `captions` are pairs of file name and caption, in the order of the file;
    `tags` are clip -> tags joined by `|`. Either may be empty.
    """

    name: str
    clips: list[Clip]
    captions: list[tuple[str, str]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


def read_split(folder: str | Path, name: str) -> Split:
    """Read split `name` from `<folder>/<name>.csv`, its tags from `tags.csv`.

    Raises:
        InputError: if the split has neither captions nor tags.
    """
    folder = Path(folder)
    captions_file, tags_file = folder / f"{name}.csv", folder / TAGS_FILE
    captions = read_captions(captions_file) if captions_file.exists() else []
    tags = read_tags(tags_file, name) if tags_file.exists() else {}
    clips = dict.fromkeys(clip for clip, _ in captions)
    known = {clip.file_name for clip in clips}
    clips |= dict.fromkeys(Clip(tagged) for tagged in tags if tagged not in known)
    if not clips:
        raise InputError(
            f"no clips of split {name}: {captions_file} is missing or empty, "
            f"and {tags_file} has none"
        )
    pairs = [(clip.file_name, caption) for clip, caption in captions]
    return Split(name, list(clips), pairs, tags)


def read_captions(path: str | Path) -> list[tuple[Clip, str]]:
    """Clip and caption of every row of an official or own file, in file order.

    Raises:
        InputError: for a file without a row, an empty caption, a clip's name that is
            empty or leads out of the audio folder, a start that is not a number.
    """
    official = "youtube_id" in _header(path)
    rows = []
    for line, row in read_csv(path, OFFICIAL_COLUMNS if official else OWN_COLUMNS):
        place = f"{path}, line {line}"
        if not row["caption"].strip():
            raise InputError(f"{place}: empty caption")
        clip = _official_clip(row, place) if official else Clip(row["file_name"])
        _check_name(clip.file_name, place)
        rows.append((clip, row["caption"]))
    if not rows:
        raise InputError(f"{path} has no captions")
    return rows


def read_tags(path: str | Path, split: str) -> dict[str, str]:
    """Tags, joined by `|`, of the clips of one split."""
    tags = {}
    for line, row in read_csv(path, ("file_name", "split", "tags")):
        if row["split"] == split:
            _check_name(row["file_name"], f"{path}, line {line}")
            tags[row["file_name"]] = row["tags"]
    return tags


def write_split(
    split: Split, usable: set[str], captions: Path | None, tags: Path | None
) -> None:
    """Write the captions and the tags of the usable clips, each where a path is given.

    Raises:
        InputError: a path is given for what the split has not.
    """
    for path, kind, columns, pairs in (
        (captions, "captions", OWN_COLUMNS, split.captions),
        (tags, "tags", ("file_name", "tags"), list(split.tags.items())),
    ):
        if path is None:
            continue
        own = [pair for pair in pairs if pair[0] in usable]
        if not own:
            raise InputError(f"split {split.name} has no {kind} of usable clips")
        write_csv(path, columns, own)


def _header(path: str | Path) -> list[str]:
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _official_clip(row: dict[str, str], place: str) -> Clip:
    youtube_id, start = row["youtube_id"], row["start_time"]
    if not re.fullmatch(r"\d+(\.\d+)?", start):
        raise InputError(f"{place}: start_time {start!r} is not a number of seconds")
    return Clip(f"{youtube_id}_{start}.flac", youtube_id, start)


def _check_name(name: str, place: str) -> None:
    path = PurePosixPath(name)
    if not name.strip() or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InputError(f"{place}: {name!r} is not a file name below the audio folder")
