import csv
import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from tests.corpus.mirror_layouts import (
    FORM,
    assert_same_audio,
    write_opensound,
    write_test957,
)
from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus import audiocaps, javascript, subset
from workflow_src.corpus.audiocaps import (
    RELEASES,
    audio_source,
    audiocaps_split,
    check_ready,
    fetch_captions,
    take_mirrors,
)
from workflow_src.corpus.decoded import DecodedSource
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.javascript import Runtime
from workflow_src.corpus.mirrors import PRESETS, Mirror
from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions
from workflow_src.corpus.source import LostClip
from workflow_src.corpus.youtube import YoutubeTransport
from workflow_src.errors import InputError
from workflow_src.layout import SPLITS
from workflow_src.transfer import RetryPolicy

OPTIONS = DownloadOptions()
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def published(tmp_path, write_official):
    """Three small caption files, served as a repository would."""
    folder = tmp_path / "published"
    folder.mkdir()
    for split in SPLITS:
        write_official(folder / f"{split}.csv", [(f"{split}-1", "0")])

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("web", [True, False])
def test_captions_from_another_place(published, tmp_path, web):
    folder, address = published
    place = address + "/{split}.csv" if web else str(folder)
    fetch_captions(tmp_path / "out", place=place)
    for path in folder.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_pinned_captions_must_have_their_checksum(published, tmp_path, monkeypatch):
    folder, address = published
    sums = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }
    monkeypatch.setattr(audiocaps, "REPOSITORY", address)
    (folder / "c0ffee").mkdir()
    (folder / "c0ffee" / "dataset").symlink_to(folder)
    release = replace(RELEASES["v1"], commit="c0ffee", sha256=sums)
    monkeypatch.setitem(RELEASES, "v1", release)
    fetch_captions(tmp_path / "out")
    assert (tmp_path / "out" / "test.csv").exists()
    with (folder / "val.csv").open("a") as file:
        file.write("9,x,0,one more\n")
    with pytest.raises(InputError, match=r"val\.csv\.part: its sha256 is .*, not"):
        fetch_captions(tmp_path / "again")
    assert not (tmp_path / "again" / "val.csv").exists()


@pytest.mark.parametrize("web", [True, False])
def test_captions_that_are_not_there(published, tmp_path, web):
    folder, address = published
    (folder / "test.csv").unlink()
    place = address + "/{split}.csv" if web else str(folder)
    said = r"test\.csv cannot be (read|fetched \(HTTP 404 File not found\).*captions)"
    with pytest.raises(InputError, match=said):
        fetch_captions(tmp_path / "out", place=place)


def test_without_a_network_one_sentence_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(audiocaps, "REPOSITORY", "http://no-such-host.invalid")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match=r"no-such-host\..*train\.csv") as caught:
        fetch_captions(tmp_path, retry=ONCE)
    said = str(caught.value)
    assert "cannot be fetched (the connection failed: " in said
    assert said.endswith("set audiocaps.captions")
    assert "Max retries" not in said
    assert "\n" not in said


def test_a_page_that_is_no_caption_file_is_named(published, tmp_path):
    folder, _ = published
    (folder / "train.csv").write_text("<html>not found</html>")
    with pytest.raises(InputError, match=r"train\.csv has no column"):
        fetch_captions(tmp_path / "out", place=str(folder))


def test_the_pinned_checksums_are_those_of_the_official_files(official):
    for split, expected in RELEASES["v1"].sha256.items():
        content = (official / f"{split}.csv").read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected


@pytest.fixture
def runtimes(monkeypatch):
    """A downloader that is all there."""
    found = [Runtime("deno", "/somewhere/deno")]
    monkeypatch.setattr(audiocaps, "require_downloader", lambda: found)
    return found


def test_sources_by_name(tmp_path, runtimes):
    form = ClipForm(seconds=5.0)

    def source(split="val", options=OPTIONS, **settings):
        taken = AudioCapsSource(**settings)
        return audio_source(taken, options, split, tmp_path, "0-of-1", form)

    youtube = source()
    assert isinstance(youtube, Downloader)
    assert isinstance(youtube.transport, YoutubeTransport)
    assert youtube.transport.seconds == 5.0
    assert youtube.transport.runtimes == runtimes
    assert youtube.cache == tmp_path / "youtube" / "val"
    assert youtube.retry == RetryPolicy(4, 2.0, 600)
    assert youtube.pace.per_hour == 300
    assert youtube.pace.give_up_after == 24 * 3600
    web = source(source="http", url="http://example.org/{file_name}")
    assert isinstance(web.transport, HttpTransport)
    assert (web.transport.timeout, web.transport.deadline) == (30, 300)
    assert web.pace.per_hour is None
    other = source(source="http", url="http://example.com/{file_name}")
    assert web.cache.parent.name.startswith("http-")
    assert web.cache != other.cache
    assert isinstance(source(source="folder", folder=str(tmp_path)), FolderSource)
    for name in PRESETS:
        mirror = source(source=name)
        assert isinstance(mirror, DecodedSource)
        assert mirror.folder == tmp_path / name
    both = {"source": "opensound", "test_source": "youtube"}
    assert isinstance(source("test", **both).transport, YoutubeTransport)
    assert isinstance(source("train", **both), DecodedSource)


def test_all_splits_and_jobs_of_a_source_keep_one_pace(tmp_path, runtimes):
    form = ClipForm()
    jobs = [
        audio_source(AudioCapsSource(), OPTIONS, split, tmp_path, job, form)
        for split in ("train", "test")
        for job in ("0-of-2", "1-of-2")
    ]
    jobs[0].pace.report_block("not a bot")
    assert all(job.pace._take_turn() > 800 for job in jobs)


def test_what_a_source_needs_is_looked_for_first(tmp_path, monkeypatch):
    monkeypatch.setattr(javascript, "find_runtimes", lambda: [])
    with pytest.raises(InputError, match=r"source is youtube, and .*make env"):
        check_ready(AudioCapsSource(), OPTIONS)
    test = AudioCapsSource(source="opensound", test_source="youtube")
    with pytest.raises(InputError, match="make env"):
        check_ready(test, OPTIONS)
    check_ready(AudioCapsSource(source="opensound"), OPTIONS)
    nowhere = AudioCapsSource(source="folder", folder=str(tmp_path / "none"))
    with pytest.raises(InputError, match="there is no folder"):
        check_ready(nowhere, OPTIONS)
    wrong = AudioCapsSource(source="http", url="http://example.org/{video}")
    with pytest.raises(InputError, match=r"audiocaps\.url"):
        check_ready(wrong, OPTIONS)


def test_cookies_that_are_not_there_are_named_first(tmp_path, runtimes):
    options = DownloadOptions(cookies=str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match=r"audiocaps\.cookies.*none\.txt"):
        check_ready(AudioCapsSource(), options)


def test_the_act_authors_clips_from_a_mirror_of_the_test_split(
    tmp_path, mirror_captions, splits, audio, monkeypatch
):
    """Training clips from one mirror, the test split from another that lacks one."""
    monkeypatch.setattr(subset, "ACT_TEST_CLIPS", 2)
    test = splits["test"]
    fewer = replace(test, clips=test.clips[1:])
    write_opensound(tmp_path / "one", splits, audio)
    write_test957(tmp_path / "other", fewer, audio)
    places = {"opensound": "one", "kuanhuggingface-test957": "other"}
    monkeypatch.setattr(
        AudioCapsSource,
        "mirror",
        lambda _, name: replace(PRESETS[name], folder=str(tmp_path / places[name])),
    )
    taken = AudioCapsSource(source="opensound", test_source="kuanhuggingface-test957")
    act = mirror_captions / audiocaps.ACT_LIST
    with pytest.raises(InputError, match=r"test_source to kuanhuggingface-test957"):
        audiocaps_split(mirror_captions, "test", "act", act)
    take_mirrors(taken, OPTIONS, mirror_captions, tmp_path / "cache", FORM)
    restricted = audiocaps_split(mirror_captions, "test", "act", act)
    assert restricted.clips == fewer.clips
    assert len(restricted.captions) == 10
    assert audiocaps_split(mirror_captions, "val", "act", act) == splits["val"]
    assert_same_audio(tmp_path / "cache" / "opensound", splits["train"], audio)
    source = audio_source(taken, OPTIONS, "test", tmp_path / "cache", "", FORM)
    assert source.fetch(fewer.clips[0]).path.exists()
    with pytest.raises(LostClip, match="no such clip"):
        source.fetch(test.clips[0])
    with (tmp_path / "cache" / "opensound" / "report.csv").open() as file:
        assert list(csv.DictReader(file)) == []


def test_a_mirror_of_ones_own(tmp_path, mirror_captions, splits, audio):
    write_opensound(tmp_path / "mine", splits, audio)
    hub = Mirror(folder=str(tmp_path / "mine"))
    taken = AudioCapsSource(source="huggingface", huggingface=hub)
    take_mirrors(taken, OPTIONS, mirror_captions, tmp_path / "cache", FORM)
    (folder,) = (tmp_path / "cache").glob("huggingface-*")
    for name, split in splits.items():
        assert_same_audio(folder, split, audio)
        source = audio_source(taken, OPTIONS, name, tmp_path / "cache", "", FORM)
        assert source.folder == folder
