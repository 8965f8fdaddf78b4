"""Checkpoints of ours: written whole, and read without running code."""

import pytest
import torch

from workflow_src.errors import InputError
from workflow_src.models.weights import load_weights, save_weights


def test_what_is_saved_comes_back(tmp_path):
    content = {
        "model": {"a": torch.arange(3)},
        "epoch": 2,
        "settings": [None, "x", 0.5],
    }
    save_weights(content, tmp_path / "new" / "model.pt")
    found = load_weights(tmp_path / "new" / "model.pt")
    assert torch.equal(found["model"].pop("a"), content["model"].pop("a"))
    assert found == content
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["model.pt"]


def test_a_missing_or_broken_checkpoint_is_named(tmp_path):
    with pytest.raises(InputError, match=r"model\.pt does not exist"):
        load_weights(tmp_path / "model.pt")
    (tmp_path / "model.pt").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"model\.pt is no whole checkpoint"):
        load_weights(tmp_path / "model.pt")
    torch.save([1, 2], tmp_path / "model.pt")
    with pytest.raises(InputError, match=r"model\.pt is no checkpoint of this project"):
        load_weights(tmp_path / "model.pt")


def test_a_checkpoint_that_is_a_program_is_not_run(tmp_path):
    class Program:
        def __reduce__(self):
            return (print, ("it ran",))

    torch.save({"model": Program()}, tmp_path / "model.pt")
    with pytest.raises(InputError, match=r"model\.pt is no whole checkpoint"):
        load_weights(tmp_path / "model.pt")


def test_a_kill_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_weights({"epoch": 1}, path)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        save_weights({"epoch": 2}, path)
    assert load_weights(path) == {"epoch": 1}
