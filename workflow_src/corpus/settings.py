"""Settings of AudioCaps: what is taken, and how it is fetched.

`AudioCapsSource` decides which audio and captions come, so what is made from them
depends on it. `DownloadOptions` decides only how: no made file depends on it.
Their names are the keys of the config's section `audiocaps`.
"""

import dataclasses
import difflib
import math
from dataclasses import dataclass, field

from workflow_src.audio.settings import ClipForm
from workflow_src.corpus.mirrors import PRESETS, Mirror
from workflow_src.errors import SECRET, InputError
from workflow_src.settings import Settings
from workflow_src.transfer import RetryPolicy

VERSIONS = ("v1", "v2")
SOURCES = ("youtube", "http", "folder", "huggingface", *PRESETS)
# Clips an hour that a session without an account gets before YouTube blocks it, as
# yt-dlp's wiki has it.
YOUTUBE_CLIPS_PER_HOUR = 300.0
TEST_CLIPS = ("all", "act")


@dataclass(frozen=True)
class AudioCapsSource(Settings):
    """What is taken: these settings decide the data.

    Attributes:
        version: of the captions, `v1` (the paper's) or `v2`.
        captions: a folder, or a URL with `{split}` in it; None: as published.
        source: where the audio comes from, one of `SOURCES`.
        test_source: where that of the test split comes from; None: as the rest.
        folder: of the source `folder`.
        url: of the source `http`, with {youtube_id}, {start_time}, {file_name}.
        huggingface: the data set of the source `huggingface`; of a mirror known by
            name, only its `folder` is looked at.
        test_clips: `all`; `act`, the clips of ACT's authors; or a file of ids.

    Raises:
        InputError: names the key that is wrong or missing.
    """

    version: str = "v1"
    captions: str | None = None
    source: str = "youtube"
    test_source: str | None = None
    folder: str | None = None
    url: str | None = None
    huggingface: Mirror = field(default_factory=Mirror)
    test_clips: str = "all"

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise InputError(_none_of("version", self.version, VERSIONS))
        place = self.captions or ""
        if "://" in place and "{split}" not in place:
            raise InputError(f"audiocaps.captions: {place} has no {{split}} in it")
        for key, address in (("captions", place), ("url", self.url or "")):
            if SECRET.search(address):
                raise InputError(
                    f"audiocaps.{key} has a name or password in it, which logs and "
                    "records would show: write it into ~/.netrc instead"
                )
        for key, name in (("source", self.source), ("test_source", self.test_source)):
            if name is not None:
                self._check_source(key, name)
        if not self.test_clips:
            raise InputError(
                f"audiocaps.test_clips is empty: {', '.join(TEST_CLIPS)}, or a file"
            )

    def source_of(self, split: str) -> str:
        """Where the audio of a split comes from."""
        if split == "test" and self.test_source is not None:
            return self.test_source
        return self.source

    def mirror(self, name: str) -> Mirror | None:
        """The mirror that a source stands for; None where it is none."""
        if name == "huggingface":
            return self.huggingface
        preset = PRESETS.get(name)
        if preset is None or not self.huggingface.folder:
            return preset
        return dataclasses.replace(preset, folder=self.huggingface.folder)

    def _check_source(self, key: str, name: str) -> None:
        if name not in SOURCES:
            raise InputError(_none_of(key, name, SOURCES))
        wanted = {"folder": self.folder, "http": self.url}
        if name in wanted and not wanted[name]:
            needed = {"folder": "folder", "http": "url"}[name]
            raise InputError(f"audiocaps.{key} is {name}: set audiocaps.{needed}")
        hub = self.huggingface
        if name == "huggingface" and not (hub.repository or hub.folder):
            raise InputError(
                f"audiocaps.{key} is huggingface: set audiocaps.huggingface.repository,"
                " or .folder where the parquet files are there already"
            )


@dataclass(frozen=True)
class DownloadOptions(Settings):
    """How it is fetched: no made file depends on these settings.

    Attributes:
        cookies: cookies.txt of a signed-in browser, for youtube.
        attempts: requests for a clip or file in one run.
        backoff: seconds before the second attempt; doubles.
        longest_wait: seconds of a pause at most, also when the server asks for more.
        timeout: seconds without a byte.
        deadline: seconds for one attempt at a clip, after which yt-dlp and ffmpeg
            are ended.
        clips_per_hour: of all jobs of a node together; None: 300 of youtube, no
            limit for a server of one's own.
        sleep_requests: seconds between yt-dlp's requests for one clip.
        block_wait: seconds that all jobs wait when blocked; doubles while it lasts.
        longest_block: seconds of such a wait at most.
        blocked_hours: hours of nothing but blocks after which a job stops.

    Raises:
        InputError: names the key that is out of range.
    """

    cookies: str | None = None
    attempts: int = 4
    backoff: float = 2.0
    longest_wait: float = 600.0
    timeout: float = 30.0
    deadline: float = 300.0
    clips_per_hour: float | None = None
    sleep_requests: float = 0.75
    block_wait: float = 900.0
    longest_block: float = 3600.0
    blocked_hours: float = 24.0

    def __post_init__(self) -> None:
        whole = type(self.attempts) is int  # a bool is none
        if not whole or self.attempts < 1:
            raise InputError(
                f"audiocaps.attempts is {self.attempts}: a whole number from 1 on"
            )
        for key in ("backoff", "longest_wait", "sleep_requests", "blocked_hours"):
            self._check_number(key, zero=True)
        for key in ("timeout", "deadline", "block_wait", "longest_block"):
            self._check_number(key, zero=False)
        if self.clips_per_hour is not None:
            self._check_number("clips_per_hour", zero=False)
        if self.longest_block < self.block_wait:
            raise InputError(
                f"audiocaps.longest_block is {self.longest_block:g}: not less than "
                f"audiocaps.block_wait, which is {self.block_wait:g}"
            )

    @property
    def retry(self) -> RetryPolicy:
        """How often, and after which pauses, a clip or file is asked for."""
        return RetryPolicy(self.attempts, self.backoff, self.longest_wait)

    def rate(self, source: str) -> float | None:
        """Clips an hour from a source; None: no limit."""
        if self.clips_per_hour is None and source == "youtube":
            return YOUTUBE_CLIPS_PER_HOUR
        return self.clips_per_hour

    def _check_number(self, key: str, zero: bool) -> None:
        value = getattr(self, key)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or value < 0
            or (value == 0 and not zero)
        ):
            least = "a number from 0 on" if zero else "a number above 0"
            raise InputError(f"audiocaps.{key} is {value}: {least}")


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


def _none_of(key: str, value: object, choices: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"audiocaps.{key}: {value!r} is none of {', '.join(choices)}{hint}"
