"""A corpus in a folder, and a web server that misbehaves on purpose."""

import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.corpus.loopback_hub import hub  # noqa: F401 - a fixture of all tests here
from tests.corpus.loopback_youtube import certificate, youtube  # noqa: F401 - likewise
from tests.corpus.mirror_layouts import (  # noqa: F401 - likewise
    audio,
    mirror_captions,
    splits,
)


def make_noise(seed=0, seconds=0.6, rate=8000, channels=1):
    rng = np.random.default_rng(seed)
    samples = 0.1 * rng.standard_normal((round(seconds * rate), channels))
    return samples.astype(np.float32)


def write_audio(path, seed=0, rate=8000, **how):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, make_noise(seed, rate=rate, **how), rate)
    return Path(path)


def write_captions(path, names, captions=1):
    lines = [f"{name},sound {i} of {name}" for name in names for i in range(captions)]
    Path(path).write_text("\n".join(["file_name,caption", *lines]) + "\n")


def write_official(path, clips):
    lines = [f"{i},{name},{start},a sound" for i, (name, start) in enumerate(clips)]
    header = "audiocap_id,youtube_id,start_time,caption"
    Path(path).write_text("\n".join([header, *lines]) + "\n")


# Test modules get these helpers as fixtures: they cannot import this file.
@pytest.fixture(scope="session")
def noise():
    return make_noise


@pytest.fixture(scope="session", name="write_audio")
def _write_audio():
    return write_audio


@pytest.fixture(scope="session", name="write_captions")
def _write_captions():
    return write_captions


@pytest.fixture(scope="session", name="write_official")
def _write_official():
    return write_official


@pytest.fixture(scope="session")
def official():
    """Folder of the official AudioCaps captions, which is not part of a clone."""
    folder = Path(__file__).parents[2].parent / "shared" / "audiocaps"
    if not folder.exists():
        pytest.skip("no ../shared/audiocaps")
    return folder


class MisbehavingServer(ThreadingHTTPServer):
    """Serves `/<id>_<start>.<suffix>`; the id says how.

    `requests` counts what was asked for, `finished` what went out whole;
    `cookies` are those that came.
    `release` lets the requests go that hang; `hanging` tells that one does.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.requests, self.finished, self.cookies = Counter(), Counter(), set()
        self.release, self.hanging = threading.Event(), threading.Event()
        self.well_behaved = False
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.pattern = self.address + "/{youtube_id}_{start_time}.flac"

    def add(self, file_name, seed=0):
        """Put a clip of noise there to be served."""
        write_audio(self.folder / file_name, seed)

    def handle_error(self, *_):
        """A client that hung up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = Path(self.path).stem
        self.server.requests[name] += 1
        if cookie := self.headers.get("Cookie"):
            self.server.cookies.add(cookie)
        way = name.split("-")[0]
        if self.server.well_behaved or not hasattr(self, way):
            way = "good"
        getattr(self, way)(name)

    def body(self, name):
        return (self.server.folder / Path(self.path).name).read_bytes()

    def answer(self, content, status=200, kind="audio/flac", size=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size or len(content)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def good(self, name):
        kind = f"audio/{Path(self.path).suffix[1:]}"
        content = self.body(name)
        if part := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first = int(part[1])
            size, content = len(content), content[first : int(part[2] or 10**9) + 1]
            last = first + len(content) - 1
            span = f"bytes {first}-{last}/{size}"
            self.answer(content, 206, kind, Content_Range=span, Accept_Ranges="bytes")
        else:
            self.answer(content, kind=kind, Accept_Ranges="bytes")
        self.server.finished[name] += 1

    def gone(self, name):
        self.answer(b"no such clip", 404, "text/plain")

    def forbidden(self, name):
        self.answer(b"not for you", 403, "text/plain")

    def teapot(self, name):
        self.answer(b"", 418)

    def busy(self, name):
        if self.server.requests[name] < 3:
            self.answer(b"", 429, Retry_After="0")
        else:
            self.good(name)

    def broken(self, name):
        self.answer(b"", 503)

    def truncated(self, name):
        content = self.body(name)
        self.answer(content[: len(content) // 2], size=len(content))

    def unannounced(self, name):
        """Half a body with no length: only decoding can tell."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body(name)[: len(self.body(name)) // 2])

    def html(self, name):
        self.answer(b"<html>please sign in</html>", kind="text/html; charset=utf-8")

    def text(self, name):
        self.answer(b"this is not audio", kind="audio/flac")

    def hang(self, name):
        self.server.hanging.set()
        self.server.release.wait(30)

    def half(self, name):
        """Half a body, then nothing."""
        content = self.body(name)
        self.answer(content[: len(content) // 2], size=len(content))
        self.wfile.flush()
        self.server.hanging.set()
        self.server.release.wait(30)

    def trickle(self, name):
        """A byte now and then: never a timeout, never an end."""
        self.answer(b"f", size=10**6)
        while not self.server.release.wait(0.05):
            self.wfile.write(b".")

    def slow(self, name):
        """Slow, but within the deadline."""
        content = self.body(name)
        self.answer(b"", size=len(content))
        for first in range(0, len(content), 1 + len(content) // 4):
            self.wfile.write(content[first : first + 1 + len(content) // 4])
            self.server.release.wait(0.05)
        self.server.finished[name] += 1

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    server = MisbehavingServer(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
