import hashlib
import http.server
import threading
from dataclasses import replace

import pyarrow
import pyarrow.parquet
import pytest

from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus import audiocaps
from workflow_src.corpus.audiocaps import (
    RELEASES,
    audio_source,
    fetch_captions,
    unpack_mirror,
)
from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import Downloader, Patience
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions, Mirror
from workflow_src.corpus.youtube import YoutubeTransport
from workflow_src.errors import InputError

SETTINGS = AudioCapsSource(source="youtube")
OPTIONS = DownloadOptions(
    cookies=None,
    timeout=30,
    deadline=300,
    attempts=4,
    backoff=2.0,
    longest_wait=600,
    clips_per_second=1.0,
)


@pytest.fixture
def published(tmp_path, write_official):
    """Three small caption files, served as a repository would."""
    folder = tmp_path / "published"
    folder.mkdir()
    for split in audiocaps.SPLITS:
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
    with pytest.raises(InputError, match=r"val\.csv has SHA-256 .*, expected"):
        fetch_captions(tmp_path / "again")


@pytest.mark.parametrize("web", [True, False])
def test_captions_that_are_not_there(published, tmp_path, web):
    folder, address = published
    (folder / "test.csv").unlink()
    place = address + "/{split}.csv" if web else str(folder)
    with pytest.raises(InputError, match=r"test\.csv cannot be read"):
        fetch_captions(tmp_path / "out", place=place)


def test_an_address_without_the_split(tmp_path):
    with pytest.raises(InputError, match=r"no \{split\}"):
        fetch_captions(tmp_path, place="http://example.org/train.csv")


def test_a_page_that_is_no_caption_file_is_named(published, tmp_path):
    folder, _ = published
    (folder / "train.csv").write_text("<html>not found</html>")
    with pytest.raises(InputError, match=r"train\.csv has no column"):
        fetch_captions(tmp_path / "out", place=str(folder))


def test_the_pinned_checksums_are_those_of_the_official_files(official):
    for split, expected in RELEASES["v1"].sha256.items():
        content = (official / f"{split}.csv").read_bytes()
        assert hashlib.sha256(content).hexdigest() == expected


def test_sources_by_name(tmp_path):
    form = ClipForm(seconds=5.0)
    source = audio_source(SETTINGS, OPTIONS, tmp_path, "0-of-1", form)
    assert isinstance(source, Downloader)
    assert isinstance(source.transport, YoutubeTransport)
    assert source.transport.seconds == 5.0
    assert source.patience == Patience(4, 2.0, 600, 1.0)
    url = "http://example.org/{file_name}"
    settings = replace(SETTINGS, source="http", url=url)
    transport = audio_source(settings, OPTIONS, tmp_path, "0-of-1", form).transport
    assert isinstance(transport, HttpTransport)
    assert (transport.timeout, transport.deadline) == (30, 300)
    settings = replace(SETTINGS, source="folder", folder=str(tmp_path))
    source = audio_source(settings, OPTIONS, "unused", "", form)
    assert isinstance(source, FolderSource)
    settings = replace(SETTINGS, source="huggingface")
    assert audio_source(settings, OPTIONS, tmp_path, "", form).folder == tmp_path


def test_a_mirror_in_a_folder(tmp_path, write_audio):
    columns = {"youtube_id": "id", "start": "at", "audio": "audio"}
    mirror = Mirror(None, "main", str(tmp_path), columns)
    settings = replace(SETTINGS, source="huggingface", huggingface=mirror)
    audio = [write_audio(tmp_path / "x.ogg").read_bytes()]
    table = pyarrow.table({"id": ["x"], "at": [30], "audio": audio})
    pyarrow.parquet.write_table(table, tmp_path / "0.parquet")
    unpack_mirror(settings, tmp_path / "unused", tmp_path / "audio")
    source = audio_source(settings, OPTIONS, tmp_path / "audio", "", ClipForm())
    assert source.fetch(Clip("x_30.flac", "x", "30")).path.read_bytes() == audio[0]
    settings = replace(settings, huggingface=replace(mirror, folder=None))
    with pytest.raises(InputError, match=r"set audiocaps\.huggingface\.repository"):
        unpack_mirror(settings, tmp_path / "unused", tmp_path / "audio")


@pytest.mark.parametrize("source", ["http", "folder"])
def test_a_source_without_its_place(tmp_path, source):
    settings = replace(SETTINGS, source=source)
    with pytest.raises(InputError, match=f"audiocaps.source is {source}: set"):
        audio_source(settings, OPTIONS, tmp_path, "job", ClipForm())


def test_an_unknown_source(tmp_path):
    settings = replace(SETTINGS, source="tape")
    with pytest.raises(InputError, match="'tape' is none of youtube"):
        audio_source(settings, OPTIONS, tmp_path, "job", ClipForm())
