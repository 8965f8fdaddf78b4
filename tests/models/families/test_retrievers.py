"""Retrievers of families: two towers, and what is averaged between them."""

import pytest
import torch

from tests.tiny_models import CAPTIONS, RETRIEVERS, entry, making, waveforms
from workflow_src.augment.spectrogram import Stripes
from workflow_src.errors import InputError
from workflow_src.models.families import runs
from workflow_src.models.retrieval import ntxent


@pytest.fixture(params=RETRIEVERS, ids=lambda own: f"{own[0]}-{own[1]}")
def model(request, tmp_path):
    own = entry("retrieval", *request.param)
    return runs.make(making(tmp_path, own)).eval()


@torch.no_grad()
def test_both_towers_end_in_one_space_at_unit_length(model):
    features = model.audio.front_end(waveforms(3))
    audio, text = model.embed_audio(features), model.embed_text(CAPTIONS)
    assert audio.shape == text.shape == (3, 16)
    for embedded in (audio, text):
        torch.testing.assert_close(embedded.norm(dim=1), torch.ones(3))
    # A caption is the same beside longer ones.
    alone = model.embed_text(CAPTIONS[1:2])
    torch.testing.assert_close(alone[0], text[1], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_stage_in_the_middle_is_the_pooled_vector(model):
    features = model.audio.front_end(waveforms(2))
    middle = model.audio_encoder(features, stop="pool")
    assert middle.shape == (2, model.audio.width)
    rest = model.audio_head(model.audio_encoder(middle, start="pool"))
    torch.testing.assert_close(rest, model.embed_audio(features))
    with pytest.raises(ValueError, match="the only stage is pool, not conv2"):
        model.audio_encoder(features, stop="conv2")


def test_a_loss_reaches_both_towers(model):
    model.train()
    features = model.audio.front_end(waveforms(3))
    ntxent(model.embed_audio(features), model.embed_text(CAPTIONS)).backward()
    for tower in (model.audio_encoder, model.text_encoder):
        assert any(weights.grad is not None for weights in tower.parameters())


@torch.no_grad()
def test_claps_stripes_are_zeros_after_the_normalisation(tmp_path):
    model = runs.make(making(tmp_path, entry("retrieval", "clap", "clap", None))).eval()
    features = model.audio.front_end(waveforms(2))
    _, frames, bins = features.shape
    in_time = torch.arange(frames)[None].expand(2, -1) < 100
    in_frequency = torch.arange(bins)[None].expand(2, -1) >= 60
    stripes = Stripes(in_time, in_frequency)
    seen = []
    htsat = model.audio.model.audio_encoder
    image = htsat.reshape_mel2img

    def look(normalised):
        seen.append(normalised[:, 0])
        return image(normalised)

    htsat.reshape_mel2img = look
    masked = model.embed_audio(features, stripes)
    plain = model.embed_audio(features)
    torch.testing.assert_close(seen[0], stripes(seen[1]))
    assert not torch.allclose(masked, plain)


def test_parts_that_a_family_does_not_take_are_refused(tmp_path):
    for family, audio, text, said in (
        ("clap", "ast", None, "has audio of kind clap"),
        ("clap", "clap", "bert", "and no text part"),
        ("frames", "ast", None, "has no text part"),
    ):
        with pytest.raises(InputError, match=said):
            runs.make(making(tmp_path, entry("retrieval", family, audio, text)))
