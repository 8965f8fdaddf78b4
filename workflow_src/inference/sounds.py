"""Which files are meant: sound files by name, and those below folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from workflow_src.errors import InputError

# Endings of files that libsndfile reads.
READABLE = frozenset(
    ("aif", "aifc", "aiff", "au", "caf", "flac", "mp3", "oga", "ogg", "opus", "rf64")
    + ("snd", "voc", "w64", "wav", "wave")
)
# Of sounds that it does not read. They are taken, and refused one by one: a folder
# of them must not look like an empty one.
UNREADABLE = frozenset(
    ("aac", "ac3", "amr", "ape", "m4a", "mka", "mp4", "webm", "wma", "wv")
)


@dataclass(frozen=True)
class BadFile:
    """A file that could not be used.

    Attributes:
        file: as it was named.
        reason: in words.
    """

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


# What to do about a bad file; the others go on once it returns.
OnBad = Callable[[BadFile], None]


def refuse(bad: BadFile) -> None:
    """Raise an InputError: the default of functions, which then stop."""
    raise InputError(str(bad))


def sound_files(
    paths: str | Path | Iterable[str | Path], on_bad: OnBad = refuse
) -> list[str]:
    """The files that paths mean: a file itself, of a folder the sounds below it.

    Sounds are told by their endings, any letter case. Hidden files and folders, and
    links to folders, are passed over.

    Args:
        paths: files and folders.
        on_bad: is told of each path that does not exist or has no sounds.

    Returns:
        Paths, beginning as they were given; those of a folder sorted; each once.
    """
    found: dict[str, None] = {}
    for path in [paths] if isinstance(paths, str | Path) else paths:
        if not os.path.isdir(path):
            if os.path.exists(path):
                found[str(path)] = None
            else:
                on_bad(BadFile(str(path), "there is no such file or folder"))
            continue
        inside = [os.path.join(path, name) for name in names_below(path)]
        if not inside:
            on_bad(BadFile(str(path), "there are no sound files in this folder"))
        found |= dict.fromkeys(inside)
    return list(found)


def names_below(folder: str | Path) -> list[str]:
    """Sound files below a folder: their paths from there, sorted."""
    names = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        within = os.path.relpath(place, folder)
        names += [
            name if within == os.curdir else os.path.join(within, name)
            for name in files
            if not name.startswith(".") and is_sound(name)
        ]
    return sorted(names)


def is_sound(name: str) -> bool:
    """Whether a file's ending is that of a sound."""
    ending = os.path.splitext(name)[1].removeprefix(".").lower()
    return ending in READABLE or ending in UNREADABLE
