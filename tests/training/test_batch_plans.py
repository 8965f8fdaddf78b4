from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.augment.mixing import Mixing
from workflow_src.errors import InputError
from workflow_src.training.batch_plans import BatchPlanner


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
    planner = BatchPlanner(pairs, batch, seed, pairmix)
    generated = round(ratio * batch)
    for epoch in range(3):
        plans = list(planner.epoch(epoch))
        assert len(plans) == -(-pairs // batch)
        for plan in plans:
            assert len(plan.ordinary) == batch - generated
            assert plan.extra.shape == (generated, n)
            assert len(plan.rows) == len(set(plan.rows.tolist()))
            assert set(plan.rows.tolist()) <= set(range(pairs))


def test_the_stream_takes_every_pair_once_a_pass():
    planner = BatchPlanner(100, 8, 1, Mixing(ratio=0.25))
    rows = [
        row
        for epoch in range(20)
        for plan in planner.epoch(epoch)
        for row in plan.ordinary
    ]
    for start in range(0, len(rows) - 99, 100):
        assert sorted(rows[start : start + 100]) == list(range(100))
    assert rows[:100] != rows[100:200]


def test_every_recipe_has_the_same_number_of_updates():
    steps = {
        BatchPlanner(49_274, 32, 20, pairmix).steps
        for pairmix in (None, Mixing(ratio=0.125), Mixing(ratio=0.6))
    }
    assert steps == {1540}


def test_extra_pairs_are_uniform_outside_the_batch():
    planner = BatchPlanner(20, 4, 3, Mixing(ratio=0.5))
    ordinary = np.array([7, 0])
    counts = Counter(
        int(row)
        for step in range(2000)
        for row in planner._extra_rows(ordinary, 0, step).ravel()
    )
    assert set(counts) == set(range(20)) - {0, 7}
    assert all(abs(count * 18 / 8000 - 1) < 0.15 for count in counts.values())


def test_a_pure_function_of_seed_epoch_and_step():
    pairmix = Mixing()
    planner = BatchPlanner(50, 8, 5, pairmix)
    before = [plan.rows for epoch in range(3) for plan in planner.epoch(epoch)]
    plans = [plan.rows for plan in planner.epoch(3)]
    again = [plan.rows for plan in BatchPlanner(50, 8, 5, pairmix).epoch(3)]
    assert len(before) == 3 * len(plans) == 21
    assert all(map(np.array_equal, plans, again))
    other = [plan.rows for plan in BatchPlanner(50, 8, 6, pairmix).epoch(3)]
    assert not all(map(np.array_equal, plans, other))


def test_too_small_a_corpus():
    with pytest.raises(InputError, match=r"needs 40 different pairs .* corpus has 39"):
        BatchPlanner(39, 32, 0, Mixing(ratio=0.25))
    with pytest.raises(InputError, match="batch_size is at least 1"):
        BatchPlanner(39, 0, 0)
