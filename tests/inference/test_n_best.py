"""Several captions a clip: the first is the beam search's, the others follow."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decoding.stand_in_decoder import EOS, SOS, StandIn, ensembles, next_word
from workflow_src.decoding import beam_search
from workflow_src.errors import InputError
from workflow_src.inference.n_best import n_best


def plain_n_best(model, memories, weights, count, beams, max_words):
    """Beam search until every hypothesis has ended: no early stop."""
    alive, finished = [(0.0, ())], []
    for length in range(1, max_words + 2):
        extensions = []
        for total, prefix in alive:
            log_probabilities = next_word(model, memories, weights, prefix)
            words = [EOS] if length > max_words else range(len(log_probabilities))
            extensions += [
                (total + log_probabilities[word].item(), (*prefix, word))
                for word in words
            ]
        best = sorted(extensions, reverse=True)[: beams - len(finished)]
        finished += [(s / length, words[:-1]) for s, words in best if words[-1] == EOS]
        alive = [(s, words) for s, words in best if words[-1] != EOS]
    return sorted(finished, reverse=True)[:count]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_it_finds_what_a_plain_search_finds(data):
    clips = data.draw(st.integers(1, 3))
    weights = data.draw(ensembles(clips))
    beams = data.draw(st.integers(1, 4))
    count = data.draw(st.integers(1, beams))
    max_words = data.draw(st.integers(1, 5))
    seed = data.draw(st.integers(0, 1000))
    model = StandIn(seed, ending=data.draw(st.floats(-2, 4)))
    memories = model.memories(sum(map(len, weights)), seed + 1)
    options = {"sos": SOS, "eos": EOS, "beams": beams, "max_words": max_words}
    found = n_best(model.step, model.start(memories), weights, count=count, **options)
    firsts = beam_search(model.step, model.start(memories), weights, **options)
    start = 0
    for own, hypotheses, first in zip(weights, found, firsts, strict=True):
        part = memories[start : start + len(own)]
        start += len(own)
        plain = plain_n_best(model, part, own, count, beams, max_words)
        assert [one.words for one in hypotheses] == [words for _, words in plain]
        assert [one.score for one in hypotheses] == pytest.approx(
            [score for score, _ in plain], abs=1e-4
        )
        assert hypotheses[0].words == first.words
        assert hypotheses[0].score == pytest.approx(first.score, abs=1e-5)


def test_no_more_captions_than_beams():
    model = StandIn(1)
    state = model.start(model.memories(1, 2))
    with pytest.raises(InputError, match="a beam search of 3 finds 1 to 3 captions"):
        n_best(model.step, state, [[1.0]], sos=SOS, eos=EOS, count=4, beams=3)


def test_distributions_that_are_not_finite_are_an_error():
    def step(tokens, state):
        return torch.full((len(tokens), 12), torch.nan)

    model = StandIn(1)
    state = model.start(model.memories(1, 2))
    with pytest.raises(ValueError, match="not finite"):
        n_best(step, state, [[1.0]], sos=SOS, eos=EOS, count=1)


def test_no_clips_no_captions():
    model = StandIn(1)
    state = model.start(model.memories(0, 2))
    assert n_best(model.step, state, [], sos=SOS, eos=EOS, count=1) == []
