"""What Snakemake's newest log says: which jobs run, which are done, which failed.

Snakemake writes a block of lines when a job starts and one when it ends. Nothing
else of it is read here, and no file is changed.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

LOGS = Path(".snakemake") / "log"
PROCESSES = Path("/proc")
STAMP = re.compile(r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})\]$")
RULE = re.compile(r"(?:local)?(?:rule|checkpoint) (\w+):$")
FAILED = re.compile(r"Error in rule (\w+):$")
FIELD = re.compile(r"    (jobid|wildcards|log): (.*)$")
FINISHED = re.compile(r"Finished jobid: (\d+)")
STEPS = re.compile(r"(\d+) of (\d+) steps \(")
TOTAL = re.compile(r"total +(\d+)$")
ENDED = "Complete log(s): "


@dataclass
class Job:
    """One job of a rule.

    Attributes:
        rule: its name.
        started: when.
        wildcards: name -> value.
        log: its log, relative to the project; empty where the rule has none.
    """

    rule: str
    started: datetime
    wildcards: dict[str, str] = field(default_factory=dict)
    log: str = ""


@dataclass
class SnakemakeRun:
    """One call of Snakemake, as its log tells it.

    Attributes:
        path: of the log.
        started: when.
        host: where it runs.
        command: as it was typed.
        done: finished jobs.
        total: all jobs.
        running: jobs that were started and not ended, by number.
        failed: those that failed.
        ended: whether it came to its end.
        updated: when the log was last written.
    """

    path: Path
    started: datetime
    host: str = ""
    command: str = ""
    done: int = 0
    total: int = 0
    running: dict[str, Job] = field(default_factory=dict)
    failed: list[Job] = field(default_factory=list)
    ended: bool = False
    updated: datetime = field(default_factory=datetime.now)

    def overrides(self) -> dict[str, str]:
        """The values that were typed behind `--config`."""
        found: dict[str, str] = {}
        inside = False
        try:
            words = shlex.split(self.command)
        except ValueError:
            return {}
        for word in words:
            if word.startswith("-"):
                inside = word in ("--config", "-C")
            elif inside and "=" in word:
                name, _, value = word.partition("=")
                found[name] = value
        return found


def newest_run(root: Path) -> SnakemakeRun | None:
    """Read the newest log below a project's root; None where there is none."""
    logs = sorted((root / LOGS).glob("*.snakemake.log"))
    return read_log(logs[-1]) if logs else None


def read_log(path: Path) -> SnakemakeRun:
    """Read a log, finished or not."""
    status = path.stat()
    run = SnakemakeRun(
        path,
        started=datetime.fromtimestamp(status.st_mtime),
        updated=datetime.fromtimestamp(status.st_mtime),
    )
    stamp = None
    job: Job | None = None
    fails = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := STAMP.match(line):
            stamp, job = datetime.strptime(found[1], "%a %b %d %H:%M:%S %Y"), None
        elif found := RULE.match(line) or FAILED.match(line):
            job, fails = Job(found[1], stamp or run.started), line.startswith("Error")
        elif job is not None and (found := FIELD.match(line)):
            _add(run, job, found[1], found[2], fails)
        elif found := FINISHED.match(line):
            run.running.pop(found[1], None)
        elif found := STEPS.match(line):
            run.done, run.total = int(found[1]), int(found[2])
        elif (found := TOTAL.match(line)) and not run.total:
            run.total = int(found[1])
        elif line.startswith("  Date: ") and stamp is None:
            run.started = datetime.fromisoformat(line.removeprefix("  Date: "))
        elif line.startswith("  Host: ") and stamp is None:
            run.host = line.removeprefix("  Host: ")
        elif line.startswith("  Command: ") and stamp is None:
            run.command = line.removeprefix("  Command: ")
        run.ended = run.ended or line.startswith(ENDED)
    return run


def _add(run: SnakemakeRun, job: Job, name: str, value: str, fails: bool) -> None:
    """Put what a line of a job's block says where it belongs."""
    if name == "jobid" and fails:
        run.failed.append(run.running.pop(value, job))
    elif name == "jobid":
        run.running[value] = job
    elif name == "log":
        job.log = value.partition(" (check ")[0].partition(", ")[0]
    else:
        pairs = (pair.partition("=") for pair in value.split(", "))
        job.wildcards = {key: own for key, _, own in pairs}


def alive(run: SnakemakeRun, root: Path) -> bool:
    """Whether a call of Snakemake still runs.

    Where its log does not end, its process is looked for; on another machine, or
    where processes cannot be listed, the log alone is believed.
    """
    if run.ended:
        return False
    if run.host != platform.node() or not PROCESSES.is_dir():
        return True
    return any(_is_snakemake(process, root) for process in PROCESSES.glob("[0-9]*"))


def _is_snakemake(process: Path, root: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        if not any(b"snakemake" in word for word in words[:3]):
            return False
        return Path(os.readlink(process / "cwd")) == root.resolve()
    except OSError:  # it ended meanwhile, or is another user's
        return False
