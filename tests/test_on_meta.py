"""The test of the tests: what waits for a GPU is found, and what does not passes."""

import pytest
import torch

from tests.on_meta import META, NoWaiting

X = torch.empty(4, 5, device=META)
MASK = torch.empty(4, 5, device=META, dtype=torch.bool)
HOST = torch.ones(4, 5)
ROWS = torch.tensor([1, 0])


@pytest.mark.parametrize(
    "work",
    [
        lambda: X.sum().item(),
        lambda: bool((X > 0).any()),
        lambda: MASK.nonzero(),
        lambda: X[MASK],
        lambda: torch.equal(X, X),
        lambda: X.cpu(),
        lambda: HOST.to(META),
        lambda: X.copy_(HOST),
        lambda: X + HOST,
        lambda: X[ROWS],
        lambda: torch.tensor([1, 2], device=META),
        lambda: X[:, 0].unique_consecutive(),
    ],
)
def test_found(work):
    with (
        pytest.raises((AssertionError, NotImplementedError, RuntimeError)),
        NoWaiting(),
    ):
        work()


def test_passes():
    with NoWaiting() as counted:
        rows = ROWS.to(META, non_blocking=True)
        y = X[rows] * 2 + HOST.sum()
        y = torch.where(MASK[:2], y, 0).masked_fill(MASK[:2], 1)
        y.scatter_(1, torch.zeros(2, 5, device=META, dtype=torch.long), 1.0)
        X[rows] = y
        HOST[ROWS] + HOST[ROWS].clone()
    assert counted.operations > 6
