import functools
import json

import pytest

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.source import LostClip
from workflow_src.transfer import RetryPolicy

CLIP = Clip("abc_30.flac", "abc", "30")


class Transport:
    """Writes a clip, counts the calls, fails where told."""

    def __init__(self, write_audio, error=None, **how):
        self.write_audio, self.error, self.how, self.calls = write_audio, error, how, 0

    def __call__(self, clip, folder):
        self.calls += 1
        assert list(folder.iterdir()) == []
        if self.error:
            (folder / "rest").write_text("half")
            raise self.error
        return self.write_audio(folder / "clip.wav", **self.how)


@pytest.fixture
def make_transport(write_audio):
    return functools.partial(Transport, write_audio)


def test_a_fetched_clip_keeps_its_own_suffix_and_is_not_fetched_again(
    tmp_path, make_transport
):
    transport = make_transport()
    fetched = Downloader(transport, tmp_path, "0-of-2").fetch(CLIP)
    assert fetched.path == tmp_path / "abc_30.wav"
    assert Downloader(transport, tmp_path, "0-of-3").fetch(CLIP) == fetched
    assert transport.calls == 1


def test_a_clip_lost_for_good_is_not_asked_for_again_by_any_job(
    tmp_path, make_transport
):
    transport = make_transport(LostClip("private", "two\nlines"))
    for job in ("0-of-2", "1-of-2", "0-of-1"):
        with pytest.raises(LostClip, match="two lines") as caught:
            Downloader(transport, tmp_path, job).fetch(CLIP)
        assert (caught.value.state, caught.value.attempts) == ("private", 1)
    assert transport.calls == 1


@pytest.mark.parametrize("how", [{"seconds": 0.1}, {"seconds": 1.0, "channels": 2}])
def test_a_short_clip_is_fetched_once_for_ingest_to_judge(
    tmp_path, how, make_transport
):
    transport = make_transport(**how)
    for _ in range(2):
        Downloader(transport, tmp_path, "job", RetryPolicy(backoff=0)).fetch(CLIP)
    assert transport.calls == 1


def test_a_file_without_its_journal_line_counts(tmp_path, write_audio, make_transport):
    """A kill between the renaming and the line."""
    write_audio(tmp_path / "abc_30.flac")
    assert Downloader(make_transport(), tmp_path, "job").fetch(CLIP).attempts == 1


def test_what_a_killed_job_left_does_not_count(tmp_path, write_audio, make_transport):
    partial = tmp_path / "job.partial"
    write_audio(partial / "abc_30.flac")
    line = {"file_name": CLIP.file_name, "state": "failed", "reason": "", "attempts": 2}
    (tmp_path / "job.jsonl").write_text(json.dumps(line) + '\n{"file_na')
    transport = make_transport()
    assert Downloader(transport, tmp_path, "job").fetch(CLIP).attempts == 3
    assert transport.calls == 1
    assert not partial.exists()
    lines = (tmp_path / "job.jsonl").read_text().splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["failed", "ok"]


def test_an_unexpected_error_is_not_swallowed(tmp_path, make_transport):
    with pytest.raises(ZeroDivisionError):
        Downloader(make_transport(ZeroDivisionError()), tmp_path, "job").fetch(CLIP)
