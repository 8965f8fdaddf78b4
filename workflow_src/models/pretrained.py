"""The published files that the paper's models start from: where, how large, fetched.

A file is fetched to `pretrained/` with resume, its sums are checked, and only
then does it get its name. Where a place wants a person, the error says which file
to put where.
"""

import hashlib
import http
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.files import require_disk
from workflow_src.models.catalogue import CATALOGUE, FOLDER, PublishedFile, place
from workflow_src.progress import say

ATTEMPTS = 5
PAUSE = 2.0  # seconds before the second attempt; each further one twice as long
TIMEOUT = 60  # seconds without a byte
CHUNK = 1 << 20  # bytes


def text_encoder(name: str, folder: Path = FOLDER) -> str:
    """Where transformers shall look for a text encoder: the folder that was fetched.

    A name that was not fetched here stays a name: transformers then fetches it
    itself, from the hub or from its own cache.
    """
    fetched = folder / name
    return str(fetched) if (fetched / "config.json").is_file() else name


def fetch(
    name: str, folder: Path = FOLDER, pinned: Mapping[str, str] | None = None
) -> Path:
    """Fetch what a name of the catalogue stands for, where it is not there yet.

    Args:
        name: of the catalogue.
        folder: where pre-trained files go.
        pinned: file name -> sha256, for files whose sum nobody published;
            a pinned sum stands above one of the catalogue.

    Returns:
        The file, or the folder of several.

    Raises:
        InputError: if the name is unknown, the network fails, a sum differs, or
            the place wants a person: then with what to put where.
    """
    if name not in CATALOGUE:
        raise InputError(f"{name} is none of {', '.join(CATALOGUE)}")
    for published in CATALOGUE[name]:
        path = folder / published.file
        sums = {"md5": published.md5, "sha256": published.sha256}
        if pinned and path.name in pinned:
            sums["sha256"] = pinned[path.name].lower()
        known = {kind: value for kind, value in sums.items() if value is not None}
        if not path.is_file():
            part = path.with_name(path.name + ".part")
            download(published, part, resume=bool(known))
            try:
                check(part, known)
            except InputError:
                part.unlink()
                raise
            part.replace(path)
        else:
            check(path, known)
        if not known:
            say(
                f"{path}: nobody published its sum, so this file is unchecked. To have "
                f"it checked from now on, add to config.yaml under pretrained_sha256:"
                f'\n  "{path.name}": {digest(path, "sha256")}'
            )
    return place(name, folder)


def digest(path: Path, kind: str) -> str:
    """The md5 or sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def check(path: Path, sums: Mapping[str, str]) -> None:
    """Raise an InputError if a sum of a file is not as given."""
    for kind, expected in sums.items():
        found = digest(path, kind)
        if found != expected:
            raise InputError(
                f"{path}: its {kind} is {found}, not {expected}: a damaged or another "
                "file; delete it and fetch it again"
            )


def download(published: PublishedFile, part: Path, resume: bool) -> None:
    """Fetch a file to `part`, going on where an earlier attempt stopped.

    Args:
        published: what to fetch.
        part: the unfinished file.
        resume: go on from what `part` holds; only where a sum will tell whether
            the two pieces belong together.

    Raises:
        InputError: if it cannot be had, with where a person can get it.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    if not resume:
        part.unlink(missing_ok=True)
    if published.size is not None:
        require_disk(part.parent, published.size, published.file)
    place = part.with_name(part.name.removesuffix(".part"))
    by_hand = f"fetch {published.page} with a browser and save it as {place}"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _transfer(published, part)
        except (OSError, http.client.HTTPException) as error:
            status = getattr(error, "code", 500)
            refused = status < 500 and status not in (408, 425, 429)
            if refused or attempt == ATTEMPTS:
                raise InputError(
                    f"{published.url} cannot be fetched ({error}); {by_hand}"
                ) from error
            say(f"{published.file}: {error}; going on, attempt {attempt + 1}")
            time.sleep(PAUSE * 2 ** (attempt - 1))
        except _NotAFile as error:
            raise InputError(
                f"{published.url} answers with a web page, not with the file; {by_hand}"
            ) from error
        else:
            return


class _NotAFile(Exception):
    """A page for people where a file should be: Google Drive's quota, for instance."""


def _transfer(published: PublishedFile, part: Path) -> None:
    """One request; raises an error if the connection ends before the file does."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(published.url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            # All of it is there, or more than all: the sum will tell.
            return
        raise
    with response:
        if response.headers.get_content_type() == "text/html":
            raise _NotAFile
        goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
        length = response.headers.get("Content-Length")
        with part.open("ab" if goes_on else "wb") as file:
            received = 0
            while chunk := response.read(CHUNK):
                file.write(chunk)
                received += len(chunk)
        if length is not None and received < int(length):
            raise http.client.IncompleteRead(b"", int(length) - received)
