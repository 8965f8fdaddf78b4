"""Files that are either whole or not there, and room on the disk for them."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from workflow_src.errors import InputError

logger = logging.getLogger(__name__)


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8, under a temporary name; flush; rename.

    Makes the parent folder. Line ends are written as they are in the text.
    """
    if isinstance(content, str):
        content = content.encode()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two jobs that write the same file apart.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's files with their names.

    Raises:
        InputError: there is no such file.
    """
    path = Path(path)
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        names = [(str(file.relative_to(path)), file_digest(file)) for file in inside]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def open_json_lines(path: str | Path) -> BinaryIO:
    """A JSON-lines file, opened for appending; a torn last line is cut off."""
    file = Path(path).open("ab")  # noqa: SIM115 - the caller closes it
    whole = Path(path).read_bytes().rfind(b"\n") + 1
    file.truncate(whole)
    return file


def append_json_line(file: BinaryIO, line: Mapping[str, Any]) -> None:
    """Write one object as a line of JSON and flush it to the disk."""
    file.write(json.dumps(line).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def read_json_lines(path: str | Path) -> list[dict[str, Any]]:
    """Objects of a JSON-lines file, none where it does not exist.

    A torn last line (a kill, a full disk) is left out; InputError where another
    is damaged.
    """
    if not Path(path).exists():
        return []
    *whole, _ = Path(path).read_bytes().split(b"\n")
    try:
        return [json.loads(line) for line in whole]
    except ValueError:
        raise InputError(f"{path} is damaged: delete it to start anew") from None


def require_disk(folder: str | Path, size: int, purpose: str) -> None:
    """Say how many bytes `purpose` needs below `folder`; InputError if not free.

    The folder need not exist yet: its nearest existing parent tells the disk.
    """
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    said = f"{purpose} needs {gigabytes(size)} below {folder}; {gigabytes(free)} free"
    if size > free:
        raise InputError(said)
    logger.info(said)


def gigabytes(size: int) -> str:
    """Bytes as text: `31.5 GB` (10^9 bytes)."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
