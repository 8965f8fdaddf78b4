"""What comes from outside stays data; docs/security.md lists the tests line by line."""

import ast
import pickle
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from workflow_src import cli
from workflow_src.audio.loading import MOST_CHANNELS, BadAudio, load_clip
from workflow_src.audio.settings import ClipForm
from workflow_src.corpus import http
from workflow_src.corpus.captions import Clip, read_captions
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.settings import AudioCapsSource
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError, without_secrets
from workflow_src.transfer import RetryPolicy

ROOT = Path(__file__).parents[1]
ONCE = RetryPolicy(attempts=1, backoff=0)
SECRET = "open-sesame"


class Program:
    """Prints when it is unpickled."""

    def __reduce__(self):
        return print, ("this must not run",)


def test_arrays_that_are_programs_do_not_run(tmp_path, capsys):
    path = tmp_path / "vectors.npy"
    np.save(path, np.array([Program()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        np.load(path)  # as word vectors are read
    assert not capsys.readouterr().out
    # The same file does run where it is let.
    np.load(path, allow_pickle=True)
    assert "must not run" in capsys.readouterr().out


def test_nothing_of_ours_reads_a_pickle_but_where_the_user_says_so():
    """Calls that would run what a file says; one place asks `trust_pickle` first."""
    found = set()
    for path in sorted((ROOT / "workflow_src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            runs = called in ("eval", "exec", "os.system", "yaml.unsafe_load")
            runs |= called.startswith(("pickle.", "marshal.", "joblib."))
            runs |= called == "torch.load" and options.get("weights_only") != "True"
            runs |= options.get("allow_pickle", "False") != "False"
            runs |= options.get("shell", "False") != "False"
            runs |= called == "yaml.load" and "Loader" not in options
            if runs:
                found.add((path.relative_to(ROOT / "workflow_src").as_posix(), called))
    assert found == {("models/checkpoint.py", "torch.load")}


def test_archives_are_looked_into_and_never_unpacked():
    """No member's name becomes a path: there is no unpacking in the package."""
    for path in sorted((ROOT / "workflow_src").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\.extract(all)?\(|unpack_archive|tarfile", text), path


def test_an_audio_file_cannot_ask_for_much_memory(tmp_path):
    path = tmp_path / "many.wav"
    samples = np.random.default_rng(0).normal(0, 0.1, (2000, MOST_CHANNELS + 1))
    soundfile.write(path, samples, 1000)
    with pytest.raises(BadAudio, match=f"{MOST_CHANNELS + 1} channels") as raised:
        load_clip(path, ClipForm(8000, 1.0))
    assert raised.value.state == "corrupt"


class Endless(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        sent = 0
        try:
            while sent < 16 << 20:
                sent += self.wfile.write(bytes(1 << 16))
        except OSError:
            self.server.hung_up = sent

    def log_message(self, *_):
        """Tests are quiet."""


def test_a_server_that_sends_without_end_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "CLIP_BYTES", 1 << 20)
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        transport = HttpTransport(
            f"http://127.0.0.1:{server.server_port}/{{file_name}}"
        )
        source = Downloader(transport, tmp_path / "cache", "job", ONCE)
        with pytest.raises(LostClip, match=r"more than 1\.0 MB came") as raised:
            source.fetch(Clip("a_0.flac", "a", "0"))
        server.shutdown()
    assert raised.value.state == "corrupt"
    assert not list((tmp_path / "cache").glob("*.flac"))


@pytest.mark.parametrize(
    "name", ["a?x=1", "a#b", "http://evil.example/x", "a b", "%2e%2e/x", "a\\b"]
)
def test_what_a_captions_file_calls_a_clip_stays_within_the_address(tmp_path, name):
    path = tmp_path / "train.csv"
    path.write_text(f"youtube_id,start_time,caption\n{name},0,a dog\n")
    ((clip, _),) = read_captions(path)
    address = HttpTransport("https://clips.example/all/{file_name}").address(clip)
    assert re.fullmatch(r"https://clips\.example/all/[A-Za-z0-9%/_.-]+", address)
    assert "/../" not in address


def test_names_and_passwords_of_addresses_are_not_said():
    said = without_secrets(f"Cannot reach http://me:{SECRET}@proxy.example:3128 (x)")
    assert said == "Cannot reach http://***@proxy.example:3128 (x)"
    plain = "https://clips.example/a@b and me@example.org"
    assert without_secrets(plain) == plain


def test_a_proxy_s_password_is_not_in_the_reason_of_a_failure(tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://me:{SECRET}@127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    transport = HttpTransport("http://clips.example/{file_name}", timeout=1)
    source = Downloader(transport, tmp_path / "cache", "job", ONCE)
    with pytest.raises(LostClip, match="the connection failed") as raised:
        source.fetch(Clip("a_0.flac", "a", "0"))
    assert SECRET not in str(raised.value)
    journals = [path.read_text() for path in (tmp_path / "cache").rglob("*.jsonl")]
    assert journals
    assert SECRET not in "".join(journals)


def test_an_error_that_stops_a_command_shows_no_password(monkeypatch, capsys):
    def failing(words):
        raise InputError(f"http://me:{SECRET}@clips.example/a cannot be fetched")

    monkeypatch.setattr(cli, "_command", lambda name: failing)
    with pytest.raises(SystemExit):
        cli.main(["ingest"])
    assert capsys.readouterr().err == (
        "error: http://***@clips.example/a cannot be fetched\n"
    )


@pytest.mark.parametrize("key", ["url", "captions"])
def test_an_address_with_a_password_is_refused(key):
    """The settings are on command lines and in the records of runs."""
    address = f"https://me:{SECRET}@clips.example/{{split}}{{file_name}}.csv"
    with pytest.raises(InputError, match=rf"audiocaps\.{key}.*netrc") as raised:
        AudioCapsSource(**{key: address})
    assert SECRET not in str(raised.value)


def test_a_checkpoint_s_pickle_is_refused_before_it_runs(tmp_path, capsys):
    """A plain pickle under the name of our own checkpoint."""
    from workflow_src.models.weights import load_weights

    path = tmp_path / "resume.pt"
    path.write_bytes(pickle.dumps(Program(), protocol=2))
    with pytest.raises(InputError, match="no whole checkpoint"):
        load_weights(path)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("name", ["security", "reliability"])
def test_every_test_that_a_page_names_is_there(name):
    page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 15
    for file, test in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), f"{file}::{test}"
