"""Where the clips of a corpus come from: which are wanted, and their audio."""

from __future__ import annotations

from pathlib import Path

from workflow_src.corpus.captions import Split, read_split
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.settings import DownloadOptions, IngestSettings
from workflow_src.corpus.source import Source

# Sources that decoding asks clip by clip.
FETCHING = ("youtube", "http")


def wanted_clips(captions_folder: Path, split: str, test_clips: str) -> Split:
    """A split as it arrives; of AudioCaps' test split, the clips that are chosen.

    Args:
        captions_folder: with `<split>.csv` and `tags.csv`.
        split: its name.
        test_clips: `all`, or see `audiocaps.audiocaps_split`.
    """
    if test_clips == "all":
        return read_split(captions_folder, split)
    # Here, as it imports the downloaders.
    from workflow_src.corpus.audiocaps import ACT_LIST, audiocaps_split

    return audiocaps_split(
        captions_folder, split, test_clips, captions_folder / ACT_LIST
    )


def audio_source(
    settings: IngestSettings,
    split: str,
    audio: Path,
    job: str,
    options: DownloadOptions,
) -> Source:
    """The source that a job takes its clips from.

    Args:
        settings: where they come from.
        split: whose clips.
        audio: folder of the audio files, or of what is fetched.
        job: what it fetched is remembered under this name.
        options: how to fetch.
    """
    if settings.audiocaps is None:
        return FolderSource(audio)
    from workflow_src.corpus import audiocaps

    return audiocaps.audio_source(
        settings.audiocaps, options, split, audio, job, settings.clip_form
    )


def fetches(settings: IngestSettings, split: str) -> bool:
    """Whether decoding a shard of a split fetches its clips, one by one."""
    source = settings.audiocaps
    return source is not None and source.source_of(split) in FETCHING
