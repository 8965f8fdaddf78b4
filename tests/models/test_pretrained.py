import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workflow_src.errors import InputError
from workflow_src.models import pretrained
from workflow_src.models.catalogue import PublishedFile, place
from workflow_src.models.pretrained import fetch
from workflow_src.transfer import RetryPolicy

CONTENT = bytes(range(256)) * 4_000


class Server(ThreadingHTTPServer):
    """Serves CONTENT; what it does wrong is set by the test."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.cut_after = []  # bytes of each of the next answers, then whole ones
        self.content_type = "application/octet-stream"
        self.status = None
        self.ranges = True
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        if self.server.status is not None:
            self.send_error(self.server.status)
            return
        start = 0
        if asked and self.server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
            self.send_header("Content-Range", span)
        self.send_header("Content-Type", self.server.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cut_after:
            body = body[: self.server.cut_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def publish(server, monkeypatch):
    """Put one file of the server into the catalogue, under the name `ours`."""

    def put(**sums):
        url = f"http://127.0.0.1:{server.server_port}/file"
        file = PublishedFile("ours.pth", url, page="https://example.org/ours", **sums)
        monkeypatch.setitem(pretrained.CATALOGUE, "ours", (file,))

    monkeypatch.setattr(pretrained, "RETRY", RetryPolicy(attempts=5, backoff=0.0))
    put(sha256=hashlib.sha256(CONTENT).hexdigest())
    return put


def test_fetches_once(server, publish, tmp_path):
    path = fetch("ours", tmp_path)
    assert path == tmp_path / "ours.pth"
    assert path.read_bytes() == CONTENT
    assert [p.name for p in tmp_path.iterdir()] == ["ours.pth"]
    fetch("ours", tmp_path)
    assert server.asked == [None]


def test_goes_on_where_the_connection_broke(server, publish, tmp_path):
    server.cut_after = [300_000, 200_000]
    assert fetch("ours", tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_goes_on_after_a_kill(server, publish, tmp_path):
    (tmp_path / "ours.pth.part").write_bytes(CONTENT[:1_000])
    assert fetch("ours", tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_a_finished_part_is_only_checked(server, publish, tmp_path):
    (tmp_path / "ours.pth.part").write_bytes(CONTENT)
    assert fetch("ours", tmp_path).read_bytes() == CONTENT


def test_starts_anew_where_a_server_knows_no_ranges(server, publish, tmp_path):
    server.ranges = False
    (tmp_path / "ours.pth.part").write_bytes(b"x" * 1_000)
    assert fetch("ours", tmp_path).read_bytes() == CONTENT


def test_a_part_of_another_file_is_found_out(server, publish, tmp_path):
    (tmp_path / "ours.pth.part").write_bytes(b"x" * 1_000)
    with pytest.raises(InputError, match="its sha256 is"):
        fetch("ours", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert fetch("ours", tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_a_wrong_sum_leaves_nothing_behind(server, publish, tmp_path, kind):
    publish(**{kind: "0" * 32})
    with pytest.raises(InputError, match=rf"its {kind} is .*not 0000"):
        fetch("ours", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_found_out(server, publish, tmp_path):
    (tmp_path / "ours.pth").write_bytes(b"damaged")
    with pytest.raises(InputError, match=r"ours\.pth: its sha256 is"):
        fetch("ours", tmp_path)


def test_a_sum_that_nobody_published_is_printed_and_can_be_pinned(
    server, publish, tmp_path, capsys
):
    publish()
    (tmp_path / "ours.pth.part").write_bytes(b"x" * 1_000)
    fetch("ours", tmp_path)
    # Without a sum two pieces might not belong together: no resume.
    assert server.asked == [None]
    said = capsys.readouterr().err
    sum_found = hashlib.sha256(CONTENT).hexdigest()
    assert "unchecked" in said
    assert f'"ours.pth": {sum_found}' in said
    fetch("ours", tmp_path, pinned={"ours.pth": sum_found.upper()})
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match="its sha256 is"):
        fetch("ours", tmp_path, pinned={"ours.pth": "0" * 64})


def test_a_page_instead_of_a_file_asks_for_a_person(server, publish, tmp_path):
    server.content_type = "text/html; charset=utf-8"
    with pytest.raises(InputError) as error:
        fetch("ours", tmp_path)
    assert "https://example.org/ours" in str(error.value)
    assert str(tmp_path / "ours.pth") in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_not_repeated(server, publish, tmp_path):
    server.status = 404
    with pytest.raises(InputError, match=r"404.*save it as .*ours\.pth"):
        fetch("ours", tmp_path)
    assert len(server.asked) == 1


def test_a_failing_server_is_asked_again(server, publish, tmp_path):
    server.status = 503
    with pytest.raises(InputError, match="503"):
        fetch("ours", tmp_path)
    assert len(server.asked) == pretrained.RETRY.attempts


def test_a_folder_of_files(server, publish, tmp_path, monkeypatch):
    (file,) = pretrained.CATALOGUE["ours"]
    files = [
        PublishedFile(f"ours/{name}", file.url, file.page, sha256=file.sha256)
        for name in ("config.json", "model.safetensors")
    ]
    monkeypatch.setitem(pretrained.CATALOGUE, "ours", tuple(files))
    assert place("ours", tmp_path) == tmp_path / "ours"
    assert pretrained.text_encoder("ours", tmp_path) == "ours"
    assert fetch("ours", tmp_path) == tmp_path / "ours"
    assert pretrained.text_encoder("ours", tmp_path) == str(tmp_path / "ours")
    assert pretrained.text_encoder("other", tmp_path) == "other"


def test_the_place_of_a_name_or_a_path(tmp_path):
    assert place("audioset_deit", tmp_path) == tmp_path / "audioset_deit.pth"
    assert place("bert-base-uncased", tmp_path) == tmp_path / "bert-base-uncased"
    path = tmp_path / "mine.pth"
    assert place(str(path), tmp_path / "other") == path


def test_an_unknown_name():
    with pytest.raises(InputError, match="nothing_like_it is none of"):
        fetch("nothing_like_it")


def test_the_catalogue_is_complete():
    for files in pretrained.CATALOGUE.values():
        for file in files:
            assert file.url.startswith("https://")
            assert file.page.startswith("https://")
            assert file.sha256 is None or len(file.sha256) == 64
            assert file.md5 is None or len(file.md5) == 32
    assert {"audioset_deit", "deit", "resnet38_panns"} <= set(pretrained.CATALOGUE)
