"""Fetches ten-second sections of YouTube videos with yt-dlp."""

import re
import tempfile
import urllib.request
from pathlib import Path

import imageio_ffmpeg
import yt_dlp
from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import TryAgain
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError

FILE = "clip.flac"
FFMPEG_OUTPUT = ["-vn", "-ac", "1", "-c:a", "flac", "-f", "flac"]
WATCH_PAGE = "https://www.youtube.com/watch?v={youtube_id}"

# What yt-dlp says, in lower case and with straight apostrophes. The first group
# that has a match decides: YouTube words a block of this client almost like a
# video that is gone.
BLOCKED = re.compile(
    "not a bot|try again later|this content isn't available|captcha|http error 429"
    "|rate-limited"
)
PRIVATE = re.compile(
    "private video|video is private|confirm your age|age-restricted|members-only"
    "|join this channel|channel's members|login required|requires payment"
    "|requires purchase|granted access"
)
UNAVAILABLE = re.compile(
    "video unavailable|video is unavailable|video is not available"
    "|video isn't available|no longer available|has been removed|been terminated"
    "|in your country|copyright|violat|does not exist|incomplete youtube id"
    "|will begin in|premieres in|recording is not available|drm protect"
)


class YoutubeTransport:
    """One attempt at a clip: its section of the best audio stream, as mono FLAC.

    `cookies`: a cookies.txt of a signed-in browser, which is only read.
    `timeout`: seconds without a byte until an attempt is given up. `page`: the
    address pattern of videos. Proxies are taken from the environment. The FLAC
    has the stream's own rate.
    """

    def __init__(
        self,
        seconds: float = 10.0,
        timeout: float = 30.0,
        cookies: str | Path | None = None,
        page: str = WATCH_PAGE,
    ):
        self.seconds = seconds
        self.timeout = timeout
        self.cookies = cookies
        self.page = page
        if cookies is not None and not Path(cookies).is_file():
            raise InputError(f"audiocaps.cookies: there is no file {cookies}")

    def options(self, clip: Clip, folder: Path) -> dict:
        """Options of `yt_dlp.YoutubeDL` for one clip."""
        start = float(clip.start_time)
        section = (start, start + self.seconds)
        return {
            "format": "bestaudio/best",
            "outtmpl": {"default": str(folder / FILE)},
            "download_ranges": yt_dlp.utils.download_range_func(None, [section]),
            "ffmpeg_location": imageio_ffmpeg.get_ffmpeg_exe(),
            # Decode, instead of copying packets: a copy starts up to seconds early,
            # where the container has its last mark before the section.
            "force_keyframes_at_cuts": True,
            "external_downloader_args": {"ffmpeg_o": FFMPEG_OUTPUT},
            "fixup": "never",  # of the container that the name does not tell
            "proxy": _proxy(self.page),
            "socket_timeout": self.timeout,
            # Attempts are counted and spaced by the caller.
            "retries": 0,
            "extractor_retries": 0,
            "fragment_retries": 0,
            "quiet": True,
            "noplaylist": True,
            "cachedir": False,
            "js_runtimes": {"deno": {}, "node": {}},
            "logger": _Silent(),
        }

    def __call__(self, clip: Clip, folder: Path) -> Path:
        """Fetch the clip into `folder`; see `download.Transport`."""
        options = self.options(clip, folder)
        # The section downloader looks here, not at the option.
        FFmpegPostProcessor._ffmpeg_location.set(options["ffmpeg_location"])
        # yt-dlp writes to its cookie file, and several jobs share the user's.
        with tempfile.NamedTemporaryFile(suffix=".txt") as cookies:
            if self.cookies is not None:
                cookies.write(Path(self.cookies).read_bytes())
                cookies.flush()
                options["cookiefile"] = cookies.name
            try:
                with yt_dlp.YoutubeDL(options) as youtube:
                    youtube.download([self.page.format(youtube_id=clip.youtube_id)])
            except yt_dlp.utils.YoutubeDLError as error:
                raise classify(str(error)) from None
        path = folder / FILE
        if not path.exists():
            raise TryAgain("yt-dlp wrote no audio")
        return path


def classify(message: str) -> LostClip | TryAgain:
    """The exception for what yt-dlp said."""
    reason = re.sub(r"\x1b\[[0-9;]*m", "", message).removeprefix("ERROR:").strip()
    said = reason.lower().replace("\u2019", "'")
    if BLOCKED.search(said):
        return TryAgain(reason)
    if PRIVATE.search(said):
        return LostClip("private", reason)
    if UNAVAILABLE.search(said):
        return LostClip("unavailable", reason)
    return TryAgain(reason)


def _proxy(page: str) -> str | None:
    """The environment's proxy for a page, None without one.

    Said to yt-dlp, because the ffmpeg that it starts does not read HTTPS_PROXY.
    """
    scheme, _, rest = page.partition("://")
    if urllib.request.proxy_bypass(rest.split("/")[0]):
        return None
    return urllib.request.getproxies().get(scheme)


class _Silent:
    """Drops yt-dlp's messages: what matters comes back as an exception."""

    def debug(self, message: str) -> None:
        pass

    info = warning = error = debug
