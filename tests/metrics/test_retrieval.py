import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.errors import InputError
from workflow_src.metrics import retrieval

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden"
DATA = Path(__file__).parent / "data"


def five_each(clips=4, width=8, noise=0.1, seed=0):
    draws = np.random.default_rng(seed)
    audio = draws.normal(size=(clips, width))
    captions = np.repeat(audio, 5, axis=0)
    return audio, captions + noise * draws.normal(size=captions.shape)


def slow_ranks(audio, captions, owners):
    """The definition in two loops, ties by position."""
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (audio, captions)]
    similarity = (unit[1] @ unit[0].T).astype(np.float32)
    by_caption = [
        np.argsort(-row, kind="stable").tolist().index(owner)
        for row, owner in zip(similarity, owners, strict=True)
    ]
    by_clip = [
        min(np.flatnonzero(owners[np.argsort(-column, kind="stable")] == clip))
        for clip, column in enumerate(similarity.T)
    ]
    return by_caption, by_clip


def test_equals_the_published_evaluation():
    data = np.load(DATA / "retrieval.npz")
    expected = json.loads(str(data["expected"]))
    found = retrieval.evaluate(data["audio"], data["captions"])
    for direction in ("t2a", "a2t"):
        assert list(found[direction]) == expected["columns"]
        np.testing.assert_allclose(
            list(found[direction].values()), expected[direction], rtol=1e-12
        )


@pytest.mark.skipif(not GOLDEN.exists(), reason="no shared folder")
def test_equals_the_published_evaluation_as_shared():
    data = np.load(GOLDEN / "retrieval.npz")
    expected = json.loads((GOLDEN / "retrieval.json").read_text())["metrics"]
    found = retrieval.evaluate(data["audio"], data["captions"])
    for direction in ("t2a", "a2t"):
        np.testing.assert_allclose(
            list(found[direction].values()), expected[direction], rtol=1e-12
        )


@given(
    st.integers(1, 6),
    st.lists(st.integers(0, 5), min_size=0, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_ranks_follow_the_definition_ties_included(clips, more, seed):
    draws = np.random.default_rng(seed)
    owners = np.array([*range(clips), *(owner % clips for owner in more)])
    draws.shuffle(owners)
    # Few different vectors, so that many similarities are equal.
    audio = draws.choice([-1.0, 1.0], size=(clips, 2))
    captions = draws.choice([-1.0, 1.0], size=(len(owners), 2))
    found = retrieval.ranks(audio, captions, owners)
    by_caption, by_clip = slow_ranks(audio, captions, owners)
    assert found["t2a"].tolist() == by_caption
    assert found["a2t"].tolist() == by_clip


def test_equal_vectors_have_the_recall_of_chance():
    found = retrieval.evaluate(np.ones((100, 16)), np.ones((500, 16)))
    assert found["t2a"]["R@1"] == 1.0
    assert found["a2t"]["R@1"] == 1.0
    assert found["t2a"]["meanR"] == 50.5


def test_equal_captions_tie_wherever_they_stand():
    # Identical rows at odd places of a large product: the ranks must not depend
    # on how a block of the product was rounded.
    audio, captions = five_each(clips=67, width=513, noise=3.0)
    captions[101] = captions[7]
    captions[333] = captions[7]
    found = retrieval.ranks(audio, captions)
    reversed_ranks = retrieval.ranks(
        audio, captions[::-1], np.repeat(np.arange(67), 5)[::-1]
    )
    np.testing.assert_array_equal(found["t2a"], reversed_ranks["t2a"][::-1])


def test_tensors_and_arrays_give_the_same():
    audio, captions = five_each()
    arrays = retrieval.evaluate(audio, captions)
    tensors = retrieval.evaluate(
        torch.tensor(audio, requires_grad=True), torch.tensor(captions)
    )
    assert arrays == tensors


def whole_matrix_ranks(audio, captions, owners):
    """The ranks from one matrix of all similarities, as they were computed before."""
    unit = [
        np.asarray(x, np.float64) / np.linalg.norm(x, axis=1, keepdims=True)
        for x in (audio, captions)
    ]
    similarity = (unit[1] @ unit[0].T).astype(np.float32)

    def ranks_of(rows, targets):
        own = rows[np.arange(len(targets)), targets][:, None]
        before = np.arange(rows.shape[1]) < targets[:, None]
        return ((rows > own) | ((rows == own) & before)).sum(axis=1)

    own = similarity[np.arange(len(owners)), owners]
    order = np.lexsort((np.arange(len(owners)), -own, owners))
    best = order[np.searchsorted(owners[order], np.arange(len(audio)))]
    return ranks_of(similarity, owners), ranks_of(similarity.T, best)


@given(
    st.integers(2, 30),
    st.integers(0, 80),
    st.sampled_from([2, 3, 64]),
    st.integers(60, 400),
    st.sampled_from([0, 2**20]),
    st.integers(0, 2**32 - 1),
)
def test_ranks_in_blocks_are_those_of_the_whole_matrix(
    clips, more, width, block, kept, seed
):
    draws = np.random.default_rng(seed)
    owners = np.concatenate([np.arange(clips), draws.integers(clips, size=more)])
    draws.shuffle(owners)
    # Few different vectors make ties and duplicates; wide ones are like embeddings.
    vectors = draws.normal(size=(6 if width < 64 else 40, width))
    audio = draws.choice(vectors, size=clips).astype(np.float32)
    captions = draws.choice(vectors, size=len(owners)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "BLOCK", block)
        patch.setattr(retrieval, "KEPT", kept)
        found = retrieval.ranks(audio, captions, owners)
    by_caption, by_clip = whole_matrix_ranks(audio, captions, owners)
    np.testing.assert_array_equal(found["t2a"], by_caption)
    np.testing.assert_array_equal(found["a2t"], by_clip)


PEAK = """
import resource, sys
import numpy as np
from workflow_src.metrics import retrieval

draws = np.random.default_rng(0)
audio = draws.normal(size=(20_000, 8)).astype(np.float32)
captions = np.repeat(audio, 5, axis=0)
captions += draws.normal(scale=0.1, size=captions.shape).astype(np.float32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = retrieval.evaluate(audio, captions)
assert found["t2a"]["R@50"] > 50 and found["a2t"]["R@50"] > 50
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_twenty_thousand_clips_fit_in_the_memory_of_a_laptop():
    """The whole similarity matrix alone would take 16 GB in float64."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PEAK], cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1_000_000  # KiB


def test_full_size_takes_less_than_a_second():
    audio, captions = five_each(clips=975, width=1024, noise=9.0)
    start = time.process_time()  # other programs may take their part of the clock
    retrieval.evaluate(audio.astype(np.float32), captions.astype(np.float32))
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, c: (a, c[:-1], None), "19 captions for 4 clips"),
        (lambda a, c: (a, c[:, :-1], None), "8 dimensions"),
        (lambda a, c: (a[0], c, None), "audio: embeddings have shape"),
        (lambda a, c: (a * 0, c, None), "audio: the embedding in row 0"),
        (lambda a, c: (a, c * np.nan, None), "captions: the embedding in row 0"),
        (lambda a, c: (a, c, np.zeros(20, int)), "clip 1 has no caption"),
        (lambda a, c: (a, c, np.full(20, 4)), "not within 0 to 3"),
        (lambda a, c: (a, c, np.zeros(3, int)), "not 20 whole numbers"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(InputError, match=message):
        retrieval.evaluate(*change(*five_each()))


def test_scores_are_ranked_as_the_cosines_that_they_are():
    audio, captions = five_each(clips=6, noise=2.0)
    owners = np.repeat(np.arange(6), 5)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (audio, captions)]
    ours = retrieval.ranks_of_scores(unit[1] @ unit[0].T, owners)
    theirs = retrieval.ranks(audio, captions, owners)
    for direction in ("t2a", "a2t"):
        np.testing.assert_array_equal(ours[direction], theirs[direction])


def test_scores_that_are_no_numbers_are_refused():
    scores = np.zeros((5, 1))
    scores[3, 0] = np.nan
    with pytest.raises(InputError, match="are not numbers"):
        retrieval.ranks_of_scores(scores)
    with pytest.raises(InputError, match="not five a clip"):
        retrieval.ranks_of_scores(np.zeros((4, 1)))
