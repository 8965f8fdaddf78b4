"""The searches on ACT: the published captions, and random weights."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from stand_in_decoder import plain_beam, plain_best_first

from workflow_src.decoding import beam_search
from workflow_src.models.act import ACT, ActConfig, label_smoothing_loss

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
# The published greedy and best-first searches (2, 3 and 5 candidates) all find
# these words for the six spectrograms of the golden file.
PUBLISHED = [
    (2, 5, 9, 11, 15, 4, 6),
    (10, 13, 17, 20, 22, 12, 14),
    (18, 22, 24, 28, 30, 19),
    (27, 29, 32, 35, 38),
    (35, 38, 40, 43, 46, 36),
    (44, 45, 48, 51, 55, 43),
]
needs_golden = pytest.mark.skipif(not GOLDEN.exists(), reason="no shared files")


@pytest.fixture(scope="module")
def golden():
    model = ACT.from_upstream(GOLDEN / "act_small_upstream.pth").eval()
    log_mels = torch.from_numpy(np.load(GOLDEN / "act_small.npz")["logmel"])
    with torch.no_grad():
        return model, model.encode(log_mels)


def search(model, memories, weights=None, **options):
    return beam_search(
        model.step,
        model.start(memories),
        weights or [[1.0]] * len(memories),
        sos=0,
        eos=1,
        **options,
    )


@needs_golden
@pytest.mark.parametrize("beams", [1, 2, 3, 5])
def test_published_captions(golden, beams):
    published = search(*golden, beams=beams, order="best_first")
    assert [result.words for result in published] == PUBLISHED
    arrays = np.load(GOLDEN / "act_small_search.npz")
    theirs = arrays["greedy" if beams == 1 else f"beam{beams}"]
    for row, words in zip(theirs, PUBLISHED, strict=True):
        assert row.tolist() == [0, *words] + [1] * (len(row) - 1 - len(words))
    standard = search(*golden, beams=beams)
    if beams == 1:
        assert [result.words for result in standard] == PUBLISHED
    for ours, other in zip(standard, published, strict=True):
        assert ours.score > other.score - 1e-5


TINY = ActConfig(60, 16, 1, 2, 16, 5, 16, 2, 2, 32, dropout=0.0)
WEIGHTS = [[1.0], [0.5, 0.5], [0.2, 0.5, 0.3]]


def random_act(seed):
    torch.manual_seed(seed)
    model = ACT(TINY).eval()
    with torch.no_grad():
        # A spread of logits as of a trained model, and captions that end.
        model.output.weight.normal_(std=0.6)
        model.output.bias[1] += 2
    return model, 3 * torch.randn(6, 11, 16).relu()


@pytest.fixture(scope="module")
def trained():
    """A decoder that has learned the published captions for six memories."""
    torch.manual_seed(0)
    model, memories = ACT(TINY), torch.randn(6, 11, 16).relu()
    tokens = torch.tensor([[0, *words] + [1] * (8 - len(words)) for words in PUBLISHED])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        logits = model.decode(memories, tokens[:, :-1])
        loss = label_smoothing_loss(logits, tokens[:, 1:], 0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval(), memories


@pytest.mark.parametrize("order", ["beam", "best_first"])
@pytest.mark.parametrize("beams", [1, 3])
def test_learned_captions(trained, order, beams):
    results = search(*trained, beams=beams, order=order)
    assert [result.words for result in results] == PUBLISHED


@pytest.mark.parametrize("order", ["beam", "best_first"])
def test_trained_weights_equal_the_uncached_search(trained, order):
    # Different clips as one ensemble: distributions that disagree.
    check(*trained, order, beams=3, max_words=8)


@needs_golden
@pytest.mark.parametrize("order", ["beam", "best_first"])
def test_published_weights_equal_the_uncached_search(golden, order):
    check(*golden, order, beams=3, max_words=8)


@pytest.mark.parametrize("order", ["beam", "best_first"])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_weights_equal_the_uncached_search(order, seed):
    check(*random_act(seed), order, beams=3, max_words=4)


def check(model, memories, order, **options):
    reference = {"beam": plain_beam, "best_first": plain_best_first}[order]
    results = search(model, memories, WEIGHTS, order=order, **options)
    clips = memories.split([len(clip) for clip in WEIGHTS])
    with torch.no_grad():
        for result, own, clip in zip(results, clips, WEIGHTS, strict=True):
            score, words = reference(model, own, clip, *options.values())
            assert result.words == words
            assert result.score == pytest.approx(score, rel=1e-4)


# The search on a GPU against that on the CPU: both are needed.
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("order", ["beam", "best_first"])
def test_a_gpu_finds_the_same_captions(trained, order):
    model, memories = trained
    expected = search(model, memories, WEIGHTS, order=order)
    found = search(deepcopy(model).cuda(), memories.cuda(), WEIGHTS, order=order)
    assert [result.words for result in found] == [r.words for r in expected]
