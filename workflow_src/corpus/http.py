"""Fetches clips from a web server whose addresses follow a pattern."""

import time
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

import requests
import urllib3

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import TryAgain
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError

LOST_FOR_GOOD = {
    401: "private",
    403: "private",
    404: "unavailable",
    410: "unavailable",
    451: "unavailable",
}
CHUNK = 1 << 16


class HttpTransport:
    """One attempt at `<pattern>` with {youtube_id}, {start_time}, {file_name} set.

    `timeout`: seconds without a byte until an attempt is given up; `deadline`:
    seconds that the whole of it may take. Proxies are taken from the environment
    (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).
    """

    def __init__(self, pattern: str, timeout: float = 30.0, deadline: float = 300.0):
        self.pattern = pattern
        self.timeout = timeout
        self.deadline = deadline
        self._session = requests.Session()
        # The length of a compressed body is not the length of the file.
        self._session.headers["Accept-Encoding"] = "identity"
        self.address(Clip("a_0.flac", "a", "0"))

    def address(self, clip: Clip) -> str:
        """The clip's URL; InputError where the pattern has another field."""
        fields = ("youtube_id", "start_time", "file_name")
        values = {name: quote(getattr(clip, name)) for name in fields}
        try:
            return self.pattern.format(**values)
        except (KeyError, IndexError, ValueError):
            raise InputError(
                f"audiocaps.url: {self.pattern!r} may have the fields "
                f"{', '.join(f'{{{name}}}' for name in fields)} and no others"
            ) from None

    def __call__(self, clip: Clip, folder: Path) -> Path:
        """Fetch the clip into `folder`; see `download.Transport`."""
        url = self.address(clip)
        suffix = PurePosixPath(urlsplit(url).path).suffix
        path = folder / f"clip{suffix or PurePosixPath(clip.file_name).suffix}"
        until = time.monotonic() + self.deadline
        try:
            with self._session.get(url, stream=True, timeout=self.timeout) as response:
                _refuse_status(response)
                self._save(response, path, until)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise TryAgain(_explain(error)) from None
        return path

    def _save(self, response: requests.Response, path: Path, until: float) -> None:
        size = 0
        with path.open("wb") as file:
            # read1 returns what has come, so that a trickle meets the deadline.
            while chunk := response.raw.read1(CHUNK):
                file.write(chunk)
                size += len(chunk)
                if time.monotonic() > until:
                    raise TryAgain(f"slow: {size:,} bytes in {self.deadline:g} s")
        announced = response.headers.get("Content-Length")
        if announced is not None and size != int(announced):
            raise TryAgain(f"truncated: {size:,} of {int(announced):,} bytes came")
        kind = response.headers.get("Content-Type", "").split(";")[0]
        if kind in ("text/html", "application/json", "application/xml", "text/xml"):
            raise TryAgain(f"the server sent {kind}, not audio", state="corrupt")


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    reason = f"HTTP {status} {response.reason or ''}".strip()
    if status in LOST_FOR_GOOD:
        raise LostClip(LOST_FOR_GOOD[status], reason)
    if status in (408, 425, 429) or status >= 500:
        raise TryAgain(reason, wait=_retry_after(response))
    raise LostClip("failed", reason)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asks to wait, from either form of the header."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _explain(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "the server did not answer in time"
    return f"the connection failed: {error}"
