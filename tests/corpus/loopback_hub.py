"""A Hugging Face hub on loopback: what huggingface_hub asks of it for a data set."""

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LoopbackHub(ThreadingHTTPServer):
    """Serves the files below `folder` as the data set `owner/clips`.

    What it does wrong is set by the test: `status` with `error_code` answers
    everything; `failures` answers so many requests with 503; `cut_after` ends the
    next bodies after so many bytes. `sent` counts the whole files that went out,
    `largest` how many were on the client's disk at once, if `client` names it.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = Path(folder)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.status, self.error_code, self.failures = None, None, 0
        self.cut_after, self.wrong_sums = [], False
        self.sent, self.asked, self.ranges = Counter(), [], []
        self.client, self.largest = None, 0

    def handle_error(self, *_):
        """A client that hung up is part of the tests."""

    def look_at_client(self):
        if self.client is not None:
            there = [path for path in self.client.rglob("*.parquet") if path.is_file()]
            self.largest = max(self.largest, len(there))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        place = unquote(urlsplit(self.path).path)
        self.server.asked.append(place)
        if self.server.status is not None:
            headers = {"X-Error-Code": self.server.error_code or ""}
            self.answer(b"", self.server.status, **headers)
        elif self.server.failures:
            self.server.failures -= 1
            self.answer(b"", 503)
        elif re.fullmatch(r"/api/datasets/owner/clips/revision/\w+", place):
            about = {"id": "owner/clips", "sha": COMMIT, "siblings": [], "tags": []}
            self.answer(json.dumps(about).encode())
        elif place == f"/api/datasets/owner/clips/tree/{COMMIT}":
            self.answer(json.dumps(self.tree()).encode())
        elif place.startswith(before := f"/datasets/owner/clips/resolve/{COMMIT}/"):
            self.file(place.removeprefix(before))
        else:
            self.answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})

    def tree(self):
        entries = [{"type": "directory", "path": "data", "oid": "0" * 40, "size": 0}]
        for path in sorted(self.server.folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                sha256 = hashlib.sha256(content).hexdigest()
                if self.server.wrong_sums:
                    sha256 = "0" * 64
                size = len(content)
                lfs = {"oid": sha256, "size": size, "pointerSize": 130}
                name = path.relative_to(self.server.folder).as_posix()
                one = {"type": "file", "path": name, "oid": "1" * 40, "size": size}
                entries.append(one | {"lfs": lfs})
        return entries

    def file(self, name):
        content = (self.server.folder / name).read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        size, first = len(content), 0
        if part := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")):
            first = int(part[1])
            self.server.ranges.append(first)
        headers = {"ETag": etag, "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if first:
            headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
        self.server.look_at_client()
        self.answer(content[first:], 206 if first else 200, **headers)
        if self.command == "GET":
            self.server.sent[name] += 1

    def answer(self, content, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            if "ETag" in headers and self.server.cut_after:
                content = content[: self.server.cut_after.pop(0)]
                self.close_connection = True
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path):
    """A hub whose data set is empty yet."""
    folder = tmp_path / "hub"
    folder.mkdir()
    server = LoopbackHub(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
