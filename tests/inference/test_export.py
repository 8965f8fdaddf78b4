"""Exported runs: the same results, a whole folder, and nothing of the machine."""

import json
import shutil

import numpy as np
import pytest
import yaml

from workflow_src.errors import InputError
from workflow_src.evaluation.scores import Evaluated, write_scores
from workflow_src.inference import (
    caption_files,
    describe_files,
    export_run,
    search_folder,
)
from workflow_src.inference.export import without_places
from workflow_src.inference.loading import load_captioner, load_retriever, model_digest
from workflow_src.models.run_folder import read_record, write_record


def front_matter(folder):
    text = (folder / "README.md").read_text()
    _, matter, card = text.split("---\n", 2)
    return yaml.safe_load(matter), card


def test_an_exported_captioner_says_the_same(trained, tmp_path):
    folder = export_run(trained.captioner, tmp_path / "exported")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "settings.yaml",
        "vocabulary.txt",
    ]
    for options in ({"top": 3}, {"tta": "multi-10"}):
        run, exported = (
            list(caption_files(which, trained.sounds, device="cpu", **options))
            for which in (trained.captioner, folder)
        )
        assert exported == run
    assert model_digest(load_captioner(folder)) == model_digest(
        load_captioner(trained.captioner)
    )
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["ACT"]
    assert config["model"]["vocabulary"] == len(load_captioner(folder).vocabulary)


def test_an_exported_retriever_finds_the_same(trained, sounds, tmp_path):
    folder = export_run(trained.retriever, tmp_path / "exported")
    assert (folder / "text_encoder" / "tokenizer.json").is_file()
    run, exported = (
        search_folder(which, sounds, "rain falls", device="cpu")
        for which in (trained.retriever, folder)
    )
    assert exported == run
    places = [p for p in (sounds / ".audio-index").iterdir() if p.is_dir()]
    assert len(places) == 1, "both use one index"
    captions = ["rain falls", "a low hum goes on"]
    run, exported = (
        list(describe_files(which, sounds, captions, device="cpu"))
        for which in (trained.retriever, folder)
    )
    assert exported == run


def test_an_exported_folder_can_be_exported(trained, tmp_path):
    first = export_run(trained.captioner, tmp_path / "first")
    second = export_run(first, tmp_path / "second")
    for name in ("model.safetensors", "settings.yaml", "vocabulary.txt"):
        assert (second / name).read_bytes() == (first / name).read_bytes()


@pytest.mark.parametrize("task", ["captioner", "retriever"])
def test_nothing_of_the_machine_goes_along(trained, tmp_path, task):
    run = tmp_path / "run"
    shutil.copytree(getattr(trained, task), run)
    record = read_record(run)
    record.corpus.origin["place"] = f"{tmp_path}/my clips"
    record.settings["encoder"] = f"{tmp_path}/weights/encoder.pth"
    write_record(record, run)
    folder = export_run(run, tmp_path / "exported", licence="mit")
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for place in (tmp_path, trained.root, "/tmp", "/home", "/root"):
                assert str(place).encode() not in content, path
    exported = read_record(folder)
    assert exported.corpus.origin == {"place": "my clips"}
    assert exported.settings["encoder"] == "encoder.pth"


def test_paths_are_cut_to_their_last_name_and_nothing_else_changes():
    plain = {
        "a": "/home/me/x.pt",
        "b": [r"C:\data\y", "runs/z", 1, None],
        "c": "and/or",
    }
    assert without_places(plain) == {
        "a": "x.pt",
        "b": ["y", "runs/z", 1, None],
        "c": "and/or",
    }


def test_the_card_says_what_the_run_is(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained.captioner, run)
    metrics = {"CIDEr": 31.257, "SPICE-py": 12.5}
    write_scores(run, Evaluated.of(read_record(run), "test"), 6, metrics)
    folder = export_run(run, tmp_path / "exported", licence="cc-by-4.0")
    matter, card = front_matter(folder)
    assert matter["license"] == "cc-by-4.0"
    [result] = matter["model-index"][0]["results"]
    assert [one["value"] for one in result["metrics"]] == [31.257, 12.5]
    for said in (
        "# Audio captioner, recipe `all`, seed 3",
        "- name: tiny\n- scale: smoke",
        "| noise | probability 0.5, snr_db [10.0, 30.0] |",
        "| CIDEr | 31.26 |",
        "SPICE-py approximates SPICE",
        "On 6 clips of the split `test`",
        "python -m workflow_src caption MODEL sounds/",
        "It hears windows of 2 s at 32,000 Hz",
        "## Licence\n\ncc-by-4.0",
    ):
        assert said in card, said


def test_a_card_without_scores_and_licence_says_so(trained, tmp_path):
    folder = export_run(trained.retriever, tmp_path / "exported")
    matter, card = front_matter(folder)
    assert "license" not in matter
    assert "model-index" not in matter
    assert "The run was not scored." in card
    assert "None was chosen (`export --licence`)" in card
    assert "python -m workflow_src search MODEL" in card


def test_a_folder_that_holds_something_is_left_alone(trained, tmp_path):
    target = tmp_path / "exported"
    target.mkdir()
    export_run(trained.captioner, target)
    before = sorted(path.name for path in target.iterdir())
    with pytest.raises(InputError, match="is there already: name a folder that is not"):
        export_run(trained.retriever, target)
    assert sorted(path.name for path in target.iterdir()) == before
    assert not list(tmp_path.glob("*.partial"))


def test_weights_can_be_read_by_whoever_reads_the_rest(trained, tmp_path):
    folder = export_run(trained.captioner, tmp_path / "exported")
    modes = {path.stat().st_mode for path in folder.iterdir()}
    assert len(modes) == 1


def test_weights_are_those_of_the_run_bit_for_bit(trained, tmp_path):
    folder = export_run(trained.retriever, tmp_path / "exported")
    own = load_retriever(trained.retriever).model.state_dict()
    exported = load_retriever(folder).model.state_dict()
    assert own.keys() == exported.keys()
    for name, tensor in own.items():
        np.testing.assert_array_equal(tensor.numpy(), exported[name].numpy())
