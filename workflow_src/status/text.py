"""A status as text for one screen, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from workflow_src.status.collect import Count, Status
from workflow_src.status.snakemake_log import Job, SnakemakeRun
from workflow_src.status.trainings import TrainingStatus

WIDTH = 88
SHOWN = 8  # running or interrupted trainings, and failed jobs, that get a line each
TAIL = 4096  # bytes of a log's end, for its last line


def text(status: Status, root: Path) -> str:
    """Write a status for a person."""
    if status.nothing_yet:
        return (
            f"{status.corpus}: nothing has run yet; `snakemake --cores 8 all` begins."
        )
    lines = [f"{status.corpus}, {status.now:%Y-%m-%d %H:%M:%S}", ""]
    lines += _snakemake(status, root)
    lines += ["", *_trainings(status)]
    lines += [""]
    lines += [
        _counted(f"Evaluations, {task}", count)
        for task, count in status.evaluations.items()
    ]
    lines += [_counted("Tables and figures", status.results)]
    return "\n".join(lines)


def _snakemake(status: Status, root: Path) -> Iterator[str]:
    run = status.snakemake
    if run is None:
        yield "Snakemake: no log here; what follows is from the folders."
        return
    steps = f"{run.done} of {run.total} steps done"
    since = f"{run.started:%Y-%m-%d %H:%M}"
    if status.alive:
        yield f"Snakemake: runs since {since}, {steps}; its jobs now:"
        for job in run.running.values():
            yield f"  {_job(job)}, for {_since(job.started, status.now)}"
            if job.log and (last := last_line(root / job.log)):
                yield f"    {textwrap.shorten(last, WIDTH - 4, placeholder=' …')}"
    else:
        last = f"the last call, of {since}, {_end(run)} ({steps})"
        yield f"Snakemake: nothing runs; {last}."
    for job in run.failed[:SHOWN]:
        yield f"  failed: {_job(job)}" + (f": see {job.log}" if job.log else "")


def _end(run: SnakemakeRun) -> str:
    if not run.ended:
        return f"was killed at {run.updated:%H:%M} or later"
    if run.failed:
        return f"ended with {len(run.failed)} failed jobs"
    return "came to its end" if run.done == run.total else "stopped before its end"


def _job(job: Job) -> str:
    named = ", ".join(f"{name} {value}" for name, value in job.wildcards.items())
    return f"{job.rule.replace('_', ' ')}{f' ({named})' if named else ''}"


def _trainings(status: Status) -> Iterator[str]:
    states = Counter(own.state for own in status.trainings)
    counted = ", ".join(
        f"{states[state]} {state}"
        for state in ("running", "interrupted", "waiting")
        if states[state]
    )
    done = f"Trainings: {states['done']} of {len(status.trainings)} done"
    yield f"{done}{f', {counted}' if counted else ''}."
    begun = [own for own in status.trainings if own.state in ("running", "interrupted")]
    for own in begun[:SHOWN]:
        yield f"  {own.task} {own.name}: {_progress(own, status.now)}"
    for state in ("done", "waiting"):
        for task in dict.fromkeys(own.task for own in status.trainings):
            yield from _names(state, task, status.trainings)
    if states["done"] < len(status.trainings):
        yield _estimate(status)


def _progress(own: TrainingStatus, now: datetime) -> str:
    """How far a begun training is."""
    parts = [f"{own.epoch} of {own.epochs} epochs"]
    if own.seconds is not None:
        parts.append(f"{span(own.seconds)} each")
    ends = own.ends(now)
    if ends is not None:
        left = span((ends - now).total_seconds())
        parts.append(f"estimated end {ends:%a %H:%M}, in {left}")
    elif own.state == "interrupted":
        parts.append("interrupted; goes on there")
    return ", ".join(parts)


def _names(state: str, task: str, trainings: list[TrainingStatus]) -> list[str]:
    """The recipes of a task's trainings in a state, seeds with each."""
    seeds: dict[str, list[str]] = {}
    for own in trainings:
        if (own.state, own.task) == (state, task):
            seed = [] if own.seed is None else [str(own.seed)]
            seeds[own.recipe] = seeds.get(own.recipe, []) + seed
    several = len({seed for own in seeds.values() for seed in own}) > 1
    names = [
        f"{recipe} ({', '.join(own)})" if several else recipe
        for recipe, own in seeds.items()
    ]
    if not names:
        return []
    return textwrap.wrap(
        ", ".join(names),
        WIDTH,
        initial_indent=f"  {state} {task}: ",
        subsequent_indent="    ",
    )


def _estimate(status: Status) -> str:
    left = status.left()
    if left is None:
        return "  No estimate of their end before an epoch of each task is done."
    end = status.end()
    until = f", until about {end:%a %d %b %H:%M}" if end else " once something runs"
    return f"  All trainings: {span(left)} left{until} (estimate from epochs so far)."


def _counted(name: str, count: Count) -> str:
    line = f"{name}: {count.done} of {count.total} done"
    if not count.left:
        return f"{line}."
    return textwrap.shorten(
        f"{line}; left: {', '.join(count.left)}", WIDTH, placeholder=" …"
    )


def _since(start: datetime, now: datetime) -> str:
    return span((now - start).total_seconds())


def span(seconds: float) -> str:
    """A time span in words: `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    whole = round(seconds)
    if 0 < seconds < 10 and whole != seconds:
        return f"{seconds:.1f} s"
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 100:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def last_line(log: Path) -> str:
    """The last line that a job wrote into its log; empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            lines = file.read().decode("utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def as_json(status: Status) -> str:
    """Write a status for a program: times in ISO 8601, spans in seconds."""
    trainings: list[dict[str, Any]] = [
        asdict(own) | {"left": own.left(status.now), "ends": own.ends(status.now)}
        for own in status.trainings
    ]
    run = status.snakemake
    values = {
        "corpus": status.corpus,
        "now": status.now,
        "snakemake": None
        if run is None
        else asdict(run)
        | {"running": list(run.running.values()), "alive": status.alive},
        "trainings": trainings,
        "estimated_seconds_left": status.left(),
        "estimated_end": status.end(),
        "evaluations": status.evaluations,
        "results": status.results,
    }
    return json.dumps(values, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Path):
        return str(value)
    return asdict(value)
