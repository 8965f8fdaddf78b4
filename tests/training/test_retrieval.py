"""The retriever's training as a step."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from tests.tiny_corpus import RETRIEVAL, RETRIEVER
from workflow_src.errors import InputError
from workflow_src.models.panns import ResNet38
from workflow_src.models.run_folder import read_record
from workflow_src.models.weights import load_weights, save_weights
from workflow_src.settings import plain
from workflow_src.training import retrieval
from workflow_src.training.retrieval import train_retriever


class Killed(Exception):
    """Stands for the signal that ends a job."""


def losses(folder):
    return pd.read_csv(folder / "history.csv")["loss"].tolist()


def test_a_killed_training_goes_on_bit_for_bit(tiny, tmp_path, monkeypatch, capsys):
    files = tiny.training("panns")
    train_retriever(RETRIEVAL, **files, run=tmp_path / "whole")
    with monkeypatch.context() as patched:
        loss, steps = retrieval.ntxent, iter([True, True, False])
        patched.setattr(
            retrieval, "ntxent", lambda *own: loss(*own) if next(steps) else kill()
        )
        with pytest.raises(Killed):
            train_retriever(RETRIEVAL, **files, run=tmp_path / "killed")
    capsys.readouterr()
    train_retriever(RETRIEVAL, **files, run=tmp_path / "killed")
    assert "resuming after epoch 0" in capsys.readouterr().err
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")
    ours, theirs = (
        load_weights(tmp_path / name / "model.pt")["model"]
        for name in ("whole", "killed")
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def kill():
    raise Killed


def test_the_folder_says_what_it_is(tiny, tmp_path):
    once = replace(RETRIEVAL.optimization, epochs=1)
    settings = replace(RETRIEVAL, optimization=once)
    train_retriever(settings, **tiny.training("panns"), run=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"settings.yaml", "model.pt", "history.csv", "text_encoder"}
    own = read_record(tmp_path)
    assert own.task == "retrieval"
    assert own.settings == plain(settings)
    read = {"captions", "val_captions", "waveforms", "log_mels", "val_log_mels"}
    assert set(own.inputs) == read | {"word_pieces"}


def test_an_encoder_of_ones_own_is_where_it_starts(tiny, tmp_path):
    torch.manual_seed(5)
    encoder = ResNet38(RETRIEVER.audio_width, RETRIEVER.audio_blocks)
    save_weights({"model": encoder.state_dict()}, tmp_path / "encoder.pt")
    made = retrieval.initialised(
        replace(RETRIEVAL, encoder="own"),
        tiny.training("panns")["word_pieces"],
        tmp_path / "encoder.pt",
        trust_pickle=False,
    )
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(made.audio_encoder.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("settings", "files", "said"),
    [
        ({"encoder": "own"}, {}, "encoder is own, .* --encoder"),
        ({}, {"word_pieces": None}, "text_encoder is null, .* --word-pieces"),
    ],
)
def test_a_file_that_is_asked_for_and_not_given_is_an_error(
    tiny, tmp_path, settings, files, said
):
    with pytest.raises(InputError, match=said):
        train_retriever(
            replace(RETRIEVAL, **settings),
            **(tiny.training("panns") | files),
            run=tmp_path,
        )
