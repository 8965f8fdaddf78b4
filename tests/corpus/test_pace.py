"""The pace that all download jobs of a node keep together, in real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import BlockedError, Downloader
from workflow_src.corpus.pace import STATE, SharedPace
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError
from workflow_src.transfer import RetryPolicy

# Takes turns and writes when; holds the lock for ever where told.
JOB = """
import sys, time
from workflow_src.corpus.pace import SharedPace

folder, per_hour, turns, way = sys.argv[1:]
pace = SharedPace(folder, float(per_hour))
if way == "hold":
    with pace._lock:
        print("held", flush=True)
        time.sleep(60)
for _ in range(int(turns)):
    pace.wait_for_turn()
    print(time.time(), flush=True)
"""


def start_job(folder, turns, way="go", per_hour=20 * 3600):
    command = [sys.executable, "-c", JOB, str(folder), str(per_hour), str(turns), way]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_jobs_keep_their_distance_together(tmp_path):
    jobs = [start_job(tmp_path, 5) for _ in range(3)]
    times = sorted(
        float(t) for job in jobs for t in job.communicate(timeout=60)[0].split()
    )
    assert len(times) == 15
    gaps = [after - before for before, after in pairwise(times)]
    # What is printed comes a moment after the turn: only the mean is exact.
    assert times[-1] - times[0] >= 14 / 20 - 0.04
    assert min(gaps) > 0.01


def test_a_killed_job_holds_nobody_up(tmp_path):
    killed = start_job(tmp_path, 0, "hold")
    assert killed.stdout.readline() == "held\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    start = time.monotonic()
    SharedPace(tmp_path, 20 * 3600).wait_for_turn()
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"speed": 3}', b"\xff"])
def test_a_damaged_state_is_said_and_written_anew(tmp_path, caplog, content):
    (tmp_path / STATE).write_bytes(content)
    SharedPace(tmp_path, 3600).wait_for_turn()
    assert "pace.json is damaged" in caplog.text
    assert json.loads((tmp_path / STATE).read_bytes())["last_request"] > 0


class Clock:
    """Time that passes only by waiting."""

    def __init__(self, monkeypatch):
        self.now = 1e9
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 10_000), st.lists(st.floats(0, 30), max_size=30))
def test_no_interval_between_turns_is_shorter_than_the_rate_allows(
    tmp_path_factory, per_hour, work
):
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        folder = tmp_path_factory.mktemp("pace")
        jobs = [SharedPace(folder, per_hour) for _ in range(3)]
        turns = []
        for i, seconds in enumerate(work):
            jobs[i % 3].wait_for_turn()
            turns.append(clock.now)
            clock.now += seconds
    for before, after in pairwise(turns):
        assert after - before >= 3600 / per_hour * (1 - 1e-6)


def test_without_a_limit_nothing_waits(tmp_path, clock):
    pace = SharedPace(tmp_path)
    for _ in range(100):
        pace.wait_for_turn()
    assert clock.now == 1e9


def test_a_block_holds_for_every_job_and_doubles(tmp_path, clock, caplog):
    one, other = (SharedPace(tmp_path, None, 900, 3600) for _ in range(2))
    waits = []
    for _ in range(4):
        one.report_block("not a bot")
        other.report_block("said a moment later by a job that had asked before")
        before = clock.now
        other.wait_for_turn()
        waits.append(clock.now - before)
    assert waits == [900, 1800, 3600, 3600]
    # 10^9 s is 2001-09-09 01:46:40.
    assert "wait until 2001-09-09 02:01:40 UTC" in caplog.text
    other.report_success()
    one.report_block("again")
    assert json.loads((tmp_path / STATE).read_bytes())["block_wait"] == 900


def test_a_clock_that_was_set_back_stops_nobody(tmp_path, clock):
    pace = SharedPace(tmp_path, 3600)
    pace.wait_for_turn()
    pace.report_block("not a bot")
    clock.now = 5e8
    pace.wait_for_turn()
    assert clock.now == 5e8


def test_a_job_that_meets_nothing_but_blocks_stops_in_the_end(tmp_path, clock):
    def blocked(clip, folder):
        raise BlockedError("not a bot")

    pace = SharedPace(tmp_path / "pace", None, 900, 3600, give_up_after=7200)
    source = Downloader(blocked, tmp_path / "cache", "job", RetryPolicy(1), pace)
    clip = Clip("a_0.flac", "a", "0")
    with pytest.raises(InputError, match=r"blocked .* \d\.\d hours .*blocked_hours"):
        source.fetch(clip)
    # Nothing is remembered of the clip: it is asked for again.
    assert (tmp_path / "cache" / "job.jsonl").read_bytes() == b""

    def gone(clip, folder):
        raise LostClip("unavailable", "gone")

    again = Downloader(gone, tmp_path / "cache", "job", RetryPolicy(1), pace)
    with pytest.raises(LostClip, match="gone") as caught:
        again.fetch(clip)
    assert caught.value.attempts == 1
