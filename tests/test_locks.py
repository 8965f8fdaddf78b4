"""A folder has one writer at a time, and a dead one's lock is taken over."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.training.test_loop import RESULTS, training
from workflow_src.audio.row_writer import RowWriter
from workflow_src.audio.store import WaveformStore
from workflow_src.errors import InputError
from workflow_src.locks import LOCK, FolderLock
from workflow_src.training.loop import fit

HOLD = """
import sys, time
from pathlib import Path
from workflow_src.locks import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that has the lock of `tmp_path / "run"`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_is_named(tmp_path, holder):
    folder = tmp_path / "run"
    with pytest.raises(InputError) as raised:
        FolderLock(folder)
    said = str(raised.value)
    assert said.startswith(
        f"{folder} is in use by process {holder.pid} on host {socket.gethostname()} "
    )
    assert said.endswith(
        "wait for it, or stop it; two at once would spoil each other's files"
    )
    assert "\n" not in said


def test_a_dead_process_s_lock_is_taken_over(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / LOCK).exists()
    with FolderLock(tmp_path / "run"):
        assert str(os.getpid()) in (tmp_path / "run" / LOCK).read_text()
    assert not (tmp_path / "run" / LOCK).exists()


def test_two_trainings_in_one_folder(tmp_path, holder):
    with pytest.raises(InputError, match=f"in use by process {holder.pid}"):
        fit(training(), tmp_path / "run")
    # It left the other's files alone.
    assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]
    holder.kill()
    holder.wait()
    fit(training(epochs=1), tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == RESULTS


def test_two_writers_of_one_store(tmp_path):
    rows = np.zeros((2, 8), np.int16)
    with RowWriter(WaveformStore, tmp_path / "all", (8,), {}) as first:
        first.append(["a", "b"], rows)
        with pytest.raises(InputError, match=r"all\.partial is in use by process \d+"):
            RowWriter(WaveformStore, tmp_path / "all", (8,), {})
        # A store beside it is nobody's.
        with RowWriter(WaveformStore, tmp_path / "other", (8,), {}) as other:
            other.append(["a"], rows[:1])
            other.finish()
        first.finish()
    names = {path.name for path in (tmp_path / "all").iterdir()}
    assert names == {"array.raw", "index.json"}
    assert {path.name for path in tmp_path.iterdir()} == {"all", "other"}


def count_up(folder, times):
    """Read a number, wait, write the next: two at once would lose some."""
    done = 0
    while done < times:
        try:
            with FolderLock(folder):
                path = folder / "number"
                number = int(path.read_text()) if path.exists() else 0
                time.sleep(0.001)
                path.write_text(str(number + 1))
                done += 1
        except InputError:
            time.sleep(0.001)


def test_of_several_processes_one_at_a_time_has_it(tmp_path):
    context = multiprocessing.get_context("fork")
    each = 15
    own = [context.Process(target=count_up, args=(tmp_path, each)) for _ in range(4)]
    for process in own:
        process.start()
    for process in own:
        process.join()
        assert process.exitcode == 0
    assert (tmp_path / "number").read_text() == str(4 * each)


def test_a_folder_that_cannot_be_locked_is_used_all_the_same(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", none)
    with FolderLock(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).exists()
