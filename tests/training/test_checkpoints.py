"""States written by a thread: whole, in order, of the device in use."""

import time

import pytest
import torch

from workflow_src.models.weights import load_weights
from workflow_src.training import checkpoints
from workflow_src.training.checkpoints import (
    BEST,
    RESUME,
    Checkpoints,
    random_state,
    set_random_state,
)


def test_what_is_written_is_of_the_moment_of_saving(tmp_path, monkeypatch):
    write = checkpoints.save_weights

    def slowly(content, path):
        time.sleep(0.05)
        write(content, path)

    monkeypatch.setattr(checkpoints, "save_weights", slowly)
    weights = torch.zeros(3)
    with Checkpoints(tmp_path, 1) as files:
        files.keep_best({"model": {"w": weights}})
        weights += 1
        files.save({"nested": [{"w": weights}], "epoch": 4})
        weights += 1  # while the thread writes
        assert not (tmp_path / RESUME).exists()
    state = load_weights(tmp_path / RESUME)
    assert state["nested"][0]["w"].tolist() == [1, 1, 1]
    assert state["epoch"] == 4
    assert load_weights(tmp_path / BEST)["model"]["w"].tolist() == [0, 0, 0]
    assert {path.name for path in tmp_path.iterdir()} == {RESUME, BEST}


def test_best_weights_wait_for_the_state_that_knows_of_them(tmp_path):
    with Checkpoints(tmp_path, 1) as files:
        files.keep_best({"model": {}})
        files.wait()
        assert not (tmp_path / BEST).exists()
        files.save({})
    assert (tmp_path / BEST).exists()


def test_a_state_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    files = Checkpoints(tmp_path / "file", 1)
    files.save({})
    with pytest.raises(OSError, match="file"):
        files.wait()


def test_when_a_state_is_due(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    with Checkpoints(tmp_path, 2) as files:
        assert not files.due(epoch_ends=False)
        assert files.due(epoch_ends=True)
        files.save({})
        files.wait()
        now[0] = 119
        assert not files.due(epoch_ends=True)
        now[0] = 120
        assert files.due(epoch_ends=False)
    with Checkpoints(tmp_path, 0) as files:
        files.save({})
        files.wait()
        assert files.due(epoch_ends=True)
        assert not files.due(epoch_ends=False)


def test_the_random_state_is_that_of_the_device_in_use(monkeypatch):
    """Of a pretended second GPU: the calls that a real one gets."""
    second, calls = torch.device("cuda:1"), []
    state = torch.arange(4, dtype=torch.uint8)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda own: (own, state)[1])
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda own, device: calls.append((own, device))
    )
    saved = random_state(second)
    assert saved["cuda"] is state
    torch.manual_seed(3)
    set_random_state(saved, second, seed=1)
    assert calls == [(state, second)]
    assert torch.equal(torch.get_rng_state(), saved["cpu"])
    # A state of a GPU serves a CPU too.
    set_random_state(saved, torch.device("cpu"), seed=1)
    assert len(calls) == 1


def test_a_cpu_has_one_random_state():
    state = random_state(torch.device("cpu"))
    assert set(state) == {"cpu"}
    drawn = torch.rand(3)
    set_random_state(state, torch.device("cpu"), seed=0)
    assert torch.equal(torch.rand(3), drawn)
