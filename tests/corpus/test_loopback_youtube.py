"""yt-dlp, with its extractor of YouTube, and ffmpeg against a YouTube on loopback."""

import logging
import time
from pathlib import Path

import pytest
import soundfile

from tests.corpus.loopback_youtube import BOT, GONE, LATER
from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.captions import read_split
from workflow_src.corpus.download import BlockedError, Downloader
from workflow_src.corpus.ingest import ingest
from workflow_src.corpus.javascript import Runtime
from workflow_src.corpus.pace import SharedPace
from workflow_src.corpus.youtube import YT_DLP, YoutubeTransport
from workflow_src.errors import InputError
from workflow_src.transfer import RetryableError, RetryPolicy

VIDEOS = ("AAAAAAAAAAA", "-bbbbbbbbb_", "ccccccccccc")
FORM = ClipForm(sample_rate=8000, seconds=2.0)


@pytest.fixture
def runtime(tmp_path):
    """What tells yt-dlp that it is Deno; no challenge is set it here."""
    deno = tmp_path / "deno"
    deno.write_text("#!/bin/sh\necho deno 2.9.8\n")
    deno.chmod(0o755)
    return Runtime("deno", str(deno))


@pytest.fixture
def make_transport(runtime):
    def make(runtimes=(runtime,), deadline=60.0):
        program = (*YT_DLP, "--no-check-certificates")
        how = {"timeout": 10.0, "deadline": deadline, "runtimes": runtimes}
        return YoutubeTransport(2.0, program=program, **how)

    return make


@pytest.fixture
def split(tmp_path, write_official):
    write_official(tmp_path / "val.csv", [(video, "1") for video in VIDEOS])
    return read_split(tmp_path, "val")


def test_a_block_is_waited_for_and_no_clip_is_failed(
    youtube,
    make_transport,
    split,
    tmp_path,
    caplog,
):
    first, gone, last = VIDEOS
    youtube.says = {first: [BOT, BOT], gone: [GONE]}
    pace = SharedPace(tmp_path / "pace", block_wait=0.2, longest_block=0.3)
    once = RetryPolicy(attempts=1)
    source = Downloader(make_transport(), tmp_path / "cache", "job", once, pace)
    rows = ingest(split, source, tmp_path / "shard", form=FORM)
    states = {row.file_name: (row.state, row.attempts) for row in rows}
    assert states == {
        f"{first}_1.flac": ("ok", 1),
        f"{gone}_1.flac": ("unavailable", 1),
        f"{last}_1.flac": ("ok", 1),
    }
    assert youtube.visits == {first: 3, gone: 1, last: 1}
    waits = [m for m in caplog.messages if "all download jobs wait until" in m]
    assert len(waits) == 2
    assert all("UTC" in m and "no clip counts as failed" in m for m in waits)
    got = soundfile.info(tmp_path / "cache" / f"{first}_1.flac")
    assert (got.duration, got.samplerate, got.channels) == (2.0, 44100, 1)


def test_what_yt_dlp_warns_of_is_in_the_log_and_in_the_reason(
    youtube,
    make_transport,
    split,
    tmp_path,
    caplog,
):
    youtube.says = {video: [GONE] for video in VIDEOS}
    source = Downloader(make_transport(), tmp_path / "cache", "job")
    rows = ingest(split, source, tmp_path / "shard", form=FORM, max_missing=1)
    assert {row.state for row in rows} == {"unavailable"}
    for row in rows:
        assert "Video unavailable; yt-dlp warned: " in row.reason
        assert "Incomplete data received" in row.reason
        assert "please report" not in row.reason
        said = [m for m in caplog.messages if m.startswith(f"{row.file_name}: yt-dlp")]
        assert any("Incomplete data received" in m for m in said)


def test_without_a_runtime_one_sentence_says_the_mend(
    youtube,
    make_transport,
    split,
    tmp_path,
):
    youtube.says = {VIDEOS[0]: [BOT]}
    old = tmp_path / "old-deno"
    old.write_text("#!/bin/sh\necho deno 2.2.0\n")
    old.chmod(0o755)
    transport = make_transport([Runtime("deno", str(old))])
    source = Downloader(transport, tmp_path / "cache", "job")
    with pytest.raises(InputError, match="run `make env`") as caught:
        ingest(split, source, tmp_path / "shard", form=FORM)
    assert "\n" not in str(caught.value)
    assert "JavaScript runtime" in str(caught.value)


def test_a_stalled_ffmpeg_is_ended(
    youtube,
    make_transport,
    split,
    tmp_path,
):
    youtube.stalls = True
    (tmp_path / "partial").mkdir()
    start = time.monotonic()
    with pytest.raises(RetryableError, match="no end within 6 s"):
        make_transport(deadline=6.0)(split.clips[0], tmp_path / "partial")
    assert time.monotonic() - start < 12
    assert youtube.plays > 0  # only ffmpeg asks for the media
    left = [
        path for path in Path("/proc").glob("[0-9]*/cmdline") if _of(path, tmp_path)
    ]
    assert left == []


def test_a_block_is_told_from_a_clip_that_is_gone(
    youtube,
    make_transport,
    split,
    tmp_path,
    caplog,
):
    caplog.set_level(logging.ERROR)
    youtube.says = {VIDEOS[0]: [LATER]}
    (tmp_path / "partial").mkdir()
    with pytest.raises(BlockedError, match="rate-limited by YouTube"):
        make_transport()(split.clips[0], tmp_path / "partial")


def _of(cmdline, folder):
    """Whether a process's command line names the test's folder."""
    try:
        return str(folder / "partial").encode() in cmdline.read_bytes()
    except OSError:
        return False
