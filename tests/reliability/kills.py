"""Kills at random moments: of a command with all that it has started, of a step."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def run_and_kill(command: str, folder: Path, seconds: float | None, log: Path) -> bool:
    """Run a command line; after so many seconds, kill it and all its children.

    Returns:
        Whether it came to its end; it must then have ended well.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill_session(process.pid)
        process.wait()
        return False
    assert process.returncode == 0, log.read_text(errors="replace")[-4000:]
    return True


def kill_session(number: int) -> None:
    """Kill -9 every process of a session, until there is none."""
    while alive := [process for process in _processes() if _session(process) == number]:
        for process in alive:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def kill_step(step: Callable[[], object], seconds: float) -> bool:
    """Run a step in a child and kill it after so many seconds; whether it was done."""
    child = os.fork()
    if not child:
        with suppress(BaseException):
            step()
            os._exit(0)
        os._exit(1)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert status == 0, "the step failed"
            return True
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def moments(seed: int, longest: float):
    """Random times to kill at, the same for the same seed."""
    draw = random.Random(seed)
    while True:
        yield draw.uniform(0, longest)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _session(process: int) -> int | None:
    """Session of a process that runs; None of one that is gone or only unwaited."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    state, _, _, session = text.rpartition(")")[2].split()[:4]
    return None if state == "Z" else int(session)
