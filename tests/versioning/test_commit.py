"""What ships with the repository stays small; the stages of a corpus are written."""

import json

import pytest
import torch
import yaml

from tests.workflow.clones import ROOT
from workflow_src.config import load
from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.models.run_folder import HALF
from workflow_src.models.weights import save_weights
from workflow_src.versioning.commit import LIMIT, require_small
from workflow_src.versioning.pipelines import (
    addresses,
    waveforms_address,
    write_stages,
)
from workflow_src.versioning.selected import require_selected, stages_file
from workflow_src.versioning.shipped_weights import write_shipped

FILES = ("config.yaml", "config/demo.yaml", "config/smoke.yaml", "dvc.yaml")


def test_the_remote_in_this_repository_is_small():
    assert LIMIT <= 8_000_000
    require_small(ROOT / "artifacts")


def test_one_that_is_too_large_is_refused(tmp_path, capsys):
    write_atomically(tmp_path / "files" / "a", bytes(LIMIT))
    require_small(tmp_path)
    assert "has 8.0 MB of at most 8.0 MB" in capsys.readouterr().out
    write_atomically(tmp_path / "files" / "b", b"1")
    with pytest.raises(InputError, match="may ship with the repository"):
        require_small(tmp_path)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the project's config and stages, in which nothing has run."""
    for name in FILES:
        write_atomically(tmp_path / name, (ROOT / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def select(project, old: str, new: str):
    path = project / "config.yaml"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))


def stages(path):
    return yaml.safe_load(path.read_text())


def test_the_stages_that_are_committed_are_those_of_the_config(project):
    # `make dvc-commit` would write nothing else.
    before = stages(project / "dvc.yaml")
    write_stages(stages_file("embedded-demo"), Layout("embedded-demo"))
    assert stages(project / "dvc.yaml") == before
    assert waveforms_address(stages_file("embedded-demo")) is None
    assert addresses(stages_file("embedded-demo")) == ["features", "train", "evaluate"]


def test_another_corpus_has_stages_of_its_own_beside_it(project):
    before = (project / "dvc.yaml").read_bytes()
    birds = project / "birds.2"
    for split in ("train", "val", "test"):
        write_atomically(birds / f"{split}.csv", "file_name,caption\na.wav,a bird\n")
    select(project, "corpus: auto", "corpus: folder")
    select(project, "corpus_dir: null", f"corpus_dir: {birds}")
    select(project, "seeds: [20]", "seeds: [20, 21]")
    path = stages_file("birds.2-demo")
    assert str(path) == "tracked/birds.2-demo/dvc.yaml"
    write_stages(path, Layout("birds.2-demo"))
    assert (project / "dvc.yaml").read_bytes() == before
    own = stages(path)
    assert own["vars"] == [{"corpus": "birds.2-demo"}]
    assert set(own["stages"]) == {"features", "train", "evaluate", "waveforms"}
    assert all(stage["wdir"] == "../.." for stage in own["stages"].values())
    # Its bytes go to the remote of those who have it, its waveforms apart.
    assert "remote" not in json.dumps(own)
    assert own["stages"]["waveforms"]["outs"] == [
        {"waveforms/${corpus}": {"persist": True}}
    ]
    assert waveforms_address(path) == f"{path}:waveforms"
    assert f"{path}:waveforms" not in addresses(path)
    # The curves are those of the seeds.
    curves = [list(next(iter(plot.values()))["y"]) for plot in own["plots"]]
    assert len(curves) == 2
    for task, paths in zip(("captioning", "retrieval"), curves, strict=True):
        for seed in (20, 21):
            name = f"../../runs/${{corpus}}/{task}/all/seed{seed}/history.csv"
            assert name in paths
    # Once more: nothing is different.
    written = path.read_bytes()
    write_stages(path, Layout("birds.2-demo"))
    assert path.read_bytes() == written


def test_stages_of_a_corpus_that_is_not_selected_do_not_run(project):
    require_selected("embedded-demo")
    select(project, "scale: demo", "scale: smoke")
    with pytest.raises(InputError, match=r"config\.yaml selects embedded-smoke") as at:
        require_selected("embedded-demo")
    assert "make dvc-commit" in str(at.value)
    write_stages(stages_file("embedded-smoke"), Layout("embedded-smoke"))
    with pytest.raises(InputError, match=r"dvc repro tracked/embedded-smoke/dvc\.yaml"):
        require_selected("embedded-demo")


def test_the_weights_that_ship_are_those_of_the_rows_with_multi_tta(project):
    layout, config = Layout("embedded-demo"), load()
    for recipe in ("none", "all"):
        for task in ("captioning", "retrieval"):
            folder = layout.run(task, recipe, 20)
            save_weights({"model": {"a": torch.ones(2, 2)}}, folder / "model.pt")
    write_atomically(layout.run("captioning", "none", 20) / HALF, b"of another time")
    write_shipped(config, layout)
    shipped = sorted(layout.runs.rglob(HALF))
    assert shipped == [
        layout.run(task, "all", 20) / HALF for task in ("captioning", "retrieval")
    ]
    # In a clone with artifacts the rounded weights are all there is, and stay.
    for path in layout.runs.rglob("model.pt"):
        path.unlink()
    before = [path.read_bytes() for path in shipped]
    write_shipped(config, layout)
    assert [path.read_bytes() for path in shipped] == before
