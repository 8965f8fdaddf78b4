"""The device of a step, on a machine that pretends to have GPUs."""

import os

import pytest
import torch

from workflow_src import gpus
from workflow_src.device import prepare
from workflow_src.errors import InputError


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Two GPUs and a torch that can use them; gives what torch was told to use."""
    chosen = []
    monkeypatch.setenv(gpus.VISIBLE, "")
    monkeypatch.delenv(gpus.VISIBLE)
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    monkeypatch.setattr(gpus, "installed", lambda: ("GPU-a", "GPU-b"))
    monkeypatch.setattr(gpus, "torch_is_built_for_gpus", lambda: True)
    monkeypatch.setattr(gpus, "lock_folder", lambda: tmp_path)
    monkeypatch.setattr(gpus, "_held", {})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    yield chosen
    for descriptor in gpus._held.values():
        os.close(descriptor)


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_step_takes_a_free_gpu_and_hides_the_others(machine, device, monkeypatch):
    gpus.take(gpus.visible(), index=0)
    other = dict(gpus._held)
    monkeypatch.setattr(gpus, "_held", {})  # held by somebody else
    assert prepare(device) == torch.device("cuda", 0)
    assert machine == [torch.device("cuda", 0)]
    assert os.environ[gpus.VISIBLE] == "1"
    # A second model of the same step goes to the same GPU.
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert prepare(device) == torch.device("cuda", 0)
    gpus._held.update(other)


def test_a_named_gpu_is_kept(machine):
    assert prepare("cuda:1") == torch.device("cuda", 1)
    assert gpus.VISIBLE not in os.environ
    assert [path.name for path in gpus._held] == ["GPU-b.0"]
    with pytest.raises(InputError, match="cuda:2, but GPUs count from 0 and 2 can be"):
        prepare("cuda:2")


def test_where_cuda_has_begun_a_gpu_is_chosen_by_its_index(machine, monkeypatch):
    gpus.take(gpus.visible(), index=0)
    other = dict(gpus._held)
    monkeypatch.setattr(gpus, "_held", {})
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert prepare("auto") == torch.device("cuda", 1)
    assert gpus.VISIBLE not in os.environ
    gpus._held.update(other)


def test_the_rules_and_the_step_agree(machine, monkeypatch):
    for hidden in ("", "-1"):
        monkeypatch.setenv(gpus.VISIBLE, hidden)
        assert not gpus.wanted("auto")
        assert prepare("auto") == torch.device("cpu")
    assert machine == []


def test_a_gpu_that_torch_cannot_use(machine, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert prepare("auto") == torch.device("cpu")
    assert "cannot use it" in capsys.readouterr().err
    for device in ("cuda", "cuda:0"):
        with pytest.raises(InputError, match=f"device is {device}, but torch"):
            prepare(device)


def test_more_jobs_than_gpus_share_and_say_so(machine, monkeypatch, capsys):
    kept = []
    for _ in range(3):
        monkeypatch.delenv(gpus.VISIBLE, raising=False)
        monkeypatch.setattr(gpus, "_held", {})
        prepare("auto")
        kept.append(gpus._held)
    assert capsys.readouterr().err == "every GPU is taken: 1 more on GPU 0\n"
    for held in kept[:2]:
        gpus._held.update(held)
