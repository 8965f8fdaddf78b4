"""Where the audio of a corpus comes from."""

from __future__ import annotations

from pathlib import Path

from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.settings import DownloadOptions, IngestSettings
from workflow_src.corpus.source import Source


def audio_source(
    settings: IngestSettings, audio: Path, job: str, options: DownloadOptions
) -> Source:
    """The source that a job takes its clips from.

    Args:
        settings: where they come from.
        audio: folder of the audio files, or of what is fetched.
        job: what it fetched is remembered under this name.
        options: how to fetch.
    """
    if settings.audiocaps is None:
        return FolderSource(audio)
    # Here, as it imports the downloaders.
    from workflow_src.corpus import audiocaps

    return audiocaps.audio_source(
        settings.audiocaps, options, audio, job, settings.clip_form
    )


def fetches(settings: IngestSettings) -> bool:
    """Whether decoding a shard fetches its clips, one by one."""
    source = settings.audiocaps
    return source is not None and source.source in ("youtube", "http")
