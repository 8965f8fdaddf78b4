"""Files remembered before they are changed, so that they can be put back."""

import os
from pathlib import Path

from workflow_src.files import write_atomically


class FileSnapshot:
    """Files as they were before they were changed: contents and times."""

    def __init__(self) -> None:
        self._contents: dict[Path, bytes | None] = {}
        self._times: dict[Path, int] = {}

    def content(self, path: Path) -> None:
        """Remember a file that will be written."""
        if path not in self._contents:
            self._contents[path] = path.read_bytes() if path.exists() else None

    def time(self, path: Path) -> None:
        """Remember the time of a file that will get another."""
        self._times.setdefault(path, path.stat().st_mtime_ns)

    def keep(self) -> None:
        """Forget what was before: the changes stay."""
        self._contents.clear()
        self._times.clear()

    def restore(self) -> None:
        """Make all remembered files what they were."""
        for path, content in self._contents.items():
            if content is not None:
                write_atomically(path, content)
            else:
                path.unlink(missing_ok=True)
        for path, time in self._times.items():
            if path.exists():
                os.utime(path, ns=(time, time))
