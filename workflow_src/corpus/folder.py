"""Audio files in a folder: data of one's own, or a dump of AudioCaps."""

import os
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import soundfile

from workflow_src.corpus.captions import TAGS_FILE, Clip
from workflow_src.corpus.source import FetchedAudio, LostClip
from workflow_src.errors import InputError
from workflow_src.layout import SPLITS

# Of the formats that libsndfile tells by their content (RAW has none).
AUDIO_SUFFIXES = {
    f".{name.lower()}" for name in soundfile.available_formats() if name != "RAW"
} | {".aif", ".oga", ".opus"}


def folder_splits(folder: str | Path) -> list[str]:
    """Splits of an own corpus: train, val, test, then every further `<name>.csv`.

    Raises:
        InputError: if one of the three files, or the folder `audio`, is missing, or
            a file's name is none for a split.
    """
    folder = Path(folder)
    if not (folder / "audio").is_dir():
        raise InputError(f"{folder} has no folder audio/")
    for name in SPLITS:
        if not (folder / f"{name}.csv").is_file():
            raise InputError(f"{folder} has no {name}.csv")
    names = {path.stem for path in folder.glob("*.csv") if path.name != TAGS_FILE}
    for name in sorted(names):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name == "tagged":
            raise InputError(
                f"{folder / name}.csv: a split is called by letters, digits, - and _, "
                "and not tagged"
            )
    return [*SPLITS, *sorted(names - set(SPLITS))]


class FolderSource:
    """Finds the audio file of a clip below a folder.

    First the clip's own name, as a path below the folder, with its Unicode
    characters composed or decomposed. Then, for AudioCaps clips, a file of any
    libsndfile suffix in any subfolder whose name without the suffix is one of
    the published forms: `<id>_<start>`, `Y<id>_<start>`, `Y<id>`, `<id>`.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(f"there is no folder {self.folder}")

    def fetch(self, clip: Clip) -> FetchedAudio:
        """The clip's file.

        Raises:
            LostClip: state `unavailable`, if there is none.
        """
        for form in ("NFC", "NFD"):
            path = self.folder / unicodedata.normalize(form, clip.file_name)
            if os.path.lexists(path):  # a broken link is named as what it is, later
                return FetchedAudio(path)
        for stem in published_stems(clip):
            if stem in self._by_stem:
                return FetchedAudio(self._by_stem[stem])
        raise LostClip("unavailable", "no file of this name")

    @cached_property
    def _by_stem(self) -> dict[str, Path]:
        paths = sorted(_audio_files(self.folder), reverse=True)
        return {path.stem: path for path in paths}


def published_stems(clip: Clip) -> list[str]:
    """Names without suffix that a clip's file has in dumps of AudioCaps, best first."""
    if not clip.youtube_id:
        return []
    name, start = clip.youtube_id, clip.start_time
    return [f"{name}_{start}", f"Y{name}_{start}", f"Y{name}", name]


def _audio_files(folder: Path) -> Iterator[Path]:
    """Audio files below a folder; links to folders are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    for place, subfolders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        identity = status.st_dev, status.st_ino
        if identity in seen:
            subfolders.clear()
            continue
        seen.add(identity)
        for name in files:
            if Path(name).suffix.lower() in AUDIO_SUFFIXES:
                yield Path(place) / name
