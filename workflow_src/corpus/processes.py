"""Programs with a time limit that holds for everything they start."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

# Seconds between asking a group of processes to end and ending it.
GRACE = 2.0


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    Attributes:
        status: its exit status; None where the time limit ended it.
        output: what it wrote to its standard output, as text.
        errors: the same of its standard error.
    """

    status: int | None
    output: str
    errors: str


def run_limited(command: Sequence[str], seconds: float) -> Finished:
    """Run a program; after so many seconds it ends, with all that it has started.

    It runs in a process group of its own. A group that has ended but for one
    stalled member counts as running: the member holds the group's output open.

    Args:
        command: the program and its arguments.
        seconds: the time limit.

    Raises:
        OSError: if the program cannot be started.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONUTF8": "1"},
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
            return Finished(process.returncode, output, errors)
        except subprocess.TimeoutExpired:
            output, errors = _end_group(process)
            return Finished(None, output, errors)
        except BaseException:
            _end_group(process)
            raise


def _end_group(process: subprocess.Popen[str]) -> tuple[str, str]:
    # The first process is not yet waited for, so the group's number is still its.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=GRACE)
    return "", ""
