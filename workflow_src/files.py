"""Files that are either whole or not there, and room on the disk for them."""

import logging
import os
import shutil
from pathlib import Path

from workflow_src.errors import InputError

logger = logging.getLogger(__name__)


def write_text_atomically(path: str | Path, text: str) -> None:
    """Write UTF-8 text under a temporary name, flush it to the disk, rename it.

    Makes the parent folder. Line ends are written as they are in `text`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two jobs that write the same file apart.
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def require_disk(folder: str | Path, size: int, purpose: str) -> None:
    """Say how many bytes `purpose` needs below `folder`; InputError if they are not free.

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
