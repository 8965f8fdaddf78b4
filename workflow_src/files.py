"""Files that are either whole or not there, and room on the disk for them."""

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from workflow_src.errors import InputError

logger = logging.getLogger(__name__)


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8, under a temporary name; flush; rename; flush.

    After a crash at any moment, of the process or of the machine, the file is the
    old one or the new one; once this returns, it is the new one.

    Args:
        path: of the file; its folder is made. Line ends stay as they are in the text.
        content: all of it.

    Raises:
        OSError: the disk is full, say; the old file is as it was.
    """
    if isinstance(content, str):
        content = content.encode()
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: str | Path, alone: bool = False) -> Iterator[BinaryIO]:
    """Open a file that gets its name when the block ends, as `write_atomically` does.

    Args:
        path: of the file; its folder is made.
        alone: whether no other process writes this file: then what a killed one
            left under the temporary name is overwritten, which saves room where
            files are large.

    Yields:
        The file under a temporary name, which is removed after an error.

    Raises:
        OSError: the disk is full, say; the old file is as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two jobs that write the same file apart.
    writer = "" if alone else f".{os.getpid()}"
    temporary = path.with_name(f"{path.name}{writer}.partial")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        fault = _fault_of_disk(error, path)
        temporary.unlink(missing_ok=True)
        if fault is not None:
            raise fault from error
        raise
    flush_folder(path.parent)


def _fault_of_disk(error: BaseException, path: Path) -> OSError | None:
    """The fault behind a library's error of writing a file, with the file's name.

    Numpy and torch do not pass on what the system said.
    """
    if not isinstance(error, OSError | RuntimeError):
        return None
    for one in (error, error.__cause__, error.__context__):
        if isinstance(one, OSError) and one.errno is not None:
            return OSError(one.errno, os.strerror(one.errno), str(path))
    if shutil.disk_usage(path.parent).free == 0:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return None


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Give an OSError that names no file, as a write's does not, the name of one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def flush_to_disk(path: Path) -> None:
    """Wait until a file's bytes are on the disk, before it gets its final name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until a folder's names are on the disk, so that a rename survives a crash.

    Windows cannot open a folder, and keeps renames in order by itself.
    """
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's files with their names.

    Raises:
        InputError: the file cannot be read.
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
    """Open a JSON-lines file for appending; a torn last line is cut off."""
    file = Path(path).open("ab")  # noqa: SIM115 - the caller closes it
    whole = Path(path).read_bytes().rfind(b"\n") + 1
    file.truncate(whole)
    return file


def append_json_line(file: BinaryIO, line: Mapping[str, Any]) -> None:
    """Write one object as a line of JSON and flush it to the disk."""
    with naming(file.name):
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_json_lines(
    path: str | Path, keys: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Objects of a JSON-lines file, none where it does not exist.

    A torn last line (a kill, a full disk) is left out.

    Args:
        path: of the file.
        keys: that every object has.

    Raises:
        InputError: another line is damaged; says what to delete.
    """
    if not Path(path).exists():
        return []
    *whole, _ = Path(path).read_bytes().split(b"\n")
    objects: list[dict[str, Any]] = []
    for number, line in enumerate(whole, start=1):
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        if not isinstance(content, dict) or not content.keys() >= set(keys):
            raise InputError(
                f"{path} is damaged in line {number}: delete it to start anew"
            )
        objects.append(content)
    return objects


def read_json_object(path: str | Path, remedy: str) -> dict[str, Any]:
    """The object that a JSON file holds.

    Args:
        path: of the file.
        remedy: what to do about a damaged file; ends the error's sentence.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged: {remedy}")
    return content


def require_disk(folder: str | Path, size: int, purpose: str) -> None:
    """Log how many bytes are needed, and check that the disk has them free.

    Args:
        folder: where they go; need not exist yet: its nearest existing parent tells
            the disk.
        size: bytes.
        purpose: what needs them; begins the sentence.

    Raises:
        InputError: the disk has less.
    """
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    need = f"{purpose} needs {gigabytes(size)} below {folder}; {gigabytes(free)} free"
    if size > free:
        raise InputError(need)
    logger.info(need)


def gigabytes(size: int) -> str:
    """Bytes as text: `31.5 GB` (10^9 bytes)."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
