"""The lock that a killed Snakemake left is told apart from a living one's."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from workflow_src.snakemake_lock import directory, owned, runs_jobs

RUN = """
import sys, time
from pathlib import Path
from workflow_src.snakemake_lock import owned
with owned(Path(sys.argv[1])):
    locks = Path(sys.argv[1], ".snakemake", "locks")
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("a.txt\\n")
    print("locked", flush=True)
    time.sleep(60)
"""


def lock(folder):
    return folder / ".snakemake" / "locks" / "0.output.lock"


def refused():
    """What Snakemake does when it finds a lock."""
    sys.exit(1)


@pytest.fixture
def running(tmp_path):
    """A process that has locked the folder as Snakemake does."""
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_killed_run_s_lock_is_removed_and_that_is_said(tmp_path, running, capsys):
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert lock(tmp_path).exists()
    with owned(tmp_path):
        assert not lock(tmp_path).exists()
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"the Snakemake that was process {running.pid} on host ")
    assert said.endswith("what it had not finished goes on or is made anew")
    assert [path.name for path in (tmp_path / ".snakemake/owners").iterdir()] == [
        "guard"
    ]
    with owned(tmp_path):
        pass
    assert not capsys.readouterr().err


def test_a_living_run_s_lock_stays_and_its_owner_is_named(tmp_path, running, capsys):
    with pytest.raises(SystemExit), owned(tmp_path):
        refused()
    assert lock(tmp_path).exists()
    (said,) = capsys.readouterr().err.splitlines()
    assert f"another Snakemake, process {running.pid} on host" in said
    assert "wait for it or stop it" in said


def test_a_living_run_s_lock_stays_where_another_was_killed(tmp_path, running):
    """Whose of the locks is whose is not known: none is removed."""
    command = [sys.executable, "-c", RUN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        other.kill()
    with owned(tmp_path):
        assert lock(tmp_path).exists()
    running.kill()
    running.wait()
    with owned(tmp_path):
        assert not lock(tmp_path).exists()


@pytest.mark.parametrize("known", [False, True], ids=["of nobody", "of another host"])
def test_a_lock_of_elsewhere_stays_and_is_explained(
    tmp_path, running, capsys, monkeypatch, known
):
    running.kill()
    running.wait()
    (note,) = (tmp_path / ".snakemake" / "owners").glob("*.*")
    if known:
        note.write_text(note.read_text().replace(socket.gethostname(), "node7"))
    else:
        note.unlink()
    with pytest.raises(SystemExit), owned(tmp_path):
        refused()
    assert lock(tmp_path).exists()
    (said,) = capsys.readouterr().err.splitlines()
    assert "snakemake --unlock" in said
    assert ("on host node7" in said) == known
    with owned(tmp_path, unlock=True):
        assert lock(tmp_path).exists() != known  # what is left, Snakemake removes


def test_a_run_without_another_s_lock_says_nothing(tmp_path, capsys):
    with pytest.raises(SystemExit), owned(tmp_path):
        refused()
    assert not capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "runs"),
    [
        ("--cores 8 --resources gpu=1 all", True),
        ("results/table4.csv", True),
        ("-c1 all", True),
        ("--unlock", True),
        ("-n all", False),
        ("-np all", False),
        ("--dry-run --cores 1 all", False),
        ("--lint", False),
        ("--version", False),
    ],
)
def test_which_calls_lock(typed, runs):
    assert runs_jobs(typed.split()) == runs


def test_the_working_directory():
    assert directory(["all"]) == Path()
    assert directory(["--directory", "a", "all"]) == Path("a")
    assert directory(["all", "--directory=b"]) == Path("b")
    assert directory(["-d", "c"]) == Path("c")
