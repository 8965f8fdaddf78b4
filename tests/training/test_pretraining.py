"""Pre-training by tagging: its heads, and the step."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from tests.tiny_corpus import ACT, FRONT_ENDS, RETRIEVER
from workflow_src import config
from workflow_src.audio.settings import AudioForm
from workflow_src.config import steps
from workflow_src.errors import InputError
from workflow_src.models.run_folder import read_record
from workflow_src.models.weights import load_weights
from workflow_src.training.pretraining import make_tagger, pretrain
from workflow_src.training.settings import PretrainingOptimization, PretrainingSettings


@pytest.fixture
def smoke():
    return config.load(overrides={"scale": "smoke"})


@pytest.mark.parametrize("front_end", ["act", "panns"])
def test_a_score_for_each_tag(smoke, front_end):
    tagger = make_tagger(steps.pretraining(smoke, front_end), 40)
    assert tagger(torch.randn(2, 64, 64)).shape == (2, 40)


def test_too_few_tag_classes_in_one_sentence(smoke):
    settings = steps.pretraining(smoke, "act")
    settings = replace(settings, act=replace(settings.act, tag_classes=39))
    with pytest.raises(InputError, match=r"tag_classes is 39, but .* 40 tags"):
        make_tagger(settings, 40)


def test_settings_without_an_encoder():
    settings = PretrainingSettings(
        FRONT_ENDS["act"], AudioForm(), PretrainingOptimization()
    )
    with pytest.raises(InputError, match="no sizes of an encoder"):
        make_tagger(settings, 2)


@pytest.mark.parametrize("name", ["act", "panns"])
def test_the_step_leaves_an_encoder_that_a_training_can_start_from(
    tiny, tmp_path, name
):
    settings = PretrainingSettings(
        front_end=FRONT_ENDS[name],
        audio=AudioForm(),
        optimization=PretrainingOptimization(epochs=2, batch_size=4),
        act=ACT if name == "act" else None,
        retriever=RETRIEVER if name == "panns" else None,
    )
    pretrain(
        settings,
        corpus=tiny.identity,
        log_mels=tiny.log_mels(name, "tagged"),
        tags=tiny.tags("tagged"),
        val_log_mels=tiny.log_mels(name, "val"),
        val_tags=tiny.tags("val"),
        run=tmp_path,
    )
    record = read_record(tmp_path)
    assert record.task == "pretraining"
    assert set(record.inputs) == {"log_mels", "tags", "val_log_mels", "val_tags"}
    assert len(pd.read_csv(tmp_path / "history.csv")) == 2
    encoder = load_weights(tmp_path / "encoder.pt")["model"]
    tagger = load_weights(tmp_path / "model.pt")["model"]
    for key, tensor in encoder.items():
        assert torch.equal(tagger[f"encoder.{key}"], tensor)
