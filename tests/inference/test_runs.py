"""Which model a word means: a folder, a name, a name on the hub."""

import json
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest

from tests.corpus.loopback_hub import COMMIT, Handler, LoopbackHub
from workflow_src.errors import InputError
from workflow_src.inference import caption_files, export_run, find_run
from workflow_src.inference.loading import load_captioner, load_retriever
from workflow_src.inference.runs import trained_runs


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Folders of finished trainings, and of two that are none."""
    monkeypatch.chdir(tmp_path)
    for name in (
        *("demo/captioning/all/seed20", "demo/captioning/all/seed3"),
        *("demo/captioning/none/seed20", "demo/retrieval/all/seed20"),
        *("paper/captioning/none/seed20", "demo/pretraining/act/seed1"),
    ):
        folder = Path("runs") / name
        folder.mkdir(parents=True)
        (folder / "settings.yaml").touch()
        (folder / "model.pt").touch()
    # As it ships: with rounded weights alone.
    shipped = Path("runs/demo/retrieval/all/seed20/model.pt")
    shipped.rename(shipped.with_name("model.half.safetensors.xz"))
    unfinished = Path("runs/demo/captioning/noise/seed20")
    unfinished.mkdir(parents=True)
    (unfinished / "settings.yaml").touch()
    return Path("runs")


@pytest.mark.parametrize(
    ("name", "task", "found"),
    [
        ("all", "captioning", "demo/captioning/all/seed3"),
        ("all", "retrieval", "demo/retrieval/all/seed20"),
        ("all/seed20", "captioning", "demo/captioning/all/seed20"),
        ("captioning/all", None, "demo/captioning/all/seed3"),
        ("paper/none", "captioning", "paper/captioning/none/seed20"),
        ("demo/captioning/none/seed20", None, "demo/captioning/none/seed20"),
        ("./runs/demo/retrieval/all/seed20", None, "demo/retrieval/all/seed20"),
    ],
)
def test_a_name_is_enough_of_its_parts(runs, name, task, found):
    assert find_run(name, task) == runs / found


@pytest.mark.parametrize(
    ("name", "task", "sentence"),
    [
        (
            "none",
            "captioning",
            "none could be any of these: demo/captioning/none, paper/captioning/none",
        ),
        (
            "all",
            None,
            "all could be any of these: demo/captioning/all, demo/retrieval/all",
        ),
        (
            "noise",
            "captioning",
            "noise is no run's folder, and no captioning run in runs/; there are: "
            "demo/captioning/all, demo/captioning/none, paper/captioning/none",
        ),
        ("all/demo", "retrieval", "the hub"),
    ],
)
def test_what_is_missing_or_ambiguous_lists_what_there_is(
    runs, name, task, sentence, no_hub
):
    with pytest.raises(InputError, match=sentence):
        find_run(name, task)


def test_without_runs_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no retrieval run in runs/; there is none"):
        find_run("all", "retrieval")
    with pytest.raises(
        InputError, match=r"is no run's folder: it has no settings\.yaml"
    ):
        find_run(tmp_path)


def test_long_lists_are_cut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(15):
        folder = Path(f"runs/demo/captioning/recipe{number:02}/seed1")
        folder.mkdir(parents=True)
        (folder / "settings.yaml").touch()
        (folder / "model.pt").touch()
    assert len(trained_runs(Path("runs"))) == 15
    with pytest.raises(InputError, match=r"captioning/recipe11 and 3 more$"):
        find_run("nothing", "captioning")


def test_a_run_of_the_other_task_is_refused(trained):
    with pytest.raises(InputError, match="is a run of retrieval, not of captioning"):
        load_captioner(trained.retriever)
    with pytest.raises(InputError, match="is a run of captioning, not of retrieval"):
        load_retriever(trained.captioner)


class ModelHandler(Handler):
    """Serves the files below the server's folder as the model `owner/captioner`."""

    def do_GET(self):
        place = unquote(urlsplit(self.path).path)
        self.server.asked.append(place)
        if self.server.status is not None:
            code = {"X-Error-Code": self.server.error_code or ""}
            self.answer(b"", self.server.status, **code)
        elif place.startswith("/api/models/owner/captioner/revision/"):
            files = [path for path in self.server.folder.rglob("*") if path.is_file()]
            names = [str(path.relative_to(self.server.folder)) for path in files]
            about = {
                "id": "owner/captioner",
                "sha": COMMIT,
                "siblings": [{"rfilename": name} for name in names],
                "tags": [],
            }
            self.answer(json.dumps(about).encode())
        elif place == f"/api/models/owner/captioner/tree/{COMMIT}":
            self.answer(json.dumps(self.tree()).encode())
        elif place.startswith(before := f"/owner/captioner/resolve/{COMMIT}/"):
            self.file(place.removeprefix(before))
        else:
            self.answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})


@pytest.fixture
def model_hub(tmp_path, monkeypatch):
    """A hub on loopback, with a cache of its own."""
    folder = tmp_path / "hub"
    folder.mkdir()
    server = LoopbackHub(folder)
    server.RequestHandlerClass = ModelHandler
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    download = huggingface_hub.snapshot_download

    def from_loopback(*args, **options):
        cache = tmp_path / "hub_cache"
        return download(*args, **options, endpoint=server.address, cache_dir=cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", from_loopback)
    monkeypatch.chdir(tmp_path)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_hub(monkeypatch):
    """A hub that has nothing."""

    def refuse(repository, **_):
        raise InputError(f"the hub has no {repository}")

    monkeypatch.setattr("workflow_src.inference.runs.fetch", refuse)


def test_a_model_of_the_hub_captions_like_the_run(trained, model_hub, capsys):
    export_run(trained.captioner, model_hub.folder)
    (model_hub.folder / "model.pt").write_bytes(b"what could run code is not fetched")
    sounds = trained.sounds
    expected = list(caption_files(trained.captioner, sounds, device="cpu"))
    for _ in range(2):
        found = list(caption_files("owner/captioner", sounds, device="cpu"))
        assert found == expected
    assert capsys.readouterr().err == "", "no bar where nobody looks"
    assert set(model_hub.sent) == {
        "settings.yaml",
        "model.safetensors",
        "vocabulary.txt",
    }
    assert set(model_hub.sent.values()) == {1}, "the second time it was in the cache"


@pytest.mark.parametrize(
    ("status", "code", "name", "sentence"),
    [
        (
            None,
            None,
            "owner/nothing",
            "owner/nothing is neither a run here nor a model",
        ),
        (404, "RevisionNotFound", "owner/captioner@v9", "has no owner/captioner@v9"),
        (403, "GatedRepo", "owner/captioner", "owner/captioner is gated"),
    ],
)
def test_refusals_of_the_hub_are_sentences(model_hub, status, code, name, sentence):
    model_hub.status, model_hub.error_code = status, code
    with pytest.raises(InputError, match=sentence):
        find_run(name, "captioning")


def test_a_model_of_the_hub_that_is_not_ours(model_hub):
    (model_hub.folder / "config.json").write_text("{}")
    with pytest.raises(InputError, match="is no model of this project"):
        find_run("owner/captioner", "captioning")


def test_without_a_network_what_was_fetched_serves(trained, model_hub):
    export_run(trained.captioner, model_hub.folder)
    fetched = find_run("owner/captioner")
    model_hub.address = "http://127.0.0.1:9"  # nobody listens there
    assert find_run("owner/captioner") == fetched
    with pytest.raises(InputError, match="the hub cannot be reached"):
        find_run("owner/other")


def test_the_folder_of_a_damaged_export_is_named(trained, tmp_path):
    folder = export_run(trained.captioner, tmp_path / "exported")
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"model\.safetensors is no whole file"):
        load_captioner(folder)
    other = export_run(trained.captioner, tmp_path / "other")
    with (other / "vocabulary.txt").open("a") as file:
        file.write("one word more\n")
    with pytest.raises(InputError, match="does not fit the settings beside it"):
        load_captioner(other)
    shutil.rmtree(other)
    with pytest.raises(InputError):
        load_captioner(other)
