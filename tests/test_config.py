"""config.yaml: what is accepted, what is refused, and in which words."""

import copy
from pathlib import Path

import pytest
import yaml

from workflow_src import config
from workflow_src.errors import InputError


def test_every_scale_of_the_shipped_file_resolves():
    for scale in ("demo", "paper", "smoke"):
        resolved = config.load(overrides={"scale": scale})
        assert resolved["scale"] == scale
        assert "scales" not in resolved


def test_paper_scale_is_the_papers():
    resolved = config.load(overrides={"scale": "paper"})
    assert resolved["corpus"] == "audiocaps"
    for task in ("captioning", "retrieval"):
        training = resolved[task]["training"]
        assert training["epochs"] == 30
        assert training["learning_rate"] == 1e-4
        assert training["weight_decay"] == 1e-6
    pairmix = resolved["augmentations"]["pairmix"]
    assert (pairmix["ratio"], pairmix["alpha"], pairmix["n"]) == (0.25, 0.1, 2)


def test_command_line_beats_scale_beats_file():
    values = yaml.safe_load(Path("config.yaml").read_text())
    in_file = values["captioning"]["training"]["epochs"]
    in_scale = values["scales"]["demo"]["captioning"]["training"]["epochs"]
    assert in_file != in_scale
    epochs = {"captioning": {"training": {"epochs": in_scale + 1}}}
    assert config.load()["captioning"]["training"]["epochs"] == in_scale
    resolved = config.load(overrides=epochs)
    assert resolved["captioning"]["training"]["epochs"] == in_scale + 1


def test_train_clips_makes_the_embedded_corpus_larger():
    resolved = config.load(overrides={"train_clips": 5000})
    assert resolved["embedded"]["train_clips"] == 5000


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {"captioning": {"trainig": {}}},
            "captioning.trainig is not a known key; did you mean training?",
        ),
        ({"zebra": 1}, "zebra is not a known key; known: scale,"),
        (
            {"captioning": {"training": {"epochs": "many"}}},
            'captioning.training.epochs must be of type integer, not "many"',
        ),
        (
            {"augmentations": {"noise": {"probability": 2}}},
            "augmentations.noise.probability: 2 is greater than the maximum of 1",
        ),
        ({"scale": "big"}, 'scale must be one of demo, paper, smoke, not "big"'),
        (
            {"recipes": {"mine": {"pairmix": {"level": "words"}}}},
            "recipes.mine.pairmix.level must be one of either, waveform,",
        ),
        ({"corpus": "folder"}, "corpus is folder, but corpus_dir is null"),
        (
            {"captioning": {"model": {"encoder_heads": 3}}},
            "captioning.model.encoder_width (128) is not a multiple of encoder_heads",
        ),
        (
            {"captioning": {"hop": 900}},
            "captioning.hop 900 cuts audio.seconds 10 into 355 frames; ACT reads a "
            "multiple of 4, at most 500",
        ),
        (
            {"audio": {"seconds": 11}, "captioning": {"hop": 640}},
            "captioning.hop 640 cuts audio.seconds 11 into 550 frames",
        ),
        (
            {"tta": {"grid": {"multi": [[2, 5]]}}},
            "tta is multi-tta-100, which is no point of tta.grid: tta-10, tta-25",
        ),
    ],
)
def test_bad_values_are_one_sentence_that_names_the_key(overrides, sentence):
    with pytest.raises(InputError) as raised:
        config.load(overrides=overrides)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_recipe_that_nobody_defines_is_named_with_its_row():
    values = yaml.safe_load(Path("config.yaml").read_text())
    values["tables"]["table3"]["rows"][5]["recipe"] = "pairmx"
    with pytest.raises(InputError, match=r"table3, row 6 .*did you mean pairmix\?"):
        config.resolve(values, {})


def test_text_augmentation_of_captioning_targets_is_refused():
    values = yaml.safe_load(Path("config.yaml").read_text())
    row = {"method": "EDA", "recipe": "eda", "paper": {}}
    values["tables"]["table1"]["rows"].append(row)
    with pytest.raises(InputError, match="would change the target captions"):
        config.resolve(values, {})


@pytest.mark.parametrize("path", ["seeds", "captioning.training.epochs", "tta.grid"])
def test_a_missing_key_is_named(path):
    values = yaml.safe_load(Path("config.yaml").read_text())
    for scale in values["scales"].values():
        scale.get("captioning", {}).pop("training", None)
    *parents, last = path.split(".")
    section = values
    for key in parents:
        section = section[key]
    del section[last]
    with pytest.raises(InputError, match=f"{path}.* is missing"):
        config.resolve(values, {})


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.yaml: No such file"):
        config.load(tmp_path / "nowhere.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("scale: [demo")
    with pytest.raises(InputError, match=r"broken\.yaml: not YAML"):
        config.load(broken)


def test_merging_changes_neither_side():
    base = {"a": {"b": 1, "c": [1]}, "d": 2}
    over = {"a": {"c": [2]}}
    before = copy.deepcopy((base, over))
    assert config.merge(base, over) == {"a": {"b": 1, "c": [2]}, "d": 2}
    assert (base, over) == before


def test_set_arguments_are_dotted_keys_with_yaml_values():
    assert config.parse_set(["scale=smoke", "captioning.training.epochs=2"]) == {
        "scale": "smoke",
        "captioning": {"training": {"epochs": 2}},
    }
    assert config.parse_set(["seeds=[1, 2]"]) == {"seeds": [1, 2]}
    with pytest.raises(InputError, match="--set scale: expected KEY=VALUE"):
        config.parse_set(["scale"])


def test_nested_values_typed_on_snakemakes_command_line_get_their_types():
    # This is what Snakemake makes of 'captioning={training: {epochs: 5}}'.
    overrides = {"captioning": {"training": {"epochs": "5"}}}
    resolved = config.load(overrides=overrides)
    assert resolved["captioning"]["training"]["epochs"] == 5


def test_each_scale_has_a_folder_of_its_own(tmp_path):
    names = [
        config.corpus_name(config.load(overrides={"scale": scale}))
        for scale in ("demo", "paper", "smoke")
    ]
    assert names == ["embedded-demo", "audiocaps-paper", "embedded-smoke"]
    own = {"corpus": "folder", "corpus_dir": str(tmp_path / "birds")}
    assert config.corpus_name(config.load(overrides=own)) == "birds-demo"
