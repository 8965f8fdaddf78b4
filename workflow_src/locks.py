"""Locks of folders: one process at a time writes there, and says who it is.

The system lets go of such a lock when its process ends, however it ends, so a lock
never has to be removed by hand: what a dead process left is taken over.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

from workflow_src.errors import InputError

LOCK = "running.lock"
# Of a file system that knows no locks: there, nothing keeps two runs apart.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class FolderLock:
    """A folder that this process alone writes to, from here on.

    Between machines it holds where their file system passes locks on (NFS 4 does).

    Args:
        folder: is made.

    Raises:
        InputError: another process has it; says which, and where it runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        path = folder / LOCK
        while self._descriptor is None:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = try_lock(path)
            except FileNotFoundError:
                continue  # whoever had it has just renamed the folder
            if descriptor is None:
                raise InputError(
                    f"{folder} is in use by {owner_in_words(path)}: wait for it, or "
                    "stop it; two at once would spoil each other's files"
                )
            # Whoever had it may have removed the file since it was opened.
            if _is_at(descriptor, path):
                self._descriptor = descriptor
            else:
                os.close(descriptor)
        write_owner(self._descriptor)

    def release(self, now_at: Path | None = None) -> None:
        """Let go of the folder; again does nothing.

        Args:
            now_at: where the folder is by now, if it was renamed.
        """
        if self._descriptor is None:
            return
        # Removed before it is let go of: so nobody removes another's.
        ((now_at or self._folder) / LOCK).unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def try_lock(path: Path) -> int | None:
    """Open a file, made where there is none, and lock it.

    Returns:
        Its descriptor: closing it, or the end of the process, lets go of the lock.
        None where another process has it.
    """
    # Programs that this one starts do not inherit it (PEP 446).
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            os.close(descriptor)
            raise
    return descriptor


def write_owner(descriptor: int) -> None:
    """Write into a lock's file which process this is."""
    owner = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(owner).encode(), 0)


def owner(path: Path) -> dict[str, Any]:
    """What `write_owner` wrote; empty where it is not written yet, or torn."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def owner_in_words(path: Path) -> str:
    """The owner of a lock: `process 12 on host node3 (since ...)`."""
    own = owner(path)
    if not own.keys() >= {"process", "host", "since"}:
        return "another process"
    return f"process {own['process']} on host {own['host']} (since {own['since']})"


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
