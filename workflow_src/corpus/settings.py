"""Settings of AudioCaps: what is taken, and how it is fetched.

`AudioCapsSource` decides which audio and captions come, so what is made from them
depends on it. `DownloadOptions` decides only how: no made file depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workflow_src.audio.settings import ClipForm
from workflow_src.settings import Settings


@dataclass(frozen=True)
class Mirror(Settings):
    """A parquet mirror of the audio."""

    repository: str | None = None
    revision: str = "main"
    folder: str | None = None
    columns: dict[str, str] = field(
        default_factory=lambda: {
            "youtube_id": "youtube_id",
            "start": "start_time",
            "audio": "audio",
        }
    )


@dataclass(frozen=True)
class AudioCapsSource(Settings):
    """What is taken: these settings decide the data."""

    version: Literal["v1", "v2"] = "v1"
    captions: str | None = None
    source: Literal["youtube", "folder", "huggingface", "http"] = "youtube"
    folder: str | None = None
    url: str | None = None
    huggingface: Mirror = field(default_factory=Mirror)


@dataclass(frozen=True)
class DownloadOptions(Settings):
    """How it is fetched: no made file depends on these settings."""

    cookies: str | None = None
    attempts: int = 4
    backoff: float = 2.0
    longest_wait: float = 600.0
    timeout: float = 30.0
    deadline: float = 300.0
    clips_per_second: float | None = 1.0


@dataclass(frozen=True)
class IngestSettings(Settings):
    """What the waveforms of a split depend on, beside its captions.

    Attributes:
        clip_form: what every clip is brought to.
        audiocaps: where AudioCaps' audio comes from; None: the audio files lie in
            the corpus's folder.
    """

    clip_form: ClipForm
    audiocaps: AudioCapsSource | None = None
