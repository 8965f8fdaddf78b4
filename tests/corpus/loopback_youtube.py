"""A YouTube on loopback: a proxy that answers in its name, over TLS of its own.

The real yt-dlp, with its own extractor, and the real ffmpeg talk to it. What it says
of a video is set by the test; the media file lies where googlevideo.com would be.
"""

import json
import re
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

BOT = {"status": "LOGIN_REQUIRED", "reason": "Sign in to confirm you’re not a bot"}
LATER = {
    "status": "UNPLAYABLE",
    "reason": "This content isn't available, try again later.",
}
GONE = {"status": "ERROR", "reason": "Video unavailable"}
OK = {"status": "OK"}


class LoopbackYoutube(ThreadingHTTPServer):
    """Says of video `id` what `says[id]` has, one answer a visit, then OK.

    `media` is the file behind every video; `stalls` lets it stop in its middle.
    `visits` counts the requests for each video's page, `plays` those for the media.
    """

    daemon_threads = True

    def __init__(self, certificate, media):
        super().__init__(("127.0.0.1", 0), Handler)
        self.certificate, self.media = certificate, Path(media)
        self.says, self.visits, self.plays, self.stalls = {}, Counter(), 0, False
        self.released = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """A client that hung up is part of the tests."""

    def about(self, video):
        # All of yt-dlp's clients hear the same in one visit.
        visit = self.visits[video] - 1
        return dict(enumerate(self.says.get(video, []))).get(visit, OK)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = socketserver._SocketWriter(self.connection)
        self.close_connection = False

    def do_GET(self):
        place = urlsplit(self.path)
        if place.path == "/watch":
            self.server.visits[parse_qs(place.query)["v"][0]] += 1
            self.answer(b"<html><body>a page</body></html>", "text/html")
        elif place.path == "/videoplayback":
            self.media()
        else:
            self.answer(b"", "text/plain", 404)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.path.startswith("/youtubei/v1/player"):
            self.answer(b"{}", "application/json")
            return
        video = asked["videoId"]
        said = {
            "playabilityStatus": self.server.about(video),
            "videoDetails": {"videoId": video, "title": "a video"},
        }
        if said["playabilityStatus"] == OK:
            # Not https: ffmpeg would look at the certificate.
            url = f"http://rr1---sn.googlevideo.com/videoplayback?id={video}"
            kind = 'audio/mp4; codecs="mp4a.40.2"'
            form = {"itag": 140, "url": url, "mimeType": kind, "bitrate": 128000}
            said["streamingData"] = {"adaptiveFormats": [form]}
        self.answer(json.dumps(said).encode(), "application/json")

    def media(self):
        self.server.plays += 1
        content = self.server.media.read_bytes()
        part = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first, size = int(part[1]) if part else 0, len(content)
        content = content[first:]
        self.send_response(206 if part else 200)
        self.send_header("Content-Type", "audio/ogg")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        if part:
            self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.end_headers()
        if self.server.stalls:
            self.wfile.write(content[: len(content) // 2])
            self.server.released.wait(60)
        else:
            self.wfile.write(content)

    def answer(self, content, kind, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Certificate and key, made for this run."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=loopback", "-out", certificate, "-keyout", key]
    subprocess.run(made, check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def youtube(certificate, tmp_path, write_audio, monkeypatch):
    """The server, which the proxies of the environment name."""
    media = write_audio(tmp_path / "media.ogg", seconds=6.0, rate=44100)
    server = LoopbackYoutube(certificate, media)
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", server.address)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
