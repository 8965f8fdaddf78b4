import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.errors import InputError
from workflow_src.metrics import retrieval
from workflow_src.metrics.uncertainty import over_seeds, paired_difference


def test_over_seeds_is_mean_and_sample_deviation():
    mean, deviation = over_seeds([1.0, 2.0, 3.0, 4.0])
    assert mean == 2.5
    assert deviation == pytest.approx(np.sqrt(5 / 3))


def test_one_seed_has_no_deviation():
    assert over_seeds([0.4]) == (0.4, None)


def test_interval_agrees_with_the_normal_one_on_many_clips():
    draws = np.random.default_rng(0)
    baseline = draws.normal(size=2000)
    system = baseline + draws.normal(0.05, 0.5, size=2000)
    found = paired_difference(system, baseline)
    change = system - baseline
    half = 1.96 * change.std(ddof=1) / np.sqrt(2000)
    assert found.difference == pytest.approx(change.mean())
    assert found.low == pytest.approx(change.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(change.mean() + half, abs=0.1 * half)


def test_pairing_makes_the_interval_narrow():
    baseline = np.random.default_rng(0).normal(size=300)
    found = paired_difference(baseline + 0.01, baseline)
    assert found.low == pytest.approx(0.01)
    assert found.high == pytest.approx(0.01)
    assert found.excludes_zero


def test_same_system_does_not_differ():
    scores = np.random.default_rng(0).random(50)
    found = paired_difference(scores, scores)
    assert (found.difference, found.low, found.high) == (0, 0, 0)
    assert not found.excludes_zero


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(retrieval.STATISTICS)))
def test_any_statistic_of_ranks_lies_in_its_interval(seed, name):
    draws = np.random.default_rng(seed)
    system, baseline = draws.integers(0, 60, size=(2, 40, 5))
    statistic = retrieval.STATISTICS[name]
    found = paired_difference(system, baseline, statistic, resamples=500)
    assert found.difference == statistic(system) - statistic(baseline)
    assert found.low <= found.high
    # A clip that decides everything may pull the interval to one side, but a
    # percentile interval of 95 % holds the estimate on data like these.
    assert found.low <= found.difference <= found.high


def test_captions_of_a_clip_are_drawn_together():
    # Five equal captions a clip tell no more than one.
    draws = np.random.default_rng(0)
    system, baseline = draws.random((2, 100))
    one = paired_difference(system, baseline, seed=3)
    five = paired_difference(
        np.repeat(system[:, None], 5, 1), np.repeat(baseline[:, None], 5, 1), seed=3
    )
    assert five.low == pytest.approx(one.low)
    assert five.high == pytest.approx(one.high)


def test_equal_seeds_give_equal_intervals():
    system, baseline = np.random.default_rng(0).random((2, 60))
    first, second, other = (
        paired_difference(system, baseline, seed=seed) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize(
    ("system", "baseline", "message"),
    [
        ([1, 2, 3], [1, 2], "same clips"),
        ([1], [1], "two clips"),
        ([1, np.nan], [1, 2], "finite"),
    ],
)
def test_bad_scores_are_named(system, baseline, message):
    with pytest.raises(InputError, match=message):
        paired_difference(system, baseline)


def test_bad_seed_scores_are_named():
    with pytest.raises(InputError, match="finite"):
        over_seeds([])
