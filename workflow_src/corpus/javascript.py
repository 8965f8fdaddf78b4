"""What yt-dlp needs beside itself: a JavaScript runtime, found without being told.

Since 2025.11.12 yt-dlp solves YouTube's challenges with a JavaScript runtime and
the scripts of the package yt-dlp-ejs. The runtime Deno comes as the Python package
`deno`, whose program lies beside the interpreter and not always on the PATH.
"""

import contextlib
import importlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from workflow_src.errors import InputError

# Runtimes that yt-dlp accepts -> the oldest version of each.
OLDEST = {"deno": (2, 3), "node": (22, 0)}
MEND = (
    "run `make env`, which installs the downloader where config.yaml selects it, or "
    "take the audio from elsewhere (audiocaps.source)"
)


@dataclass(frozen=True)
class Runtime:
    """A JavaScript runtime, as yt-dlp is told of it."""

    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.name}:{self.path}"


def find_runtimes() -> list[Runtime]:
    """The runtimes of this environment that are new enough, best first."""
    return [
        Runtime(name, path)
        for name, path in _candidates()
        if _version(path) >= OLDEST[name]
    ]


def require_downloader() -> list[Runtime]:
    """The JavaScript runtimes, where all is there that YouTube takes.

    Raises:
        InputError: if a package or every runtime is missing, with the mend.
    """
    runtimes = find_runtimes()
    missing = [
        package
        for package in ("yt-dlp", "yt-dlp-ejs")
        if importlib.util.find_spec(package.replace("-", "_")) is None
    ]
    if not runtimes:
        missing.append("a JavaScript runtime (deno 2.3 or node 22, or newer)")
    if missing:
        raise InputError(
            f"audiocaps.source is youtube, and {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: {MEND}"
        )
    return runtimes


def no_runtime(said: str) -> InputError:
    """The error for a runtime that yt-dlp itself did not find, or not accept."""
    return InputError(f"yt-dlp cannot use a JavaScript runtime ({said}): {MEND}")


def _candidates() -> Iterator[tuple[str, str]]:
    if importlib.util.find_spec("deno") is not None:
        # Of a package that lost its program, nothing: look further.
        with contextlib.suppress(FileNotFoundError):
            yield "deno", importlib.import_module("deno").find_deno_bin()
    for name in OLDEST:
        if path := shutil.which(name):
            yield name, path


def _version(path: str) -> tuple[int, ...]:
    """Major and minor version that a program tells; (0,) if it tells none."""
    try:
        told = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    version = re.search(r"(\d+)\.(\d+)", told)
    return (int(version[1]), int(version[2])) if version else (0,)
