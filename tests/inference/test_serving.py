"""What the page answers with, and the command: without gradio and without a browser."""

import shutil
import socket
import sys

import numpy as np
import pytest
import soundfile

from tests.inference.conftest import RATE, sound
from workflow_src import cli
from workflow_src.errors import InputError
from workflow_src.inference.captions import caption_files
from workflow_src.inference.search import search_folder
from workflow_src.inference.serving import server
from workflow_src.inference.serving.command import report_of
from workflow_src.inference.serving.models import (
    MOST_WINDOWS,
    SILENCE,
    folders_of,
    load_models,
)


@pytest.fixture(scope="module")
def models(trained, tmp_path_factory):
    copy = tmp_path_factory.mktemp("searched") / "my sounds"
    shutil.copytree(trained.sounds, copy)
    runs = [trained.captioner, trained.retriever]
    return load_models(runs, copy, device="cpu", threads=1)


def test_a_name_means_the_captioner_and_the_retriever(home, trained):
    assert [one.resolve() for one in folders_of("all")] == [
        trained.captioner,
        trained.retriever,
    ]
    assert [one.resolve() for one in folders_of("retrieval/all")] == [trained.retriever]
    assert folders_of(trained.captioner) == [trained.captioner]
    with pytest.raises(InputError, match="zebra is no run's folder"):
        folders_of("zebra")


def test_captions_are_those_of_the_command_by_recipe_and_views(models, trained):
    file = str(trained.sounds / "fast.flac")
    rows = models.captions(file, ["all"], ["none", "tta-10"])
    assert [(row.recipe, row.views) for row in rows] == [
        ("all", "none"),
        ("all", "tta-10"),
    ]
    for row in rows:
        [window] = caption_files(models.captioners["all"], file, tta=row.views)
        assert row.caption == window.captions[0].text
        assert row.probability == window.captions[0].length_normalised_probability
        assert (row.start, row.end) == (0, 2)


def test_views_that_a_recipe_has_not_are_said_in_its_row(models, trained, monkeypatch):
    file = str(trained.sounds / "fast.flac")
    plain, other = models.captions(file, ["all"], ["none", "tta-zebra"])
    assert plain.probability is not None
    assert other.probability is None
    assert "not 'tta-zebra'" in other.caption


def test_a_long_sound_has_a_row_and_a_picture_a_window(models, tmp_path):
    path = tmp_path / "long.wav"
    silence = np.zeros(2 * RATE)
    soundfile.write(path, np.concatenate([sound(150, 0), silence]), RATE)
    rows = models.captions(str(path), ["all"], ["none"])
    assert [(row.start, row.end) for row in rows] == [(0, 2), (2, 4)]
    assert rows[1].caption == SILENCE
    pictures = models.pictures(str(path))
    assert [(one.start, one.end) for one in pictures] == [(0, 2), (2, 4)]
    assert pictures[0].address.startswith("data:image/png;base64,")
    assert pictures[0].address != pictures[1].address
    soundfile.write(path, np.zeros(2 * RATE * (MOST_WINDOWS + 1)), RATE)
    with pytest.raises(InputError, match="longer than 24 s"):
        models.pictures(str(path))


def test_the_nearest_sound_is_itself(models, trained, tmp_path):
    first, *others = models.nearest(str(trained.sounds / "noise.flac"), 3)
    assert first.file.endswith("noise.flac")
    assert first.score == pytest.approx(1, abs=1e-5)
    assert len(others) == 2
    assert 1 > others[0].score >= others[1].score
    # Any window may be near: here the second is.
    path = tmp_path / "two.wav"
    parts = [sound(3000, 0), soundfile.read(trained.sounds / "noise.flac")[0]]
    soundfile.write(path, np.concatenate(parts), RATE)
    assert {one.file for one in models.nearest(str(path), 2)} >= {first.file}
    soundfile.write(path, np.zeros(2 * RATE), RATE)
    with pytest.raises(InputError, match="nothing to hear"):
        models.nearest(str(path), 2)


def test_a_sentence_finds_what_the_command_finds(models):
    found = models.search("rain falls", 3)
    folder = models.folder.sounds
    assert found == search_folder(models.retriever, folder, "rain falls", top=3)
    window = models.heard(found[0])
    assert window.start == found[0].start
    assert window.clip.any()


def test_a_search_needs_a_retriever_and_a_folder(trained):
    with pytest.raises(InputError, match="none of the runs is a retriever"):
        load_models([trained.captioner], trained.sounds, device="cpu", threads=1)
    models = load_models([trained.captioner], device="cpu", threads=1)
    with pytest.raises(InputError, match="start with --sounds FOLDER"):
        models.search("rain falls", 3)


def test_without_gradio_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(SystemExit) as raised:
        cli.main(["serve", "all"])
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "needs gradio" in said
    assert "requirements-serve.txt" in said


def test_a_taken_port_and_a_strange_address_are_one_sentence():
    with server.listening("127.0.0.1", 0) as opened:
        port = opened.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} cannot be listened on"):
            server.listening("127.0.0.1", port)
    assert isinstance(opened, socket.socket)
    with pytest.raises(InputError, match=r"192\.0\.2\.1, port 0"):
        server.listening("192.0.2.1", 0)
    with pytest.raises(InputError, match="port 99999"):
        server.listening("127.0.0.1", 99_999)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.5", False),
        ("example.org", False),
    ],
)
def test_it_knows_the_addresses_of_this_machine(host, alone):
    assert server.is_loopback(host) is alone


def test_the_report_page_of_a_run_is_found(tmp_path):
    run = tmp_path / "runs" / "mine" / "captioning" / "all" / "seed3"
    run.mkdir(parents=True)
    assert report_of(run) is None
    page = tmp_path / "results" / "mine" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>tables</p>")
    assert report_of(run) == page
    assert report_of(tmp_path / "exported") is None
