from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.augment.mixing import Mixing
from workflow_src.errors import InputError
from workflow_src.training.plan import Schedule


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 24),
    ratio=st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.6, 1.0]),
    n=st.integers(2, 3),
    spare=st.integers(0, 60),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_batch_never_repeats_a_pair(batch, ratio, n, spare, seed):
    pairmix = Mixing(ratio=ratio, n=n)
    pairs = batch + (n - 1) * pairmix.generated(batch) + spare
    schedule = Schedule(pairs, batch, seed, pairmix)
    generated = round(ratio * batch)
    for epoch in range(3):
        steps = list(schedule.epoch(epoch))
        assert [step for step, _ in steps] == list(range(-(-pairs // batch)))
        for _, plan in steps:
            assert len(plan.ordinary) == batch - generated
            assert plan.extra.shape == (generated, n)
            assert len(plan.rows) == len(set(plan.rows.tolist()))
            assert set(plan.rows.tolist()) <= set(range(pairs))


def test_the_stream_takes_every_pair_once_a_pass():
    schedule = Schedule(100, 8, 1, Mixing(ratio=0.25))
    rows = [
        row
        for epoch in range(20)
        for _, plan in schedule.epoch(epoch)
        for row in plan.ordinary
    ]
    for start in range(0, len(rows) - 99, 100):
        assert sorted(rows[start : start + 100]) == list(range(100))
    assert rows[:100] != rows[100:200]


def test_every_recipe_has_the_same_number_of_updates():
    steps = {
        Schedule(49_274, 32, 20, pairmix).steps
        for pairmix in (None, Mixing(ratio=0.125), Mixing(ratio=0.6))
    }
    assert steps == {1540}


def test_extra_pairs_are_uniform_outside_the_batch():
    schedule = Schedule(20, 4, 3, Mixing(ratio=0.5))
    ordinary = np.array([7, 0])
    counts = Counter(
        int(row)
        for step in range(2000)
        for row in schedule._extra_rows(ordinary, 0, step).ravel()
    )
    assert set(counts) == set(range(20)) - {0, 7}
    assert all(abs(count * 18 / 8000 - 1) < 0.15 for count in counts.values())


def test_a_pure_function_of_seed_epoch_and_step():
    pairmix = Mixing()
    whole = dict(Schedule(50, 8, 5, pairmix).epoch(3))
    resumed = dict(Schedule(50, 8, 5, pairmix).epoch(3, start=4))
    assert list(resumed) == [4, 5, 6]
    for step, plan in resumed.items():
        assert np.array_equal(plan.rows, whole[step].rows)
    other = dict(Schedule(50, 8, 6, pairmix).epoch(3))
    assert any(not np.array_equal(whole[i].rows, other[i].rows) for i in range(7))


def test_too_small_a_corpus():
    with pytest.raises(InputError, match=r"needs 40 different pairs .* corpus has 39"):
        Schedule(39, 32, 0, Mixing(ratio=0.25))
    with pytest.raises(InputError, match="batch_size is at least 1"):
        Schedule(39, 0, 0)
