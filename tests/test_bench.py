"""What the bench reports: its rows, and the counted model of the cost."""

import pytest
import torch

from benchmarks.cost import Cost, Speeds, count
from benchmarks.rows import Clock, Row, table


def test_flop_bytes_and_launches_are_counted():
    x, w = torch.randn(8, 16), torch.randn(16, 4)
    cost = count(lambda: (x @ w).relu_().view(-1))
    # 4 bytes a number; relu_ reads and writes its own; the view costs nothing.
    product = 4 * (8 * 16 + 16 * 4 + 8 * 4)
    assert cost == Cost(2 * 8 * 16 * 4, product + 2 * 4 * 8 * 4, 2)


def test_the_backward_pass_counts_too():
    layer = torch.nn.Linear(16, 4, bias=False)
    x = torch.randn(8, 16, requires_grad=True)
    cost = count(lambda: layer(x).sum().backward())
    assert cost.flop == 3 * 2 * 8 * 16 * 4


def test_a_prediction_is_the_sum_of_its_parts():
    speeds = Speeds(flop=1e9, bytes=1e8, launch=1e-3)
    assert speeds.predict(Cost(2e9, 1e8, 500)) == pytest.approx(2 + 1 + 0.5)


def test_rows():
    slow = Row("search", 2.0, "s a clip", 8.0, "one by one", floor=0.5)
    assert (slow.ratio, slow.utilisation) == (4, 0.25)
    rate = Row("front end", 30.0, "clips/s", 10.0, "theirs")
    assert (rate.ratio, rate.utilisation) == (3, None)
    lines = table([slow, rate, Row("alone", 1.0)]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "8 s a clip (one by one)" in lines[2]
    assert "25%" in lines[2]


def test_the_clock_gives_the_median_after_a_first_run():
    calls = []
    seconds = Clock(torch.device("cpu"), 3)(lambda: calls.append(sum(range(10_000))))
    assert len(calls) == 4
    assert 0 <= seconds < 1
