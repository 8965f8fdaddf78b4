import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.errors import InputError
from workflow_src.metrics.corpus_scores import mean_of_clips
from workflow_src.metrics.uncertainty import (
    Difference,
    ResampledScore,
    draw_clips,
    holm,
    least_resamples,
    over_seeds,
    paired_difference,
)

RESAMPLES = 2000


def resample(*runs, seeds=None, resamples=RESAMPLES, seed=0):
    """Mean scores of runs, each given by the scores of its clips."""
    counts = draw_clips(len(runs[0]), resamples, seed)
    return ResampledScore(
        tuple(seeds or range(len(runs))),
        np.array([np.mean(run) for run in runs]),
        np.stack([mean_of_clips(np.asarray(run))(counts) for run in runs], axis=1),
    )


def difference(p):
    return Difference(0.0, 0.0, 0.0, p, "clips")


def test_over_seeds_is_mean_and_sample_deviation():
    mean, deviation = over_seeds([1.0, 2.0, 3.0, 4.0])
    assert mean == 2.5
    assert deviation == pytest.approx(np.sqrt(5 / 3))


def test_one_seed_has_no_deviation():
    assert over_seeds([0.4]) == (0.4, None)


def test_draws_have_as_many_clips_as_there_are():
    counts = draw_clips(30, 400, seed=1)
    assert counts.shape == (400, 30)
    assert (counts.sum(axis=1) == 30).all()
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.25)
    np.testing.assert_array_equal(counts, draw_clips(30, 400, seed=1))
    assert (counts != draw_clips(30, 400, seed=2)).any()


def test_interval_and_p_agree_with_the_normal_ones_on_many_clips():
    draws = np.random.default_rng(0)
    baseline = draws.normal(size=1000)
    system = baseline + draws.normal(0.03, 0.5, size=1000)
    found = paired_difference(resample(system), resample(baseline), decimals=9)
    change = system - baseline
    error = change.std(ddof=1) / np.sqrt(1000)
    assert found.resampled == "clips"
    assert found.difference == pytest.approx(change.mean(), abs=1e-8)
    assert found.low == pytest.approx(change.mean() - 1.96 * error, abs=0.2 * error)
    assert found.high == pytest.approx(change.mean() + 1.96 * error, abs=0.2 * error)
    from scipy.stats import norm

    expected = 2 * norm.sf(abs(change.mean()) / error)
    assert found.p == pytest.approx(expected, abs=0.03)


def test_pairing_makes_the_interval_narrow():
    baseline = np.random.default_rng(0).normal(size=300)
    found = paired_difference(resample(baseline + 0.01), resample(baseline))
    assert found.low == pytest.approx(0.01)
    assert found.high == pytest.approx(0.01)
    assert found.excludes_zero


def test_p_is_never_zero_and_one_where_nothing_differs():
    scores = np.random.default_rng(0).random(50)
    far = paired_difference(resample(scores + 9), resample(scores))
    assert far.p == 2 / (1 + RESAMPLES)
    same = paired_difference(resample(scores), resample(scores))
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert not same.excludes_zero


def test_the_difference_is_that_of_the_printed_scores():
    # 13.524 and 10.125 are printed as 13.52 and 10.12 (ties to even): 3.40.
    system, baseline = resample([13.524] * 3), resample([10.1251] * 3)
    assert paired_difference(system, baseline).difference == 3.39


def test_several_seeds_are_drawn_with_the_clips():
    """The interval tells of another training too, and so is wider."""
    draws = np.random.default_rng(1)
    clips = draws.normal(size=200)
    shifts = [-0.9, 0.1, 0.2, 0.3, 1.3]
    runs = [clips + 0.3 + shift + draws.normal(0, 0.1, 200) for shift in shifts]
    baseline = resample(*[clips] * 5)
    found = paired_difference(resample(*runs), baseline)
    assert found.resampled == "seeds and clips"
    error = np.std(shifts, ddof=1) / np.sqrt(5)
    # Student's t with four degrees of freedom.
    assert found.high - found.low == pytest.approx(2 * 2.78 * error, rel=0.15)
    one = paired_difference(resample(runs[4]), resample(clips))
    assert one.resampled == "clips"
    assert one.high - one.low < 0.1


def test_equal_seeds_are_paired_in_any_order():
    draws = np.random.default_rng(2)
    by_seed = [draws.normal(shift, 0.1, 100) for shift in (0, 4, 8)]
    better = [scores + 0.5 for scores in by_seed]
    baseline = resample(*by_seed, seeds=[1, 2, 3])
    paired = paired_difference(resample(*reversed(better), seeds=[3, 2, 1]), baseline)
    assert (paired.low, paired.high) == pytest.approx((0.5, 0.5))
    # Of other seeds nothing is known in common: the seeds differ by far more.
    alone = paired_difference(resample(*better, seeds=[4, 5, 6]), baseline)
    assert alone.resampled == "seeds and clips"
    assert alone.low < -3
    assert alone.high > 3


def test_one_seed_against_several_says_clips():
    scores = np.random.default_rng(0).random((3, 40))
    found = paired_difference(resample(*scores), resample(scores[0], seeds=[0]))
    assert found.resampled == "clips"


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_hold_what_they_promise_with_few_seeds(seeds):
    """A method that is no better is called better in at most 5 % of the studies."""
    draws = np.random.default_rng(3)
    missed = 0
    for study in range(300):
        shifts = draws.normal(0, 1, size=(seeds, 1))
        scores = shifts + draws.normal(size=(seeds, 40))
        baseline = resample(*np.zeros((seeds, 40)), resamples=400)
        found = paired_difference(resample(*scores, resamples=400), baseline, study)
        missed += found.excludes_zero
    assert missed / 300 < 0.08


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=20))
def test_holm_follows_its_definition(ps):
    corrected = holm(dict(enumerate(map(difference, ps))))
    assert list(corrected) == list(range(len(ps)))
    order = np.argsort(ps, kind="stable")
    expected = np.maximum.accumulate(
        [min(1.0, (len(ps) - n) * ps[row]) for n, row in enumerate(order)]
    )
    found = [corrected[row].corrected_p for row in order]
    assert found == pytest.approx(list(expected))
    assert all(own.corrected_p >= own.p for own in corrected.values())
    # Bonferroni's correction is never the sharper one.
    assert all(
        own.corrected_p <= min(1.0, len(ps) * own.p) + 1e-12
        for own in corrected.values()
    )


def test_only_a_corrected_difference_is_marked():
    with pytest.raises(ValueError, match="only after Holm"):
        _ = difference(0.01).significant
    assert holm({"a": difference(0.01)})["a"].significant
    several = holm({n: difference(0.01) for n in range(10)})
    assert not several[0].significant
    assert holm({}) == {}


def test_so_many_resamples_can_mark_a_difference():
    family = 30
    for resamples, marked in ((least_resamples(family), True), (1000, False)):
        smallest = difference(2 / (1 + resamples))
        corrected = holm(dict.fromkeys(range(family), smallest))
        assert corrected[0].significant == marked


@pytest.mark.parametrize(("clips", "resamples"), [(1, 10), (0, 10), (5, 0)])
def test_too_few_clips_are_named(clips, resamples):
    with pytest.raises(InputError, match="needs two clips and a resample"):
        draw_clips(clips, resamples)


def test_bad_seed_scores_are_named():
    with pytest.raises(InputError, match="finite"):
        over_seeds([])
