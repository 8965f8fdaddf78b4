"""What is read of Snakemake's log, and whether that call still runs."""

import os
import platform
import subprocess
import sys
import time
from datetime import datetime

import pytest

from workflow_src.status.snakemake_log import alive, newest_run, read_log

HEAD = f"""Building DAG of jobs...
  Date: 2026-11-24 14:24:04
  Host: {platform.node()}
  Command: /x/snakemake --cores 2 --config scale=smoke train_clips=8 -- all
Job stats:
job      count
-----  -------
a            1
total        7

Execute 2 jobs...
[Tue Nov 24 14:25:41 2026]
localrule train_captioning:
    input: x, y
    output: runs/c/model.pt
    log: logs/c/all.log
    jobid: 1
    wildcards: recipe=all, seed=20
    resources: tmpdir=/tmp
[Tue Nov  3 14:25:45 2026]
rule sanity:
    output: b
    jobid: 12
"""
TAIL = """[Tue Nov 24 14:26:00 2026]
Finished jobid: 12 (Rule: sanity)
1 of 7 steps (14%) done
[Tue Nov 24 14:26:01 2026]
Error in rule train_captioning:
    message: None
    jobid: 1
    output: runs/c/model.pt
    log: logs/c/all.log (check log file(s) for error details)
    shell:
        Finished jobid: 5
Exiting because a job execution failed. Look above for error messages
Complete log(s): /x/.snakemake/log/y.snakemake.log
"""


def write(tmp_path, text, name="2026-11-24T142404.snakemake.log"):
    path = tmp_path / ".snakemake" / "log" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_running_call_says_its_jobs(tmp_path):
    run = read_log(write(tmp_path, HEAD))
    assert (run.done, run.total, run.ended, run.failed) == (0, 7, False, [])
    assert run.started == datetime(2026, 11, 24, 14, 24, 4)
    assert run.overrides() == {"scale": "smoke", "train_clips": "8"}
    first, second = run.running["1"], run.running["12"]
    assert (first.rule, first.log) == ("train_captioning", "logs/c/all.log")
    assert first.wildcards == {"recipe": "all", "seed": "20"}
    assert first.started == datetime(2026, 11, 24, 14, 25, 41)
    assert (second.rule, second.log, second.wildcards) == ("sanity", "", {})


def test_jobs_end_and_fail(tmp_path):
    run = read_log(write(tmp_path, HEAD + TAIL))
    assert (run.done, run.total, run.ended, run.running) == (1, 7, True, {})
    (failed,) = run.failed
    assert (failed.rule, failed.log) == ("train_captioning", "logs/c/all.log")
    assert failed.wildcards == {"recipe": "all", "seed": "20"}
    assert not alive(run, tmp_path)


def test_the_newest_log_counts(tmp_path):
    assert newest_run(tmp_path) is None
    write(tmp_path, HEAD + TAIL)
    newer = write(tmp_path, HEAD, "2026-11-25T000000.snakemake.log")
    assert newest_run(tmp_path).path == newer


def test_a_killed_call_is_not_alive(tmp_path):
    run = read_log(write(tmp_path, HEAD))
    if not os.path.isdir("/proc"):
        pytest.skip("processes cannot be listed here")
    assert not alive(run, tmp_path)
    sleeper = [sys.executable, "-c", "'snakemake'; import time; time.sleep(60)"]
    with subprocess.Popen(sleeper, cwd=tmp_path) as process:
        last = time.monotonic() + 5
        while not alive(run, tmp_path):
            assert time.monotonic() < last
        # Of another folder's it is none.
        assert not alive(run, tmp_path / ".snakemake")
        process.kill()
    run.host = "another machine"
    assert alive(run, tmp_path)


SNAKEFILE = """
rule all:
    input: "a", "b.3"
rule a:
    output: "a"
    log: "logs/a.log"
    shell: "exit 3"
rule b:
    output: "b.{number}"
    shell: "touch {output}"
"""


def test_a_log_of_this_snakemake(tmp_path):
    """The form of the log is Snakemake's own affair: a change must be noticed."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--keep-going"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    run = newest_run(tmp_path)
    assert (run.done, run.total, run.ended, run.running) == (1, 3, True, {})
    assert [(job.rule, job.log) for job in run.failed] == [("a", "logs/a.log")]
    assert run.host == platform.node()
    assert abs((datetime.now() - run.started).total_seconds()) < 60
