"""Captioners of families: word by word as all at once, searched and averaged alike."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoTokenizer

from tests.tiny_models import CAPTIONERS, CAPTIONS, entry, making, waveforms
from workflow_src.augment.spectrogram import Stripes
from workflow_src.decoding import beam_search
from workflow_src.errors import InputError
from workflow_src.models.families import runs
from workflow_src.models.families.settings import PartSettings
from workflow_src.models.families.words import TokenizerWords


@pytest.fixture(params=CAPTIONERS, ids=lambda own: own[0] + "-" + own[2])
def model(request, tmp_path):
    own = entry("captioning", *request.param)
    return runs.make(making(tmp_path, own)).eval()


@pytest.fixture
def memory(model):
    with torch.no_grad():
        return model.encode(model.audio.front_end(waveforms(3)))


@torch.no_grad()
def test_word_by_word_is_all_at_once(model, memory):
    tokens = model.words.batch(CAPTIONS)
    padding = model.words.padding(tokens)
    state = model.start(memory)
    steps = [model.step(words, state) for words in tokens.T]
    whole = model.decode(memory, tokens, padding)
    own = ~padding
    torch.testing.assert_close(
        torch.stack(steps, dim=1)[own], whole[own], atol=1e-5, rtol=1e-4
    )


@torch.no_grad()
def test_rows_of_a_search_can_be_chosen(model, memory):
    tokens = model.words.batch(CAPTIONS)
    state, chosen = model.start(memory), model.start(memory)
    rows = torch.tensor([2, 0, 0])
    for position in range(2):
        model.step(tokens[:, position], state)
        model.step(tokens[:, position], chosen)
    chosen.select(rows)
    after = model.step(tokens[:, 2], state)
    torch.testing.assert_close(
        model.step(tokens[rows, 2], chosen), after[rows], atol=1e-5, rtol=1e-4
    )


def test_an_ensemble_of_one_memory_twice_says_what_it_says_alone(model, memory):
    options = {"sos": model.words.sos, "eos": model.words.eos, "max_words": 6}
    alone = beam_search(model.step, model.start(memory[:1]), [[1.0]], **options)
    twice = memory[[0, 0]]
    (both,) = beam_search(model.step, model.start(twice), [[0.5, 0.5]], **options)
    assert both.words == alone[0].words
    assert len(both.words) <= 6
    text = model.words.decode(both.words)
    assert isinstance(text, str)


def test_the_memory_has_no_more_positions_than_the_entry_allows(model, memory):
    assert memory.shape == (3, 8, 16)
    assert model.memory_positions(1000) == 8


def test_a_step_of_training_reaches_every_weight(model):
    model.train()
    tokens = model.words.batch(CAPTIONS)
    features = model.audio.front_end(waveforms(3))
    given = tokens[:, :-1]
    logits = model(features, given, model.words.padding(given))
    logits.square().mean().backward()
    unreached = [
        name
        for name, weights in model.named_parameters()
        if weights.requires_grad and weights.grad is None
    ]
    # wav2vec 2.0 replaces frames by it where its own masking is on.
    assert unreached in ([], ["encoder.audio.model.masked_spec_embed"])


def test_specaugment_changes_what_is_encoded(model):
    features = model.audio.front_end(waveforms(1))
    _, frames, bins = features.shape
    stripes = Stripes(
        torch.arange(frames)[None] < frames // 2, torch.zeros(1, bins).bool()
    )
    with torch.no_grad():
        plain, masked = model.encode(features), model.encode(features, stripes)
    assert not torch.allclose(plain, masked)


def test_a_waveform_has_stripes_in_time_alone(tmp_path):
    own = entry("captioning", "text_decoder", "wav2vec2", "gpt2")
    model = runs.make(making(tmp_path, own)).eval()
    features = model.audio.front_end(waveforms(1))
    _, rows, samples = features.shape
    in_frequency = Stripes(
        torch.zeros(1, rows).bool(), torch.arange(samples)[None] < samples // 2
    )
    with torch.no_grad():
        plain, masked = model.encode(features), model.encode(features, in_frequency)
    torch.testing.assert_close(plain, masked)


@pytest.mark.parametrize("one_end", [False, True])
def test_words_of_a_tokenizer(tmp_path, one_end):
    folder = making(tmp_path, entry("captioning", *CAPTIONERS[0])).word_pieces
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if one_end:  # as GPT-2's, which begins and ends with one token
        tokenizer.bos_token = tokenizer.eos_token = tokenizer.sep_token
    words = TokenizerWords(tokenizer)
    assert (words.sos == words.eos) == one_end
    tokens = words.batch(CAPTIONS)
    assert [words.decode(row[1:].tolist()) for row in tokens] == CAPTIONS
    lengths = [len(words.encode(caption)) for caption in CAPTIONS]
    for shift in (0, 1):  # what is given, and what is right
        padding = words.padding(tokens[:, shift:])
        assert (~padding).sum(1).tolist() == [length - shift for length in lengths]
    with pytest.raises(InputError, match=r"of 1\.wav has no words"):
        words.batch(["a dog", " "], ["0.wav", "1.wav"])


def test_parts_that_a_family_does_not_take_are_refused(tmp_path):
    wrong = {
        "has text of kind act": ("act_decoder", "ast", "bart"),
        "gpt3 is none of transformers": (
            "text_decoder",
            "ast",
            PartSettings("gpt3"),
        ),
        "colour is no key of": (
            "text_decoder",
            "ast",
            PartSettings("bart", sizes={"colour": 1}),
        ),
        "writes no text": ("text_decoder", "ast", PartSettings("vit")),
    }
    for said, (family, audio, text) in wrong.items():
        named = text if isinstance(text, str) else None
        own = entry("captioning", family, audio, named)
        if named is None:
            own = replace(own, text=text)
        with pytest.raises(InputError, match=said):
            runs.make(making(tmp_path, own))
