"""What the config accepts, and that its keys agree with each other."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from workflow_src import config
from workflow_src.config.reading import NEVER_TYPED
from workflow_src.config.schema import Config
from workflow_src.errors import InputError
from workflow_src.settings import plain

ROW = {"method": "mine", "recipe": "all"}


def keys(kind, path=""):
    """Dotted keys of a settings class and of the classes in it, with their defaults."""
    for part in fields(kind):
        inner = get_type_hints(kind)[part.name]
        dotted = f"{path}{part.name}"
        if is_dataclass(inner):
            yield from keys(inner, f"{dotted}.")
        else:
            yield dotted


def value(values, dotted):
    for key in dotted.split("."):
        values = values[key]
    return values


def test_the_file_has_every_key_of_the_schema():
    in_file = yaml.safe_load(Path("config.yaml").read_text())
    for dotted in keys(Config):
        if dotted not in NEVER_TYPED:
            value(in_file, dotted)  # else KeyError
    row_keys = {
        part.name
        for part in fields(
            get_args(
                get_type_hints(get_args(get_type_hints(Config)["tables"])[1])["rows"]
            )[0]
        )
    }
    used = {
        key for own in in_file["tables"].values() for row in own["rows"] for key in row
    }
    assert used == row_keys


def test_the_overlays_have_keys_of_the_schema_alone():
    known = set(keys(Config))
    for path in Path("config").glob("*.yaml"):
        values = yaml.safe_load(path.read_text())
        values.pop("over", None)
        left = [("", values)]
        while left:
            prefix, values = left.pop()
            for key, own in values.items():
                dotted = f"{prefix}{key}"
                if isinstance(own, dict):
                    left.append((f"{dotted}.", own))
                else:
                    assert dotted in known, path


def test_at_paper_scale_the_file_says_what_the_classes_have_as_defaults():
    paper, defaults = (
        config.load(overrides={"scale": "paper"}),
        Config(scale="paper", recipes=config.load().recipes),
    )
    in_file, in_classes = plain(paper), plain(defaults)
    for dotted in keys(Config):
        # What is to be done is a user's choice, and no class has it.
        if dotted not in ("recipes", "tables", "study.comparisons", "models.entries"):
            assert value(in_file, dotted) == value(in_classes, dotted), dotted


def test_paper_scale_is_the_papers():
    resolved = config.load(overrides={"scale": "paper"})
    assert resolved.selected_corpus == "audiocaps"
    for training in (resolved.captioning.training, resolved.retrieval.training):
        assert training.epochs == 30
        assert training.learning_rate == 1e-4
        assert training.weight_decay == 1e-6
    pairmix = resolved.augmentations.pairmix
    assert (pairmix.ratio, pairmix.alpha, pairmix.n) == (0.25, 0.1, 2)


def nested(dotted, value):
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize(
    ("dotted", "value", "sentence"),
    [
        (
            "captioning.trainig",
            {},
            "captioning.trainig is not a known key; did you mean training?",
        ),
        ("zebra", 1, "zebra is not a known key; known: scale, corpus,"),
        (
            "tables.table1.metrcs",
            ["SPICE"],
            "tables.table1.metrcs is not a known key; did you mean metrics?",
        ),
        (
            "tables.table1.rows",
            [ROW | {"reciipe": "all"}],
            "tables.table1.rows.0.reciipe is not a known key; did you mean recipe?",
        ),
        (
            "captioning.training.epochs",
            "many",
            'captioning.training.epochs must be an integer, not "many"',
        ),
        ("captioning.training.epochs", 2.5, "epochs must be an integer, not 2.5"),
        ("captioning.word2vec", 1, "captioning.word2vec must be true or false, not 1"),
        ("captioning", None, "captioning must be a mapping, not null"),
        ("recipes.none", 5, "recipes.none must be a mapping, not 5"),
        (
            "recipes.none.noise",
            3,
            "recipes.none.noise must be a mapping, not 3",
        ),
        ("metrics.spice", "perl", "metrics.spice is one of auto, java, python, none"),
        (
            "augmentations.pairmix.fixed_lambda",
            "x",
            'augmentations.pairmix.fixed_lambda must be a number or a list, not "x"',
        ),
        (
            "augmentations.noise.probability",
            2,
            "augmentations.noise: noise: probability is from 0 to 1, not 2",
        ),
        (
            "recipes.mine",
            {"pairmix": {"level": "words"}},
            "recipes.mine.pairmix: level is one of either, waveform,",
        ),
        ("recipes.Mine", {}, "recipes.Mine: a recipe's name has small letters"),
        (
            "tables.table9",
            {"tasks": ["retrieval"], "metrics": ["T2A R@1"], "rows": [ROW]},
            "tables.table9: tables are table1 to table4",
        ),
        ("tables.table1.rows", [], "tables.table1: rows is empty"),
        ("corpus", "folder", "corpus is folder, but corpus_dir is null"),
        (
            "captioning.model.encoder_heads",
            3,
            "captioning.model: encoder_width (128) is not a multiple of encoder_heads",
        ),
        (
            "captioning.model.decoder_heads",
            3,
            "captioning.model: decoder_width (128) is not an even multiple of",
        ),
        ("retrieval.model.text_heads", 3, "text_width (128) is not a multiple of"),
        ("captioning.model.dropout", 1.0, "dropout is from 0 to below 1, not 1.0"),
        (
            "captioning.hop_length",
            900,
            "captioning.hop_length 900 cuts audio.seconds 10 into 355 frames; ACT "
            "reads a multiple of 4, at most 500",
        ),
        ("captioning.hop_length", 0, "captioning: hop_length is at least 1, not 0"),
        ("retrieval.hop_length", 0, "retrieval: hop_length is at least 1, not 0"),
        (
            "captioning.model.vocabulary",
            9,
            "captioning: model.vocabulary comes from the training captions",
        ),
        (
            "retrieval.model.word_pieces",
            "folder",
            "retrieval: model.word_pieces comes from the training captions",
        ),
        ("device", "tpu", "device is auto, cpu, cuda or cuda:N, not 'tpu'"),
        ("seeds", [], "seeds are one or more different numbers, not []"),
        ("seeds", [1, 1], "seeds are one or more different numbers, not [1, 1]"),
        ("seeds", [-1], "seeds are at least 0, not -1"),
        ("threads", 0, "threads is at least 1, not 0"),
        ("train_clips", 0, "train_clips is at least 1, not 0"),
        ("scale", 5, "but config/5.yaml does not exist"),
        ("embedded.val_clips", 0, "embedded: val_clips is at least 1, not 0"),
        ("embedded.seed", -1, "embedded: seed is at least 0, not -1"),
        ("clips.max_missing", 2, "clips: max_missing is from 0 to 1, not 2"),
        ("clips.min_seconds", 0, "clips: min_seconds is above 0, not 0"),
        ("audio.seconds", 0, "audio: seconds is above 0, not 0"),
        ("metrics.resamples", 0, "metrics: resamples is at least 1, not 0"),
        ("captioning.training.selection", "loss", "is one of cider, spider, not"),
        (
            "captioning.training.learning_rate",
            0,
            "captioning.training: learning_rate is above 0, not 0",
        ),
        ("captioning.decoding.beams", 0, "captioning.decoding: beams is at least 1"),
        ("pretraining.epochs", 0, "pretraining: epochs is at least 1, not 0"),
        ("tta.strength", -0.5, "tta: strength is at least 0, not -0.5"),
        ("tta.strength", 1.5, "tta: strength is from 0 to 1, not 1.5"),
        ("tta.views_per_batch", 0, "tta: views_per_batch is at least 1, not 0"),
        ("tta.grid.taus", [0], "tta.grid: grid: numbers of views are at least 1"),
        (
            "tta.grid.multi",
            [[2, 5]],
            "tta is multi-tta-100, which is no point of tta.grid: tta-10, tta-25",
        ),
        ("tta.recipe", "noise", "has recipe all, but tta.recipe is noise"),
        ("sweep.recipe", "nois", "sweep.recipe is nois, which `recipes` does not"),
        ("sweep.recipe", "eda", "sweep.recipe: recipe 'eda' has eda, which changes"),
        ("sweep.ratio", [2.0], "sweep: pairmix: ratio is from 0 to 1, not 2.0"),
        ("sweep.ratio", [0.5, 0.5], "sweep: a ratio or a fixed_lambda is there twice"),
        ("sweep.fixed_lambda", [], "sweep: fixed_lambda is empty"),
        ("pretrained_sha256.file", "0a", "pretrained_sha256.file has 64 hexadecimal"),
    ],
)
def test_bad_values_are_one_sentence_that_names_the_key(dotted, value, sentence):
    with pytest.raises(InputError) as raised:
        config.load(overrides=nested(dotted, value))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_longer_clips_than_act_has_positions_for():
    overrides = {"audio": {"seconds": 11}, "captioning": {"hop_length": 640}}
    with pytest.raises(
        InputError, match=r"hop_length 640 cuts audio\.seconds 11 into 550"
    ):
        config.load(overrides=overrides)


def test_a_recipe_that_nobody_defines_is_named_with_its_row(copied):
    copied.edit(
        lambda values: values["tables"]["table3"]["rows"][5].update(recipe="pairmx")
    )
    with pytest.raises(InputError, match=r"table3, row 6 .*did you mean pairmix\?"):
        config.load(copied.path)


def test_text_augmentation_of_captioning_targets_is_refused(copied):
    row = {"method": "EDA", "recipe": "eda"}
    copied.edit(lambda values: values["tables"]["table1"]["rows"].append(row))
    with pytest.raises(InputError) as raised:
        config.load(copied.path)
    assert re.search(
        r"table1, row 4 \(EDA\): .* changes the captions that captioning learns to say"
        r".* give the row `tasks: \[retrieval\]`",
        str(raised.value),
    )


@pytest.mark.parametrize("scale", ["demo", "smoke", "paper"])
def test_the_papers_figures_are_of_methods_of_the_tables(scale):
    """A figure whose row is called otherwise would silently not be shown."""
    from workflow_src.report.settings import published_figures

    resolved = config.load(overrides={"scale": scale})
    for name, rows in published_figures().items():
        assert set(rows) <= {row.method for row in resolved.tables[name].rows}
        for metrics in rows.values():
            assert set(metrics) <= set(resolved.tables[name].metrics)
