"""Likelihoods of captions with clips: those of one pair at a time, in any batches."""

import numpy as np
import pytest
import torch

from tests.tiny_models import CAPTIONERS, CAPTIONS, entry, making, waveforms
from workflow_src.audio.store import LogMelStore, write_log_mels, write_waveforms
from workflow_src.corpus.text import Vocabulary
from workflow_src.evaluation import likelihood
from workflow_src.models.families import runs

CPU = torch.device("cpu")


@pytest.fixture(params=CAPTIONERS, ids=lambda own: own[2])
def heard(request, tmp_path):
    """A captioner, and four clips as it hears them."""
    model = runs.make(making(tmp_path, entry("captioning", *request.param))).eval()
    clips = (waveforms(4) * 32767).short().numpy()
    names = [f"{row}.wav" for row in range(4)]
    write_waveforms(tmp_path / "waveforms", names, list(clips), clips.shape[1])
    front_end = model.audio.front_end
    write_log_mels(tmp_path / "waveforms", front_end, tmp_path / "features")
    return model, LogMelStore(tmp_path / "features")


@torch.no_grad()
def one_by_one(model, memory, caption):
    """Mean log-probability of a caption's words and of its end."""
    tokens = model.words.batch([caption])
    logits = model.decode(memory, tokens[:, :-1])
    own = logits.log_softmax(-1).gather(-1, tokens[:, 1:, None])
    return own.mean().item()


def test_each_pair_has_the_likelihood_that_it_has_alone(heard, monkeypatch):
    model, clips = heard
    texts = [*CAPTIONS, CAPTIONS[0]]
    given, prior = likelihood.likelihoods(model, clips, texts, model.words, CPU)
    assert given.shape == (4, 4)
    with torch.no_grad():
        features = torch.from_numpy(clips.read(np.arange(4))).float()
        memories = model.encode(features)
    wanted = [
        [one_by_one(model, memory[None], text) for memory in memories] for text in texts
    ]
    np.testing.assert_allclose(given, wanted, atol=1e-4)
    mean = memories.mean(dim=0, keepdim=True)
    np.testing.assert_allclose(
        prior, [one_by_one(model, mean, text) for text in texts], atol=1e-4
    )
    # However few captions are scored at once.
    monkeypatch.setattr(likelihood, "BUDGET", 1)
    few, _ = likelihood.likelihoods(model, clips, texts, model.words, CPU)
    np.testing.assert_allclose(few, given, atol=1e-5)


def test_words_that_a_captioner_does_not_have_are_left_out(heard):
    model, clips = heard
    texts = ["a dog barks", "a dog xylophone barks", "xylophone"]
    given, prior = likelihood.likelihoods(model, clips, texts, model.words, CPU)
    if isinstance(model.words, Vocabulary):
        np.testing.assert_array_equal(given[0], given[1])
        assert np.isneginf(given[2]).all()
        assert prior[2] == 0
    else:  # a tokenizer has pieces for everything
        assert np.isfinite(given).all()
