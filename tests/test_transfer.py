"""Downloads over HTTP; resuming and sums are tested in models/test_pretrained.py."""

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from workflow_src.errors import InputError
from workflow_src.transfer import (
    RefusedError,
    RetryableError,
    RetryPolicy,
    fetch_file,
    request_to_file,
)

CONTENT = bytes(range(256)) * 50
SUMS = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
FAST = RetryPolicy(attempts=3, backoff=0.0)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        way = self.path.strip("/")
        self.server.asked[way] = self.server.asked.get(way, 0) + 1
        getattr(self, way.replace(".", "_"))()

    def answer(self, content, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def whole(self):
        self.answer(CONTENT)

    def another_part(self):
        """A cache that answers a range with what it has."""
        if "Range" in self.headers and self.server.asked["another_part"] == 1:
            self.answer(CONTENT[50:], 206, Content_Range="bytes 50-12799/12800")
        else:
            self.whole()

    def waits(self):
        if self.server.asked["waits"] == 1:
            self.answer(b"", 429, Retry_After="7")
        else:
            self.whole()

    def packed(self):
        """Compresses although it was asked not to."""
        self.answer(gzip.compress(CONTENT), Content_Encoding="gzip")

    def page(self):
        self.answer(b"<html>", Content_Type="Text/HTML; charset=utf-8")

    def gone(self):
        self.answer(b"", 410)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked = {}
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_is_there_whole_or_not_at_all(server, tmp_path):
    fetch_file(f"{server.address}/whole", tmp_path / "new" / "file", SUMS)
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_another_part_than_asked_for_is_not_joined(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT[:100])
    fetch_file(f"{server.address}/another_part", tmp_path / "file", SUMS, retry=FAST)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked["another_part"] == 2


def test_what_a_server_asks_to_wait_is_waited(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    fetch_file(f"{server.address}/waits", tmp_path / "file", SUMS, retry=FAST)
    assert pauses == [7]


def test_a_body_comes_as_it_was_sent(server, tmp_path):
    with requests.Session() as session:
        request_to_file(session, f"{server.address}/packed", tmp_path / "file", 5.0)
    assert gzip.decompress((tmp_path / "file").read_bytes()) == CONTENT


def test_a_page_is_damaged_and_a_refusal_has_its_status(server, tmp_path):
    with requests.Session() as session:
        with pytest.raises(RetryableError, match="text/html, not the file") as page:
            request_to_file(session, f"{server.address}/page", tmp_path / "x", 5.0)
        assert page.value.damaged
        with pytest.raises(RefusedError, match="HTTP 410 Gone") as gone:
            request_to_file(session, f"{server.address}/gone", tmp_path / "x", 5.0)
        assert gone.value.status == 410
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_is_one_sentence(tmp_path):
    url = "http://127.0.0.1:9/file"
    with pytest.raises(InputError) as caught:
        fetch_file(url, tmp_path / "file", {}, retry=FAST, instead="put it there")
    assert str(caught.value) == (
        f"{url} cannot be fetched (the connection failed: Failed to establish a new "
        "connection: [Errno 111] Connection refused); put it there"
    )


def test_pauses_double_up_to_the_longest():
    policy = RetryPolicy(attempts=9, backoff=2.0, longest_wait=10.0)
    assert [policy.pause(attempt) for attempt in range(1, 5)] == [2, 4, 8, 10]
    assert policy.pause(1, asked=3.0) == 3
    assert policy.pause(1, asked=1e6) == 10
