"""Every download of ours over HTTP: one request, or a whole file with all care.

`request_to_file` makes one attempt. `fetch_file` repeats it with growing pauses,
goes on where an earlier attempt stopped, compares checksums, and gives the file its
name only once it is whole. Proxies are taken from the environment (HTTP_PROXY,
HTTPS_PROXY, NO_PROXY). What lies on a Hugging Face hub as a data set goes through
`huggingface_hub` instead.
"""

import hashlib
import logging
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
import urllib3

from workflow_src.errors import InputError, without_secrets
from workflow_src.files import (
    flush_folder,
    flush_to_disk,
    gigabytes,
    require_disk,
)

logger = logging.getLogger(__name__)

CHUNK = 1 << 16  # bytes
PAGE = "text/html"  # what a server sends where people are asked to sign in
RETRYABLE_STATUSES = (408, 425, 429)  # and all from 500 on


class RetryableError(Exception):
    """An attempt that failed in a way that may pass.

    Attributes:
        wait: seconds that the server asked for, if it did.
        damaged: whether something came that is not what was asked for.
    """

    def __init__(self, reason: str, wait: float | None = None, damaged: bool = False):
        super().__init__(reason)
        self.wait = wait
        self.damaged = damaged


class RefusedError(Exception):
    """An answer that will be the same next time.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, reason: str, status: int):
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class RetryPolicy:
    """How often to ask again, and after which pause.

    Attributes:
        attempts: requests until it is given up.
        backoff: seconds before the second attempt; doubles with each further one.
        longest_wait: seconds that a pause lasts at most, also where the server
            asks for more.
    """

    attempts: int = 4
    backoff: float = 2.0
    longest_wait: float = 600.0

    def pause(self, attempt: int, asked: float | None = None) -> float:
        """Seconds to wait after attempt 1, 2, ..., or what the server asked for."""
        pause = self.backoff * 2.0 ** (attempt - 1) if asked is None else asked
        return min(pause, self.longest_wait)


DEFAULT_RETRY = RetryPolicy()


def fetch_file(
    url: str,
    path: Path,
    sums: Mapping[str, str],
    *,
    size: int | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
    timeout: float = 60.0,
    instead: str = "",
) -> None:
    """Fetch a file to `path`, whole and checked, or not at all.

    The unfinished file is `<path>.part`. A later call goes on from it, but only
    where a sum will tell whether the two pieces belong together.

    Args:
        url: its address.
        path: where it goes; the folder is made.
        sums: kind of sum (`md5`, `sha256`) -> hexadecimal; may be empty.
        size: bytes, where known: compared with the free disk first.
        retry: how often to ask.
        timeout: seconds without a byte until an attempt is given up.
        instead: what a person can do where it fails; ends the error's sentence.

    Raises:
        InputError: if it cannot be had or a sum differs.
    """
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if not sums:
        part.unlink(missing_ok=True)
    if size is not None:
        require_disk(part.parent, size, path.name)
    try:
        _request_until_there(url, part, retry, timeout, resume=bool(sums))
    except (RefusedError, RetryableError) as error:
        hint = f"; {instead}" if instead else ""
        raise InputError(f"{url} cannot be fetched ({error}){hint}") from None
    try:
        check_sums(part, sums)
    except InputError:
        part.unlink()
        raise
    flush_to_disk(part)
    part.replace(path)
    flush_folder(path.parent)


def _request_until_there(
    url: str, part: Path, retry: RetryPolicy, timeout: float, resume: bool
) -> None:
    """Repeat a request as the policy has it; the last failure is raised."""
    with requests.Session() as session:
        for attempt in range(1, retry.attempts + 1):
            try:
                request_to_file(session, url, part, timeout, resume=resume)
                return
            except RetryableError as error:
                if error.damaged or attempt == retry.attempts:
                    raise
                logger.warning("%s: %s; attempt %d follows", url, error, attempt + 1)
                time.sleep(retry.pause(attempt, error.wait))


def request_to_file(
    session: requests.Session,
    url: str,
    path: Path,
    timeout: float,
    *,
    deadline: float | None = None,
    resume: bool = False,
    refused_types: Collection[str] = (PAGE,),
    most: int | None = None,
) -> None:
    """Write the answer to one GET request to `path`.

    Args:
        session: of requests; its headers and proxies are used.
        url: what to ask for.
        path: where the answer goes; what is there is replaced, or continued.
        timeout: seconds without a byte until it is given up.
        deadline: seconds that the whole of it may take.
        resume: ask only for what comes after the bytes that `path` has.
        refused_types: media types that cannot be the file.
        most: bytes that it can have; an answer that goes on is given up.

    Raises:
        RetryableError: if the connection or the server fails, the body is shorter
            than announced, or of a refused type (`damaged`).
        RefusedError: if the server answers with another status than success.
    """
    until = None if deadline is None else time.monotonic() + deadline
    have = path.stat().st_size if resume and path.exists() else 0
    # The length of a compressed body is not the length of the file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with session.get(url, stream=True, timeout=timeout, headers=headers) as answer:
            if have and answer.status_code == 416:
                return  # all of it is there, or more than all: the sum will tell
            _refuse_status(answer)
            _refuse_type(answer, refused_types)
            goes_on = answer.status_code == 206
            if goes_on and _first_byte(answer) != have:
                raise RetryableError("the server sent another part than asked for")
            mode = "ab" if goes_on else "wb"
            size = _save(answer, path, mode, deadline, until, most)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise RetryableError(explain(error)) from None
    announced = answer.headers.get("Content-Length", "")
    if announced.isdigit() and size != int(announced):
        raise RetryableError(f"truncated: {size:,} of {int(announced):,} bytes came")


def digest(path: Path, kind: str) -> str:
    """The md5 or sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def check_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Compare a file with its sums.

    Raises:
        InputError: if one differs.
    """
    for kind, expected in sums.items():
        actual = digest(path, kind)
        if actual != expected:
            raise InputError(
                f"{path}: its {kind} is {actual}, not {expected}: a damaged or another "
                "file; delete it and fetch it again"
            )


def explain(error: Exception) -> str:
    """Say in a few words why a connection failed."""
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "the server did not answer in time"
    cause: object = error
    while inner := getattr(cause, "reason", None) or (
        cause.args[0] if isinstance(cause, Exception) and cause.args else None
    ):
        if not isinstance(inner, Exception):
            break
        cause = inner
    # urllib3 begins with the object that failed.
    reason = re.sub(r"^<?\w+\(.*?\)>?: ", "", str(cause))
    return f"the connection failed: {without_secrets(reason)}"


def _save(
    answer: requests.Response,
    path: Path,
    mode: str,
    deadline: float | None,
    until: float | None,
    most: int | None,
) -> int:
    size = 0
    with path.open(mode) as file:
        # read1 returns what has come, so that a trickle meets the deadline.
        while chunk := answer.raw.read1(CHUNK):
            file.write(chunk)
            size += len(chunk)
            if most is not None and size > most:
                raise RetryableError(
                    f"more than {gigabytes(most)} came, and no clip has as much",
                    damaged=True,
                )
            if until is not None and time.monotonic() > until:
                raise RetryableError(f"slow: {size:,} bytes in {deadline:g} s")
    return size


def _first_byte(answer: requests.Response) -> int | None:
    span = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(span[1]) if span else None


def _refuse_type(answer: requests.Response, refused: Collection[str]) -> None:
    kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind in refused:
        raise RetryableError(f"the server sent {kind}, not the file", damaged=True)


def _refuse_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status in (200, 206):
        return
    reason = f"HTTP {status} {answer.reason or ''}".strip()
    if status in RETRYABLE_STATUSES or status >= 500:
        raise RetryableError(reason, wait=retry_after(answer))
    raise RefusedError(reason, status)


def retry_after(answer: requests.Response) -> float | None:
    """Seconds that the server asks to wait, from either form of the header."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
