import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.tta import Strategy, aggregate, grid_points
from workflow_src.tta.levels import (
    ORIGINAL,
    GroupMeans,
    groups_at,
    members,
    multi_level,
    one_by_one,
    weights,
)

few = settings(max_examples=40, deadline=None, derandomize=True)

sizes = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@st.composite
def random_strategies(draw, max_tau=12, max_layers=4):
    """Any partition at any layer: groups of unequal sizes, indices in any order."""
    outputs = draw(st.integers(1, max_tau))
    layers = []
    for h in range(draw(st.integers(1, max_layers)), 0, -1):
        order = draw(st.permutations(range(outputs)))
        count = 1 if h == 1 else draw(st.integers(1, outputs))
        cuts = sorted(draw(st.permutations(range(1, outputs)))[: count - 1])
        edges = [0, *cuts, outputs]
        layers.append([order[a:b] for a, b in itertools.pairwise(edges)])
        outputs = count
    return Strategy(layers)


def random_layers(count, seed, width=5):
    rng = np.random.default_rng(seed)
    matrices = rng.standard_normal((count, width, width))
    return [lambda x, m=m: np.tanh(m @ x) for m in matrices]


def test_indices_start_at_zero_and_tau_is_the_number_of_inputs():
    strategy = Strategy([[[0, 3], [1, 2, 4]], [[1, 0]]])
    assert strategy.tau == 5
    assert strategy.group_sizes == ((2, 3), (2,))
    assert strategy == Strategy((((0, 3), (1, 2, 4)), ((1, 0),)))
    assert len({strategy, Strategy([[[0, 3], [1, 2, 4]], [[1, 0]]])}) == 1


def test_numpy_indices_are_integers():
    assert Strategy([[np.arange(3)]]) == Strategy([[[0, 1, 2]]])


def test_uniform_groups_consecutive_indices():
    assert Strategy.uniform((2, 3)) == Strategy([[[0, 1], [2, 3], [4, 5]], [[0, 1, 2]]])
    assert Strategy.uniform([5, 20]).tau == 100


@few
@given(sizes)
def test_tau_of_a_uniform_strategy_is_the_product_of_the_group_sizes(group_sizes):
    assert Strategy.uniform(group_sizes).tau == math.prod(group_sizes)


def test_the_papers_strategies():
    assert Strategy.uniform((5, 20)).group_sizes == ((5,) * 20, (20,))
    assert Strategy.conventional(4).partitions == (
        ((0,), (1,), (2,), (3,)),
        ((0, 1, 2, 3),),
    )
    assert Strategy.mid(3).partitions == (((0, 1, 2),), ((0,),))
    assert Strategy.mid(3, layers=4, at=2).group_sizes == ((1, 1, 1), (3,), (1,), (1,))
    assert Strategy.conventional(3, layers=1) == Strategy.uniform([3])


@pytest.mark.parametrize(
    ("partitions", "message"),
    [
        ([], "at least one layer"),
        ([[]], "layer 1 has no groups"),
        ([[[0, 1], []], [[0, 1]]], "layer 1: group 1 .* is empty"),
        ([[[0], [1]]], "layer 1 is the last .* it has 2"),
        ([[[0], [1]], [[0], [1]]], "layer 2 is the last"),
        ([[[0, 1], [1]], [[0, 1]]], "layer 1 is no partition .*repeated 1"),
        ([[[1, 2]]], "layer 1 is no partition .*missing 0; out of range 2"),
        ([[[0], [1]], [[0]]], "layer 2 is no partition of the 2 outputs of layer 1"),
        ([[[0], [1]], [[0, 1, 2]]], "layer 2 .*out of range 2"),
        ([[[0, -1]]], "layer 1 .*out of range -1"),
        ([[[0.0]]], "layer 1: expected a list of groups of integer"),
        ([[0, 1]], "layer 1: expected a list of groups"),
        ([[[0], [1]], 3], "layer 2: expected a list of groups"),
    ],
)
def test_what_is_no_strategy_names_the_layer(partitions, message):
    with pytest.raises(ValueError, match=message):
        Strategy(partitions)


def test_constructors_reject_what_does_not_exist():
    with pytest.raises(ValueError, match=r"layer 2: a group size .* not 0"):
        Strategy.uniform([2, 0])
    with pytest.raises(ValueError, match="layer 3 does not exist"):
        Strategy.mid(10, layers=2, at=3)


def test_equation_2_by_hand():
    strategy = Strategy([[[2, 0], [1]], [[0, 1]]])
    result = aggregate([lambda x: x * x, lambda x: 10.0 * x], [1.0, 2.0, 3.0], strategy)
    assert result == 0.5 * (10 * (9 + 1) / 2 + 10 * 4)


@few
@given(random_strategies(), st.integers(0, 1000))
def test_equal_views_give_the_plain_output(strategy, seed):
    layers = random_layers(len(strategy.partitions), seed)
    view = np.random.default_rng(seed + 1).standard_normal(5)
    plain = view
    for layer in layers:
        plain = layer(plain)
    result = aggregate(layers, [view] * strategy.tau, strategy)
    np.testing.assert_allclose(result, plain, rtol=1e-12, atol=1e-12)


@few
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 1000))
def test_conventional_tta_is_the_mean_of_the_predictions(tau, depth, seed):
    layers = random_layers(depth, seed)
    views = np.random.default_rng(seed + 1).standard_normal((tau, 5))
    predictions = []
    for view in views:
        for layer in layers:
            view = layer(view)
        predictions.append(view)
    result = aggregate(layers, views, Strategy.conventional(tau, depth))
    np.testing.assert_allclose(result, np.mean(predictions, 0), rtol=1e-12)


@few
@given(st.integers(1, 9), st.integers(1, 4), st.data())
def test_mid_tta_is_one_prediction_from_the_mean_representation(tau, depth, data):
    at = data.draw(st.integers(1, depth))
    layers = random_layers(depth, seed=tau)
    views = np.random.default_rng(depth).standard_normal((tau, 5))
    representations = []
    for view in views:
        for layer in layers[:at]:
            view = layer(view)
        representations.append(view)
    expected = np.mean(representations, 0)
    for layer in layers[at:]:
        expected = layer(expected)
    result = aggregate(layers, views, Strategy.mid(tau, depth, at))
    np.testing.assert_allclose(result, expected, rtol=1e-10)


@few
@given(sizes, st.integers(0, 1000))
def test_nested_uniform_groups_of_linear_layers_are_the_plain_mean(sizes, seed):
    strategy = Strategy.uniform(sizes)
    rng = np.random.default_rng(seed)
    matrices = rng.standard_normal((len(sizes), 5, 5))
    views = rng.standard_normal((strategy.tau, 5))
    result = aggregate([lambda x, m=m: m @ x for m in matrices], views, strategy)
    expected = views.mean(0)
    for matrix in matrices:
        expected = matrix @ expected
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


@few
@given(random_strategies(), st.integers(1, 7), st.integers(0, 1000))
def test_groups_of_outputs_that_arrive_in_pieces(strategy, piece, seed):
    """Equal to `aggregate`, group by group, and each group once."""
    layer, *others = random_layers(len(strategy.partitions), seed)
    views = np.random.default_rng(seed).standard_normal((strategy.tau, 5))
    outputs = torch.tensor(np.array([layer(view) for view in views]))
    groups = strategy.partitions[0]
    means, found = GroupMeans(groups), {}
    for first in range(0, strategy.tau, piece):
        part = outputs[first : first + piece]
        complete = means.add(range(first, first + len(part)), part)
        assert not complete.keys() & found.keys()
        found |= complete
    rest = Strategy(strategy.partitions[1:] or [[[0]]])
    values = [found[group].numpy() for group in groups]
    result = aggregate(others or [lambda x: x], values, rest)
    np.testing.assert_allclose(
        result, aggregate([layer, *others], views, strategy), rtol=1e-10
    )


def test_points_of_figure_4():
    points = grid_points([10, 25], [(2, 5), (5, 5)])
    assert [(p.method, p.middle_size, p.output_size) for p in points] == [
        ("TTA", 1, 10),
        ("TTA", 1, 25),
        ("Mid-TTA", 10, 1),
        ("Mid-TTA", 25, 1),
        ("Multi-TTA", 2, 5),
        ("Multi-TTA", 5, 5),
    ]
    assert [p.strategy for p in points] == [
        Strategy.conventional(10),
        Strategy.conventional(25),
        Strategy.mid(10),
        Strategy.mid(25),
        Strategy.uniform((2, 5)),
        Strategy.uniform((5, 5)),
    ]


def test_aggregate_rejects_the_wrong_number_of_layers_or_inputs():
    strategy = Strategy.uniform((2, 2))
    with pytest.raises(ValueError, match="the strategy has 2 layers, the model 1"):
        aggregate([abs], [1.0] * 4, strategy)
    with pytest.raises(ValueError, match="needs 4 augmented inputs, got 3"):
        aggregate([abs, abs], [1.0] * 3, strategy)


@few
@given(random_strategies(), random_strategies(), st.integers(1, 5), st.integers(0, 99))
def test_several_strategies_at_once_are_each_alone(one, other, size, seed):
    """Whatever they share is run once; the original is averaged half and half."""
    depth = min(len(one.partitions), len(other.partitions))
    strategies = []
    for strategy in (one, other):
        *kept, last = strategy.partitions[:depth]
        strategies.append(Strategy([*kept, [[i for group in last for i in group]]]))
    layers = random_layers(depth, seed)
    tau = max(strategy.tau for strategy in strategies)
    views = np.random.default_rng(seed).standard_normal((tau + 1, 5))
    calls = []

    def counting(layer):
        return one_by_one(lambda x: (calls.append(None), layer(x))[1])

    found = multi_level(
        (([index], [layers[0](views[index])]) for index in range(ORIGINAL, tau)),
        [counting(layer) for layer in layers[1:]],
        strategies,
        include_original=True,
        size=size,
    )
    original = aggregate(layers, views[-1:], Strategy.uniform([1] * depth))
    for strategy in strategies:
        own = aggregate(layers, views[: strategy.tau], strategy)
        np.testing.assert_allclose(found[strategy], (original + own) / 2, rtol=1e-9)
    distinct = sum(
        len(groups_at(strategies, level, include_original=True))
        for level in range(1, depth)
    )
    assert len(calls) == distinct


def test_shares_of_a_stabilised_strategy():
    strategy = Strategy.uniform((2, 3))
    assert members(strategy, True) == [(ORIGINAL,), (0, 1), (2, 3), (4, 5)]
    assert weights(strategy, True) == pytest.approx([0.5, 1 / 6, 1 / 6, 1 / 6])
    assert members(strategy, False) == [(0, 1), (2, 3), (4, 5)]
    assert weights(strategy, False) == pytest.approx([1 / 3] * 3)


def test_the_papers_grid_needs_129_distinct_means_and_the_clip():
    grid = grid_points([10, 25, 50, 100], [(2, 5), (5, 5), (5, 10), (5, 20)])
    # 100 views, 4 means of all, 5 pairs, 20 fives
    strategies = [point.strategy for point in grid]
    assert len(groups_at(strategies, 1, include_original=True)) == 1 + 129


def test_strategies_of_another_depth_are_refused():
    with pytest.raises(ValueError, match="the strategy has 3 layers, the model 2"):
        multi_level([], [one_by_one(abs)], [Strategy.uniform((2, 2, 2))])
