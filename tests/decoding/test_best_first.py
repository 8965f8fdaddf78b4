import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_decoder import EOS, SOS, StandIn, ensembles, plain_best_first

from workflow_src.decoding import beam_search, best_first

few = settings(max_examples=20, deadline=None, derandomize=True)


def search(model, memories, weights, **options):
    options = {"sos": SOS, "eos": EOS, "order": "best_first", **options}
    return beam_search(model.step, model.start(memories), weights, **options)


@few
@given(
    seed=st.integers(0, 10_000),
    weights=st.integers(1, 5).flatmap(lambda clips: ensembles(clips)),
    beams=st.integers(1, 4),
    max_words=st.integers(1, 6),
    sharpness=st.sampled_from([1.0, 3.0]),
)
def test_equals_the_uncached_search_of_one_clip(
    seed, weights, beams, max_words, sharpness
):
    model = StandIn(seed, words=8, sharpness=sharpness)
    memories = model.memories(sum(map(len, weights)), seed)
    found = search(model, memories, weights, beams=beams, max_words=max_words)
    clip_memories = memories.split([len(clip) for clip in weights])
    for result, own, clip in zip(found, clip_memories, weights, strict=True):
        score, words = plain_best_first(model, own, clip, beams, max_words)
        assert result.score == pytest.approx(score, rel=1e-4)
        assert result.words == words


def test_gives_up_when_the_queue_is_full(monkeypatch):
    monkeypatch.setattr(best_first, "QUEUE_LIMIT", 6)
    model = StandIn(7, sharpness=0.3)
    memories = model.memories(3, 7)
    results = search(model, memories, [[1.0]] * 3, max_words=50)
    for memory, result in zip(memories.split(1), results, strict=True):
        score, words = plain_best_first(model, memory, [1.0], 3, 50, limit=6)
        assert result.words == words
        assert result.score == pytest.approx(score, rel=1e-4)
        assert len(words) < 50


def test_clips_share_calls_of_the_decoder():
    model = StandIn(0, sharpness=3.0, ending=6.0)
    memories = model.memories(20, 1)
    search(model, memories, [[1.0]] * 20)
    together = list(model.steps)
    model.steps.clear()
    for memory in memories.split(1):
        search(model, memory, [[1.0]])
    assert sum(together) == len(model.steps)  # not one evaluation more
    assert len(together) < len(model.steps) / 3
