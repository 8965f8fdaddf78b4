"""Fetches ten-second sections of YouTube videos with yt-dlp, a process a clip."""

import logging
import re
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.javascript import Runtime, no_runtime
from workflow_src.corpus.processes import run_limited
from workflow_src.corpus.source import LostClip
from workflow_src.corpus.youtube_messages import classify, lacks_runtime, messages
from workflow_src.errors import InputError, without_secrets
from workflow_src.transfer import RetryableError

logger = logging.getLogger(__name__)

FILE = "clip.flac"
# What goes before ffmpeg's input, and before its output.
FFMPEG_INPUT = "-nostdin -loglevel error"
FFMPEG_OUTPUT = "-vn -ac 1 -c:a flac -f flac"
WATCH_PAGE = "https://www.youtube.com/watch?v={youtube_id}"
VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
YT_DLP = (sys.executable, "-m", "yt_dlp")


class YoutubeTransport:
    """One attempt at a clip: its section of the best audio stream, as mono FLAC.

    Proxies are taken from the environment. The FLAC has the stream's own rate.

    Attributes:
        seconds: length of the section.
        timeout: seconds without a byte until yt-dlp gives an attempt up.
        deadline: seconds after which yt-dlp, ffmpeg and all else that an attempt
            has started are ended.
        cookies: a cookies.txt of a signed-in browser, which is only read.
        sleep_requests: seconds between two requests of yt-dlp for one clip.
        runtimes: the JavaScript runtimes that yt-dlp may use.
        page: the address pattern of videos.
        program: yt-dlp, with the arguments that start it.
    """

    def __init__(
        self,
        seconds: float = 10.0,
        timeout: float = 30.0,
        deadline: float = 300.0,
        cookies: str | Path | None = None,
        sleep_requests: float = 0.0,
        runtimes: Sequence[Runtime] = (),
        page: str = WATCH_PAGE,
        program: Sequence[str] = YT_DLP,
    ):
        self.seconds = seconds
        self.timeout = timeout
        self.deadline = deadline
        self.cookies = cookies
        self.sleep_requests = sleep_requests
        self.runtimes = runtimes
        self.page = page
        self.program = program
        if cookies is not None and not Path(cookies).is_file():
            raise InputError(f"audiocaps.cookies: there is no file {cookies}")

    def command(self, clip: Clip, folder: Path, cookies: str | None) -> list[str]:
        """The command line for one clip.

        Args:
            clip: of AudioCaps.
            folder: gets the file.
            cookies: file that yt-dlp may write to; None: no cookies.
        """
        start = float(clip.start_time)
        proxy = _proxy(self.page)
        return [
            *self.program,
            "--ignore-config",  # the user's own would decide what is fetched
            "--no-cache-dir",
            "--no-playlist",
            "--no-progress",
            *("--color", "never"),
            *("--format", "bestaudio/best"),
            *("--output", str(folder / FILE).replace("%", "%%")),
            *("--download-sections", f"*{start:g}-{start + self.seconds:g}"),
            # Decode, instead of copying packets: a copy starts up to seconds early,
            # where the container has its last mark before the section.
            "--force-keyframes-at-cuts",
            *("--ffmpeg-location", imageio_ffmpeg.get_ffmpeg_exe()),
            *("--downloader-args", f"ffmpeg_i:{FFMPEG_INPUT}"),
            *("--downloader-args", f"ffmpeg_o:{FFMPEG_OUTPUT}"),
            *("--fixup", "never"),  # of the container that the name does not tell
            *("--socket-timeout", f"{self.timeout:g}"),
            *("--sleep-requests", f"{self.sleep_requests:g}"),
            # Attempts are counted and spaced by the caller.
            *("--retries", "0", "--extractor-retries", "0", "--fragment-retries", "0"),
            *(("--proxy", proxy) if proxy else ()),
            *(("--cookies", cookies) if cookies else ()),
            *(word for each in self.runtimes for word in ("--js-runtimes", str(each))),
            "--",
            self.page.format(youtube_id=clip.youtube_id),
        ]

    def __call__(self, clip: Clip, folder: Path) -> Path:
        """Fetch the clip into `folder`; see `download.Transport`.

        Raises:
            InputError: if yt-dlp finds no JavaScript runtime: no clip would come.
        """
        if not VIDEO_ID.fullmatch(clip.youtube_id):
            raise LostClip(
                "unavailable",
                f"{clip.youtube_id!r} is no YouTube id, which has 11 letters, digits, "
                "- and _",
            )
        # yt-dlp writes to its cookie file, and several jobs share the user's.
        with tempfile.NamedTemporaryFile(suffix=".txt") as copy:
            if self.cookies is not None:
                shutil.copyfile(self.cookies, copy.name)
            cookies = copy.name if self.cookies is not None else None
            ended = run_limited(self.command(clip, folder, cookies), self.deadline)
        logger.debug("%s: yt-dlp: %s", clip.file_name, without_secrets(ended.output))
        errors, warnings = messages(without_secrets(ended.errors))
        for message in warnings:
            logger.warning("%s: yt-dlp: %s", clip.file_name, message)
        path = folder / FILE
        if ended.status is None:
            raise RetryableError(
                f"no end within {self.deadline:g} s: yt-dlp was stopped with all that "
                "it had started"
            )
        if ended.status == 0 and path.exists():
            return path
        for message in (*warnings, *errors):
            if lacks_runtime(message):
                raise no_runtime(message)
        raise classify(errors or ["yt-dlp wrote no audio"], warnings)


def _proxy(page: str) -> str | None:
    """The environment's proxy for a page, None without one.

    Said to yt-dlp, because the ffmpeg that it starts does not read HTTPS_PROXY.
    """
    scheme, _, rest = page.partition("://")
    if urllib.request.proxy_bypass(rest.split("/")[0]):
        return None
    return urllib.request.getproxies().get(scheme)
