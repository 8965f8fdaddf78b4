"""docs/models.md, followed literally: one file and one line make a model."""

import re
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from workflow_src.config import load, modelled
from workflow_src.evaluation.captioning import caption_split
from workflow_src.evaluation.settings import DecodingSettings
from workflow_src.models.families import registry
from workflow_src.models.run_folder import read_record
from workflow_src.training.families import model_features, train_model

PAGE = (Path(__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
PACKAGE = "workflow_src.models.families.audio"


def fenced(language):
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


@pytest.fixture
def written(tmp_path, monkeypatch):
    """The page's file among the encoders, in a folder of the test's own."""
    registry.AUDIO_ENCODERS["ast"]  # imports the package
    (tmp_path / "toy.py").write_text(fenced("python"), encoding="utf-8")
    package = sys.modules[PACKAGE]
    places = [*package.__path__, str(tmp_path)]
    monkeypatch.setattr(package, "__path__", places)
    monkeypatch.setattr(package.__spec__, "submodule_search_locations", places)
    yield
    registry.AUDIO_ENCODERS._classes.pop("toy", None)
    sys.modules.pop(f"{PACKAGE}.toy", None)


def test_the_toy_is_about_thirty_lines():
    assert len(fenced("python").splitlines()) <= 35


def test_one_file_and_one_line_make_a_model(written, tiny, tmp_path):
    lines = fenced("yaml").splitlines()
    assert len(lines) == 1
    changes = {"epochs": 1, "batch_size": 6}
    config = load(
        overrides={
            "scale": "smoke",
            "models": {"entries": yaml.safe_load(lines[0])},
            "captioning": {"training": changes},
        }
    )
    (entry,) = config.models.entries
    stores = {split: tmp_path / "features" / split for split in ("train", "val")}
    for split, output in stores.items():
        model_features(
            modelled.features(config, modelled.features_name(entry)),
            waveforms=tiny.root / tiny.layout.waveforms(split),
            output=output,
        )
    run = tmp_path / "run"
    train_model(
        modelled.training(config, "toy", "all", 20),
        corpus=tiny.identity,
        captions=tiny.captions("train"),
        val_captions=tiny.captions("val"),
        waveforms=tiny.root / tiny.layout.waveforms("train"),
        features=stores["train"],
        val_features=stores["val"],
        vocabulary=tiny.root / tiny.layout.vocabulary,
        word_pieces=tiny.root / tiny.layout.word_pieces,
        run=run,
    )
    assert read_record(run).settings["entry"]["audio"]["kind"] == "toy"
    assert len(pd.read_csv(run / "history.csv")) == 1
    caption_split(
        DecodingSettings(beams=2, max_words=5),
        run=run,
        log_mels=stores["val"],
        output=tmp_path / "captions.csv",
    )
    assert len(pd.read_csv(tmp_path / "captions.csv")) == 4


def test_every_family_and_encoder_is_on_the_page():
    for known in (registry.AUDIO_ENCODERS, *registry.FAMILIES.values()):
        for name in known.names:
            assert f"| `{name}` |" in PAGE


def test_every_checkpoint_of_the_config_is_on_the_page():
    for part in modelled.checkpoints(load(overrides={"scale": "paper"})).values():
        assert f"| `{part.checkpoint}` |" in PAGE
