"""The workflow on a real Slurm cluster of one node, with a job that is killed.

Started and ended by up.sh and down.sh beside this file: as root, where Debian's
packages slurm-wlm and munge are, and `pip install -r requirements-slurm.txt` was.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "squeue")
PLUGIN = "snakemake_executor_plugin_slurm"
# A training of the captioner, its captions and their scores, with all before them.
TARGET = "runs/embedded-smoke/captioning/all/seed20/scores.json"
KILLED = "train-captioner"  # the step of which a job is killed
SECONDS = 3600  # a minute of work, and a wait for each of 25 jobs


def reason():
    """Why this test cannot run here, or an empty text."""
    missing = [own for own in PROGRAMS if shutil.which(own) is None]
    if missing:
        return f"there is no {', '.join(missing)}: apt-get install slurm-wlm munge"
    if importlib.util.find_spec(PLUGIN) is None:
        return "Snakemake's plugin is missing: pip install -r requirements-slurm.txt"
    return "" if os.geteuid() == 0 else "only root can start the daemons"


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(reason()), reason=reason() or "-"),
]


@pytest.fixture
def cluster():
    """A cluster of this machine alone."""
    try:
        subprocess.run([HERE / "up.sh"], check=True)
        yield
    finally:
        subprocess.run([HERE / "down.sh"], check=True)


@pytest.fixture
def clone(tmp_path):
    """The working tree as a repository of its own."""
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    listed = ["git", "ls-files", "--modified", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def pids_of(step, clone):
    """Processes that run a step in a clone."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            inside = (entry / "cwd").readlink() == clone
        except OSError:
            continue  # it is no process, or ended
        if inside and step.encode() in words and b"workflow_src" in words:
            found.append(int(entry.name))
    return found


def test_a_graph_runs_and_a_job_that_is_killed_runs_again(cluster, clone, tmp_path):
    log = tmp_path / "snakemake.log"
    words = ["--profile", "profiles/slurm", "--config", "scale=smoke", "--", TARGET]
    asked = ["--slurm-status-command", "squeue", "--slurm-no-account"]
    asked += ["--slurm-init-seconds-before-status-checks", "5", "--cores", "2"]
    with log.open("w") as stream:
        run = subprocess.Popen(
            [sys.executable, "-m", "workflow_src.snakemake_command", *asked, *words],
            cwd=clone,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            killed = kill_once(run, clone)
            assert run.wait(SECONDS) == 0, log.read_text()
        finally:
            run.kill()
    said = log.read_text()
    print(said)
    assert killed
    assert (clone / TARGET).exists()
    # Sent to Slurm, all but what stays where one types.
    assert "submitted with SLURM jobid" in said
    assert "Trying to restart job" in said
    assert said.count("\nrule train_captioning:") == 2
    assert "mem_mb=64000" in said  # at the second attempt


def kill_once(run, clone):
    """Kill the first process of a step that is seen; say whether one was."""
    end = time.monotonic() + SECONDS
    while run.poll() is None and time.monotonic() < end:
        for pid in pids_of(KILLED, clone):
            os.kill(pid, signal.SIGKILL)
            return True
        time.sleep(0.2)
    return False
