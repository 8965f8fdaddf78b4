"""config.yaml: its layers, and in which words what is wrong in them is said."""

import copy
from pathlib import Path

import pytest
import yaml

from workflow_src import config
from workflow_src.config import steps
from workflow_src.config.reading import merge, scales
from workflow_src.errors import InputError
from workflow_src.layout import FRONT_ENDS
from workflow_src.settings import plain


def complaint(path="config.yaml", **overrides) -> str:
    """The one sentence that a config is refused with."""
    with pytest.raises(InputError) as raised:
        config.load(path, overrides)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_every_scale_of_the_shipped_files_resolves():
    assert scales() == ["demo", "smoke", "study", "paper"]
    for scale in scales():
        assert config.load(overrides={"scale": scale}).scale == scale


def test_command_line_beats_scale_beats_file():
    in_file = yaml.safe_load(Path("config.yaml").read_text())
    in_scale = yaml.safe_load(Path("config/demo.yaml").read_text())
    epochs = [own["captioning"]["training"]["epochs"] for own in (in_file, in_scale)]
    assert epochs[0] != epochs[1]
    assert config.load().captioning.training.epochs == epochs[1]
    typed = {"captioning": {"training": {"epochs": epochs[1] + 1}}}
    resolved = config.load(overrides=typed)
    assert resolved.captioning.training.epochs == epochs[1] + 1
    # What nobody replaces stays what the file says.
    assert resolved.captioning.training.weight_decay == 1e-6


def test_a_scale_of_ones_own_is_a_file(copied):
    copied.overlay("huge").write_text("threads: 8\n")
    copied.edit(lambda values: values.update(scale="huge"))
    assert config.load(copied.path).threads == 8
    assert "huge" in scales(copied.path)


def test_an_unknown_scale_names_the_known_ones():
    found = complaint(scale="big")
    assert found == (
        "config.yaml: scale is big, but config/big.yaml does not exist; known scales: "
        "demo, smoke, study, paper"
    )


@pytest.mark.parametrize("layer", ["file", "overlay", "--config"])
def test_an_error_names_the_layer_that_has_the_key(copied, layer):
    wrong = {"retrieval": {"training": {"epochs": "many"}}}

    def change(values):
        values["retrieval"]["training"]["epochs"] = "many"

    overrides = {"scale": "smoke"}
    if layer == "--config":
        overrides |= wrong
        expected = "--config"
    else:
        expected = copied.path if layer == "file" else copied.overlay("smoke")
        copied.edit(change, expected)
        if layer == "file":
            overrides["scale"] = "paper"
    found = complaint(copied.path, **overrides)
    assert found == (
        f'{expected}: retrieval.training.epochs must be an integer, not "many"'
    )


def test_an_error_in_a_list_names_the_layer_of_the_list(copied):
    row = {"method": "x", "recipe": "all", "tasks": ["tagging"]}
    found = complaint(tables={"table1": {"rows": [row]}})
    assert found == (
        "--config: tables.table1.rows.0.tasks.0 is one of captioning, retrieval, "
        'not "tagging"'
    )


@pytest.mark.parametrize(
    "path",
    [
        "seeds",
        "scale",
        "captioning.training.epochs",
        "tta.grid",
        "audiocaps.huggingface.columns",
        "trust_pickle",
    ],
)
def test_a_missing_key_is_named_and_no_default_hides_it(copied, path):
    *parents, last = path.split(".")

    def delete(values):
        for key in parents:
            values = values[key]
        del values[last]

    copied.edit(delete)
    copied.edit(
        lambda values: values["captioning"].pop("training"), copied.overlay("demo")
    )
    overrides = {} if path == "scale" else {"scale": "demo"}
    assert f"{path} " in complaint(copied.path, **overrides).replace(":", " ")


def test_a_row_without_its_recipe_is_named(copied):
    copied.edit(lambda values: values["tables"]["table2"]["rows"][1].pop("recipe"))
    found = complaint(copied.path)
    assert found == f"{copied.path}: tables.table2.rows.1.recipe is missing"


def test_an_unreadable_file_is_named(tmp_path, copied):
    with pytest.raises(InputError, match=r"nowhere\.yaml: No such file"):
        config.load(tmp_path / "nowhere.yaml")
    for content, said in (
        (b"scale: [demo", "not YAML"),
        (b"- scale", "has no keys"),
        (b"", "has no keys"),
        (b"scale: \xff", "not UTF-8"),
    ):
        copied.overlay("demo").write_bytes(content)
        found = complaint(copied.path, scale="demo")
        assert found.startswith(str(copied.overlay("demo")))
        assert said in found


def test_merging_changes_neither_side():
    base = {"a": {"b": 1, "c": [1]}, "d": 2}
    over = {"a": {"c": [2]}}
    before = copy.deepcopy((base, over))
    assert merge(base, over) == {"a": {"b": 1, "c": [2]}, "d": 2}
    assert (base, over) == before


def test_nested_values_typed_on_snakemakes_command_line_get_their_types():
    # This is what Snakemake makes of 'captioning={training: {epochs: 5}}'.
    typed = {
        "captioning": {"training": {"epochs": "5", "label_smoothing": "0.2"}},
        "retrieval": {"pretrained": "null", "model": {"freeze_text": "true"}},
        "tta": {"grid": {"taus": ["2", "4"]}},
    }
    resolved = config.load(overrides=typed)
    assert resolved.captioning.training.epochs == 5
    assert resolved.captioning.training.label_smoothing == 0.2
    assert resolved.retrieval.pretrained is None
    assert resolved.retrieval.model.freeze_text is True
    found = {"tta": {"grid": {"taus": ["2", "many"]}}}
    assert 'tta.grid.taus.1 must be an integer, not "many"' in complaint(**found)


@pytest.mark.parametrize("folder", ["2024", "birds # old", "a: b", "{x", "no"])
def test_a_corpus_folder_that_looks_like_yaml_stays_a_text(folder):
    own = config.load(overrides={"corpus": "folder", "corpus_dir": folder})
    assert own.corpus_dir == folder


def test_what_snakemake_makes_of_words_on_its_command_line():
    from snakemake.cli import parse_config

    words = ["threads=null", "trust_pickle=true", "train_clips=7", "seeds=[1, 2]"]
    words += ["captioning={word2vec: false, pretrained: null, hop_length: 1000}"]
    own = config.load(overrides=parse_config(words))
    assert own.threads is None
    assert own.trust_pickle is True
    assert own.train_clips == 7
    assert own.seeds == (1, 2)
    assert own.captioning.word2vec is False
    assert own.captioning.pretrained is None


def test_a_nested_text_that_is_no_yaml_stays_a_text():
    own = config.load(overrides={"retrieval": {"pretrained": "{x"}})
    assert own.retrieval.pretrained == "{x"


def test_train_clips_makes_the_embedded_corpus_larger():
    resolved = config.load(overrides={"train_clips": 5000})
    assert steps.embedded_corpus(resolved).train_clips == 5000
    assert steps.corpus_identity(resolved).origin["train_clips"] == 5000


def test_each_scale_and_each_folder_has_a_name_of_its_own(tmp_path):
    names = [
        steps.corpus_identity(config.load(overrides={"scale": scale})).plain_name
        for scale in ("demo", "paper", "smoke")
    ]
    assert names == ["embedded-demo", "audiocaps-paper", "embedded-smoke"]
    own = {"corpus": "folder", "corpus_dir": str(tmp_path / "my birds; $(touch x)")}
    identity = steps.corpus_identity(config.load(overrides=own))
    assert identity.plain_name == "my-birds-touch-x-demo"
    assert identity.origin == {"folder": str(tmp_path / "my birds; $(touch x)")}


@pytest.mark.parametrize("scale", ["demo", "paper", "smoke"])
def test_a_value_of_the_file_reaches_the_settings_of_the_steps(scale):
    rate = {"training": {"learning_rate": 0.5, "validate_every": 7}}
    noise = {"augmentations": {"noise": {"snr_db": [1.5, 2.5]}}}
    resolved = config.load(
        overrides={"scale": scale, "captioning": rate, "retrieval": rate, **noise}
    )
    for task, make in (
        ("captioning", steps.captioner),
        ("retrieval", steps.retriever),
    ):
        own = make(resolved, "all", 20)
        assert own.optimization.learning_rate == 0.5
        assert own.optimization.validate_every == 7
        assert own.recipe.noise.snr_db == (1.5, 2.5)
        assert own.front_end.name == FRONT_ENDS[task]
        # The settings of a step are complete: nothing in them is left to be looked up.
        assert plain(own)["model"] == plain(getattr(resolved, task).model)
