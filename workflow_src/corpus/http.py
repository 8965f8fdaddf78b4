"""Fetches clips from a web server whose addresses follow a pattern."""

from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

import requests

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.source import CLIP_BYTES, LostClip
from workflow_src.errors import InputError
from workflow_src.transfer import RefusedError, request_to_file

LOST_FOR_GOOD = {
    401: "private",
    403: "private",
    404: "unavailable",
    410: "unavailable",
    451: "unavailable",
}
# An error page, in any of the forms that servers write it in.
NOT_AUDIO = ("text/html", "application/json", "application/xml", "text/xml")


class HttpTransport:
    """One attempt at `<pattern>` with {youtube_id}, {start_time}, {file_name} set.

    Attributes:
        pattern: address of a clip.
        timeout: seconds without a byte until an attempt is given up.
        deadline: seconds that the whole of it may take.
    """

    def __init__(self, pattern: str, timeout: float = 30.0, deadline: float = 300.0):
        self.pattern = pattern
        self.timeout = timeout
        self.deadline = deadline
        self._session = requests.Session()
        self.address(Clip("a_0.flac", "a", "0"))

    def address(self, clip: Clip) -> str:
        """The clip's URL.

        Raises:
            InputError: if the pattern has another field.
        """
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
        try:
            request_to_file(
                self._session,
                url,
                path,
                self.timeout,
                deadline=self.deadline,
                refused_types=NOT_AUDIO,
                most=CLIP_BYTES,
            )
        except RefusedError as refused:
            state = LOST_FOR_GOOD.get(refused.status, "failed")
            raise LostClip(state, str(refused)) from None
        return path
