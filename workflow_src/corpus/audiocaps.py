"""AudioCaps (Kim et al. 2019): its captions, its audio sources, its disk need."""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import requests

from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.captions import read_captions
from workflow_src.corpus.download import Downloader, Patience
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.mirror import (
    MirrorColumns,
    fetch_mirror,
    parquet_files,
    unpack,
)
from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions
from workflow_src.corpus.source import Source
from workflow_src.corpus.youtube import YoutubeTransport
from workflow_src.errors import InputError
from workflow_src.files import write_atomically

logger = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
# Clips that the ACT authors could still get (Mei et al. 2021).
ACT_AUTHORS_CLIPS = {"train": 49274, "val": 494, "test": 957}
REPOSITORY = "https://raw.githubusercontent.com/cdjkim/audiocaps"
CAPTIONS_TIMEOUT = 60  # seconds
SOURCES = ("youtube", "http", "folder", "huggingface")


@dataclass(frozen=True)
class Release:
    """Caption files as they are at one commit; `sha256` by split, if known."""

    commit: str
    folder: str
    sha256: dict[str, str]

    def url(self, split: str) -> str:
        """Address of a split's file."""
        return f"{REPOSITORY}/{self.commit}/{self.folder}/{split}.csv"


RELEASES = {
    # 49,838 / 495 / 975 clips, the paper's.
    "v1": Release(
        "80fb3ade6d400d4311354a360db25da051a48cc1",
        "dataset",
        {
            "train": "c0c5223db682b3bf724ce7e7ce58d5b36929f74572e8526a7211f92d2eef7c8e",
            "val": "dab1c96641d5f3053ddb99dca3949450da9a75737bda53e11cc0aa8b102be0c3",
            "test": "b91c4b7ded2f4f6e7db5b9c4983dc1e1dca3d556f505b61e3fd65cac7e1c638a",
        },
    ),
    # 2025: 91,256 training captions. Its checksums are not known to us: the
    # commit in the address is what pins it.
    "v2": Release("6b9483e0df243e635bb87ef0b2ed8b351c4ac23c", "dataset2.0", {}),
}


def fetch_captions(
    out: str | Path, version: str = "v1", place: str | None = None
) -> None:
    """Write `<split>.csv` of the three splits below `out`, as published.

    By default from the AudioCaps repository, at the pinned commit, each file
    compared with its SHA-256. `place` takes them from somewhere else, unchecked
    but for their form: a folder, or a URL with `{split}` in it. InputError where
    a file cannot be had, differs, or is not a caption file.
    """
    release = RELEASES[version]
    for split in SPLITS:
        origin = release.url(split) if place is None else _origin(place, split)
        content = _read(origin)
        found = hashlib.sha256(content).hexdigest()
        expected = release.sha256.get(split) if place is None else None
        if expected is not None and found != expected:
            raise InputError(f"{origin} has SHA-256 {found}, expected {expected}")
        path = Path(out) / f"{split}.csv"
        write_atomically(path, content)
        captions = read_captions(path)
        checked = "as pinned" if expected else "not checked"
        logger.info(
            "%s: %d captions, SHA-256 %s (%s)", origin, len(captions), found, checked
        )


def audio_source(
    settings: AudioCapsSource,
    options: DownloadOptions,
    cache: str | Path,
    job: str,
    form: ClipForm,
) -> Source:
    """The audio source of the config section `audiocaps`.

    `cache` is the folder where fetched audio is kept: of one split for `youtube`
    and `http`, of all for `huggingface` (filled by `mirror.unpack`). `job` names
    the job among those that share it.
    """
    name = settings.source
    if name == "folder":
        return FolderSource(_needed(settings, "folder"))
    if name == "huggingface":
        return FolderSource(cache)
    if name == "http":
        transport = HttpTransport(
            _needed(settings, "url"), options.timeout, options.deadline
        )
    elif name == "youtube":
        transport = YoutubeTransport(form.seconds, options.timeout, options.cookies)
    else:
        raise InputError(f"audiocaps.source: {name!r} is none of {', '.join(SOURCES)}")
    patience = Patience(
        options.attempts,
        options.backoff,
        options.longest_wait,
        options.clips_per_second,
    )
    return Downloader(transport, cache, job, patience)


def unpack_mirror(
    settings: AudioCapsSource, download: str | Path, audio: str | Path
) -> None:
    """Fetch and unpack the mirror of the config section `audiocaps`.

    Its parquet files are downloaded to `download`, unless the user names a
    folder that has them; the clips are written below `audio`.
    """
    mirror = settings.huggingface
    if mirror.folder:
        files = parquet_files(mirror.folder)
    elif mirror.repository:
        files = fetch_mirror(mirror.repository, mirror.revision, download)
    else:
        raise InputError(
            "audiocaps.source is huggingface: set audiocaps.huggingface.repository, "
            "or .folder where the parquet files are there already"
        )
    unpack(files, audio, MirrorColumns(**mirror.columns))


def _needed(settings: AudioCapsSource, key: str) -> str:
    value = getattr(settings, key)
    if not value:
        raise InputError(f"audiocaps.source is {settings.source}: set audiocaps.{key}")
    return str(value)


def _origin(place: str, split: str) -> str:
    if "://" not in place:
        return str(Path(place) / f"{split}.csv")
    if "{split}" not in place:
        raise InputError(f"audiocaps.captions: {place} has no {{split}} in it")
    return place.replace("{split}", split)


def _read(origin: str) -> bytes:
    try:
        if "://" not in origin:
            return Path(origin).read_bytes()
        response = requests.get(origin, timeout=CAPTIONS_TIMEOUT)
        response.raise_for_status()
        return response.content
    except (OSError, requests.RequestException) as error:
        raise InputError(f"{origin} cannot be read: {error}") from None
