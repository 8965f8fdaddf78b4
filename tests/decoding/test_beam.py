import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_decoder import EOS, SOS, StandIn, ensembles, plain_beam

from workflow_src.decoding import beam_search
from workflow_src.decoding.beam import WORDS_BETWEEN_LOOKS

few = settings(max_examples=25, deadline=None, derandomize=True)


def search(model, memories, weights, **options):
    options = {"sos": SOS, "eos": EOS, **options}
    return beam_search(model.step, model.start(memories), weights, **options)


@few
@given(
    seed=st.integers(0, 10_000),
    weights=st.integers(1, 5).flatmap(lambda clips: ensembles(clips)),
    beams=st.integers(1, 5),
    max_words=st.integers(1, 9),
    sharpness=st.sampled_from([0.3, 1.0, 3.0]),
    ending=st.sampled_from([0.0, 2.0]),
)
def test_equals_the_uncached_search_of_one_clip(
    seed, weights, beams, max_words, sharpness, ending
):
    model = StandIn(seed, words=8, sharpness=sharpness, ending=ending)
    memories = model.memories(sum(map(len, weights)), seed)
    found = search(model, memories, weights, beams=beams, max_words=max_words)
    clip_memories = memories.split([len(clip) for clip in weights])
    for result, own, clip in zip(found, clip_memories, weights, strict=True):
        score, words = plain_beam(model, own, clip, beams, max_words)
        assert result.score == pytest.approx(score, rel=1e-5)
        assert result.words == words


@pytest.mark.parametrize("every", [2, 4, 100])
def test_clips_that_are_done_may_stay(every, monkeypatch):
    """As on a GPU, where they leave only now and then."""
    model = StandIn(1, sharpness=1.0, ending=2.0)
    weights = [[1.0], [0.5, 0.25, 0.25], [0.5, 0.5]] * 8
    memories = model.memories(sum(map(len, weights)), 1)
    expected = search(model, memories, weights)
    leaving = list(model.steps)
    model.steps.clear()
    monkeypatch.setitem(WORDS_BETWEEN_LOOKS, "cpu", every)
    assert search(model, memories, weights) == expected
    assert model.steps != leaving
    assert len({len(found.words) for found in expected}) > 3


def test_one_beam_is_greedy():
    model = StandIn(3)
    memories = model.memories(4, 3)
    for clip, result in enumerate(search(model, memories, [[1.0]] * 4, beams=1)):
        words = []
        while len(words) < 30:
            logits = model.decode(
                memories[clip : clip + 1], torch.tensor([[SOS, *words]])
            )
            if (word := int(logits[0, -1].argmax())) == EOS:
                break
            words.append(word)
        assert result.words == tuple(words)


def test_more_beams_than_words():
    model = StandIn(0, words=3)
    memories = model.memories(2, 0)
    for clip, result in enumerate(search(model, memories, [[1.0]] * 2, beams=50)):
        expected = plain_beam(model, memories[clip : clip + 1], [1.0], 50, 30)
        assert result.score == pytest.approx(expected[0], rel=1e-6)


def test_finished_clips_leave_the_batch():
    model = StandIn(1, sharpness=1.0, ending=2.0)
    memories = model.memories(12, 1)
    alone = []
    for memory in memories.split(1):
        model.steps.clear()
        search(model, memory, [[1.0]])
        alone.append(list(model.steps))
    assert len({len(steps) for steps in alone}) > 3  # they end at different steps
    model.steps.clear()
    search(model, memories, [[1.0]] * 12)
    together = [
        sum(steps[i] for steps in alone if i < len(steps))
        for i in range(max(map(len, alone)))
    ]
    assert model.steps == together


def test_half_the_weight_on_the_plain_view():
    """Equal views: the stabilised average is the plain prediction."""
    model = StandIn(5)
    memory = model.memories(1, 5)
    weights = [[0.5, 0.125, 0.125, 0.125, 0.125]]
    [stabilised] = search(model, memory.expand(5, -1), weights)
    [plain] = search(model, memory, [[1.0]])
    assert stabilised.words == plain.words
    assert stabilised.score == pytest.approx(plain.score, rel=1e-5)


def test_no_clips_no_captions():
    assert search(StandIn(0), torch.zeros(0, 6), []) == []


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([[1.0], [0.5, 0.4]], {}, "clip 1 of the batch: the weights"),
        ([[1.5, -0.5], [1.0]], {}, "clip 0 of the batch: the weights"),
        ([[1.0], [], [1.0]], {}, "clip 1 of the batch"),
        ([[1.0]] * 4, {}, "the state has 3 memories, the weights are for 4"),
        ([[1.0]] * 3, {"beams": 0}, "beams must be at least 1, not 0"),
        ([[1.0]] * 3, {"max_words": 0}, "max_words must be at least 1"),
        ([[1.0]] * 3, {"order": "random"}, "order must be one of beam, best_first"),
    ],
)
def test_bad_settings(weights, options, message):
    model = StandIn(0)
    with pytest.raises(ValueError, match=message):
        search(model, model.memories(3, 0), weights, **options)


@pytest.mark.parametrize("order", ["beam", "best_first"])
def test_distributions_that_are_not_finite(order):
    model = StandIn(0)
    memories = model.memories(2, 0)
    memories[1] = torch.nan
    with pytest.raises(ValueError, match="clip 1 of the batch: no caption could be"):
        search(model, memories, [[1.0]] * 2, order=order)
