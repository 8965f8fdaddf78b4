"""The downloader and its HTTP transport against a real, misbehaving server."""

import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate

import numpy as np
import pytest
import requests

from workflow_src.audio.decoding import decode
from workflow_src.audio.store import WaveformStore
from workflow_src.corpus.captions import Clip, read_split
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.ingest import ingest
from workflow_src.corpus.pace import SharedPace
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError
from workflow_src.transfer import RetryPolicy, retry_after

FAST = RetryPolicy(attempts=3, backoff=0.01)

# What the server does -> the clip's state and the requests it takes.
OUTCOMES = {
    "good": ("ok", 1),
    "slow": ("ok", 1),
    "busy": ("ok", 3),
    "gone": ("unavailable", 1),
    "forbidden": ("private", 1),
    "teapot": ("failed", 1),
    "broken": ("failed", 3),
    "hang": ("failed", 3),
    "trickle": ("failed", 3),
    "truncated": ("failed", 3),
    "half": ("failed", 3),
    "unannounced": ("corrupt", 3),
    "html": ("corrupt", 3),
    "text": ("corrupt", 3),
}


def clip(way):
    return Clip(f"{way}-1_30.flac", f"{way}-1", "30")


def serve(server, ways):
    clips = [clip(way) for way in ways]
    for seed, one in enumerate(clips):
        server.add(one.file_name, seed)
    return clips


def downloader(server, cache, per_hour=None, **retry):
    transport = HttpTransport(server.pattern, timeout=0.3, deadline=1.0)
    policy = RetryPolicy(**{"backoff": 0.01} | retry)
    pace = SharedPace(cache.parent / "pace", per_hour)
    return Downloader(transport, cache, "job", policy, pace)


@pytest.mark.parametrize("way", OUTCOMES)
def test_each_misbehaviour(server, tmp_path, way):
    state, attempts = OUTCOMES[way]
    (wanted,) = serve(server, [way])
    source = downloader(server, tmp_path / "cache", attempts=3)
    if state == "ok":
        fetched = source.fetch(wanted)
        assert fetched.attempts == attempts
        served = (server.folder / wanted.file_name).read_bytes()
        assert fetched.path.read_bytes() == served
    else:
        with pytest.raises(LostClip) as caught:
            source.fetch(wanted)
        assert (caught.value.state, caught.value.attempts) == (state, attempts)
        assert str(caught.value)
        assert [path.name for path in (tmp_path / "cache").iterdir()] == ["job.jsonl"]
    assert server.requests == {f"{way}-1_30": attempts}


def test_a_split_among_all_misbehaviours(server, tmp_path, write_official):
    """Every clip in its state, every good one the same to the byte."""
    clips = serve(server, OUTCOMES)
    write_official(tmp_path / "val.csv", [(c.youtube_id, c.start_time) for c in clips])
    source = downloader(server, tmp_path / "cache", attempts=3)
    split = read_split(tmp_path, "val")
    rows = ingest(split, source, tmp_path / "shard", max_missing=1)
    found = {r.file_name.split("-")[0]: (r.state, r.attempts) for r in rows}
    assert found == OUTCOMES
    store = WaveformStore(tmp_path / "shard")
    assert len(store) == 3
    for name in store.names:
        original = decode(server.folder / name)
        np.testing.assert_array_equal(store.read([store.row(name)])[0], original)

    # A second run asks again only for what may have got better.
    server.requests.clear()
    server.well_behaved = True
    again = downloader(server, tmp_path / "cache", attempts=3)
    rows = ingest(split, again, tmp_path / "shard", max_missing=1)
    failed = {way for way, (state, _) in OUTCOMES.items() if state == "failed"}
    assert {name.split("-")[0] for name in server.requests} == failed
    states = {row.file_name.split("-")[0]: row for row in rows}
    assert all(states[way].state == "ok" for way in failed)
    assert states["broken"].attempts == 4  # three then, one now


def test_too_many_lost_clips_stop_the_download(server, tmp_path, write_official):
    names = [(f"gone-{i}", "0") for i in range(10)]
    write_official(tmp_path / "val.csv", names)
    source = downloader(server, tmp_path / "cache")
    with pytest.raises(InputError, match="max_missing"):
        ingest(read_split(tmp_path, "val"), source, tmp_path / "shard", max_missing=0.2)
    assert len(server.requests) == 3


def test_a_pause_grows_and_the_server_may_ask_for_one(server, tmp_path, monkeypatch):
    serve(server, ["broken", "busy"])
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    retry = {"attempts": 5, "backoff": 2.0, "longest_wait": 10.0}
    source = downloader(server, tmp_path / "cache", **retry)
    with pytest.raises(LostClip):
        source.fetch(clip("broken"))
    assert pauses == [2, 4, 8, 10]
    pauses.clear()
    source.fetch(clip("busy"))
    assert pauses == [0, 0]


def test_retry_after_is_seconds_or_a_date():
    response = requests.Response()
    assert retry_after(response) is None
    response.headers["Retry-After"] = "7"
    assert retry_after(response) == 7
    response.headers["Retry-After"] = formatdate(time.time() + 60, usegmt=True)
    assert retry_after(response) == pytest.approx(60, abs=2)
    response.headers["Retry-After"] = "soon"
    assert retry_after(response) is None


def test_requests_keep_their_distance(server, tmp_path):
    clips = [Clip(f"good-{i}_0.flac", f"good-{i}", "0") for i in range(4)]
    for one in clips:
        server.add(one.file_name)
    source = downloader(server, tmp_path / "cache", per_hour=20 * 3600)
    start = time.monotonic()
    for one in clips:
        source.fetch(one)
    assert time.monotonic() - start >= 3 / 20


def test_a_proxy_from_the_environment(server, tmp_path, monkeypatch):
    """The address does not resolve: only the proxy can have answered."""
    serve(server, ["good"])
    monkeypatch.setenv("HTTP_PROXY", server.address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    seen = []

    def proxied(self):
        seen.append(self.path)
        self.answer((server.folder / "good-1_30.flac").read_bytes())

    monkeypatch.setattr(server.RequestHandlerClass, "do_GET", proxied)
    pattern = "http://clips.invalid/{youtube_id}_{start_time}.flac"
    source = Downloader(HttpTransport(pattern), tmp_path / "cache", "job", FAST)
    source.fetch(clip("good"))
    assert seen == ["http://clips.invalid/good-1_30.flac"]


def test_a_refused_connection_is_a_failure(tmp_path):
    transport = HttpTransport("http://127.0.0.1:9/{file_name}", timeout=0.3)
    source = Downloader(transport, tmp_path / "cache", "job", FAST)
    with pytest.raises(LostClip, match="the connection failed") as caught:
        source.fetch(clip("good"))
    assert caught.value.state == "failed"


def test_a_pattern_with_an_unknown_field():
    with pytest.raises(InputError, match=r"audiocaps\.url.*youtube_id"):
        HttpTransport("http://example.org/{video}.flac")


def test_names_are_quoted():
    transport = HttpTransport("http://example.org/{file_name}")
    assert transport.address(Clip("a b#1.wav")) == "http://example.org/a%20b%231.wav"


RUN = """
import sys
from workflow_src.corpus.captions import read_split
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.ingest import ingest
from workflow_src.transfer import RetryPolicy

folder, pattern = sys.argv[1:]
transport = HttpTransport(pattern, timeout=30.0)
source = Downloader(transport, folder + "/cache", "job", RetryPolicy(backoff=0.01))
ingest(read_split(folder, "train"), source, folder + "/shard", max_missing=0.5)
"""


@pytest.mark.parametrize("way", ["half", "hang"])
def test_a_killed_download_goes_on_and_fetches_no_clip_twice(
    server, tmp_path, way, write_official
):
    ways = ["good-1", "gone-2", "busy-3", "good-4", f"{way}-5", "good-6", "slow-7"]
    for seed, name in enumerate(ways):
        server.add(f"{name}_0.flac", seed)
    write_official(tmp_path / "train.csv", [(name, "0") for name in ways])
    command = [sys.executable, "-c", RUN, str(tmp_path), server.pattern]
    process = subprocess.Popen(command)
    assert server.hanging.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "shard").exists()
    assert len(list((tmp_path / "cache").glob("*.flac"))) == 3

    server.release.set()
    server.well_behaved = True
    subprocess.run(command, check=True)
    once = dict.fromkeys(
        [f"{name}_0" for name in ways if not name.startswith("gone")], 1
    )
    assert server.finished == once
    assert server.requests["gone-2_0"] == 1
    store = WaveformStore(tmp_path / "shard")
    assert store.names == [f"{name}.flac" for name in once]
    for name in store.names:
        served = (server.folder / name).read_bytes()
        assert (tmp_path / "cache" / name).read_bytes() == served
