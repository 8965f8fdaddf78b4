"""Run DVC commands, and read the status of the workspace."""

import json
import subprocess
import sys
from collections.abc import Iterator

from workflow_src.errors import InputError


def dvc(*arguments: str, capture: bool = False) -> str:
    """Run a DVC command.

    Args:
        arguments: the words after `dvc`.
        capture: return its output instead of showing it.

    Raises:
        InputError: it fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        stdout=subprocess.PIPE if capture else None,
        text=True,
    )
    if done.returncode:
        command = " ".join(["dvc", *arguments])
        raise InputError(f"{command} failed with status {done.returncode}")
    return done.stdout or ""


def changes(*stages: str) -> list[str]:
    """List what `dvc status` finds changed, a line each; empty if nothing is.

    Args:
        stages: to look at.
    """
    status = json.loads(dvc("status", "--json", *stages, capture=True))
    return list(_lines(status, ""))


def _lines(part: object, before: str) -> Iterator[str]:
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from _lines(inner, f"{before}{name}: ")
    elif isinstance(part, list):
        for inner in part:
            yield from _lines(inner, before)
    else:
        yield f"{before}{part}"
