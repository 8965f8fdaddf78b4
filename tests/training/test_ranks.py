"""One training in several processes: as one process, and as safe."""

import fcntl
import os
import subprocess
import sys
from itertools import count

import pandas as pd
import pytest
import torch

from tests.several import (
    TWO,
    Killed,
    alone_and_together,
    in_trouble,
    killed_and_whole,
    resnet_in_double,
    train,
)
from tests.tiny_corpus import CAPTIONING
from workflow_src import device, gpus
from workflow_src.errors import InputError
from workflow_src.models.run_folder import read_record
from workflow_src.models.weights import load_weights
from workflow_src.settings import to_json
from workflow_src.training import loop
from workflow_src.training.launch import launch
from workflow_src.training.ranks import ALONE, Ranks, join
from workflow_src.training.settings import TrainingOptions

ONE = TrainingOptions(checkpoint_minutes=0)


def history(folder):
    return pd.read_csv(folder / "history.csv").drop(columns="seconds")


def weights(folder):
    return load_weights(folder / "model.pt")["model"]


# BatchNorm layer after BatchNorm layer over six clips makes much of a rounding; the
# same step in double precision is below.
@pytest.mark.parametrize(("front_end", "near"), [("act", 1e-5), ("panns", 1e-2)])
def test_two_processes_train_as_one(front_end, near, tiny, tmp_path, monkeypatch):
    """From the first step to the last, and where they go on with what one began."""
    files = tiny.training(front_end)
    train(front_end, files, tmp_path / "one", ONE)
    with monkeypatch.context() as patched:
        take_step, taken = loop.optimizer_step, count()

        def dying(*own):
            if next(taken) == 3:
                raise Killed
            return take_step(*own)

        patched.setattr(loop, "optimizer_step", dying)
        with pytest.raises(Killed):
            train(front_end, files, tmp_path / "both", ONE)
    assert (tmp_path / "both" / "resume.pt").exists()
    for name in ("two", "both"):
        launch(2, train, front_end, files, tmp_path / name, TWO)
        losses = [history(tmp_path / own)["loss"].tolist() for own in (name, "one")]
        assert losses[0] == pytest.approx(losses[1], rel=near)
        ours, theirs = weights(tmp_path / name), weights(tmp_path / "one")
        assert list(ours) == list(theirs)
        apart = torch.cat([(ours[own] - theirs[own]).flatten() for own in ours])
        whole = torch.cat([own.flatten().float() for own in theirs.values()])
        assert apart.norm() <= near * whole.norm()
        assert read_record(tmp_path / name).environment["gpus"] == "2"
        left = {path.name for path in (tmp_path / name).iterdir()}
        assert left == {path.name for path in (tmp_path / "one").iterdir()}
    assert "gpus" not in read_record(tmp_path / "one").environment


def test_two_processes_that_are_killed_go_on_bit_for_bit(tiny, tmp_path):
    """With dropout, which each draws for itself."""
    files = {name: tiny.training(name) for name in ("act", "panns")}
    launch(2, killed_and_whole, files, tmp_path)
    for name in files:
        whole, killed = tmp_path / name / "whole", tmp_path / name / "killed"
        pd.testing.assert_frame_equal(history(whole), history(killed), check_exact=True)
        ours, theirs = weights(whole), weights(killed)
        assert all(torch.equal(ours[own], theirs[own]) for own in ours)


@pytest.fixture
def forked(monkeypatch):
    """The processes need no import of torch: what they do takes milliseconds."""
    monkeypatch.setattr("workflow_src.training.launch.START", "fork")


@pytest.mark.parametrize("shape", [(6, 4), (4, 3, 5, 2)])
def test_statistics_and_losses_are_of_all_rows(shape, forked):
    launch(2, alone_and_together, shape)  # which asserts it in each process


def test_a_step_of_two_processes_is_that_of_one_in_double_precision(forked):
    launch(2, resnet_in_double)


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("memory", InputError, "not hold a step with 2 clips at once: choose a small"),
        ("nan", InputError, r"epoch 0: the loss is nan at step 1 \(clips 0\.wav"),
        ("kill", InputError, "process 1 of the 2 of this training was .* by SIGKILL"),
        ("disk", OSError, "No space left on device: 'resume.pt'"),
        ("bug", Exception, "KeyError: 'nonsense'"),
    ],
)
def test_trouble_of_one_process_ends_all_and_is_said(
    what, kind, said, tmp_path, forked
):
    with pytest.raises(kind, match=said):
        launch(2, in_trouble, what, tmp_path)
    assert not (tmp_path / "model.pt").exists()
    assert (tmp_path / "failed.json").exists() == (what == "nan")


def test_the_command_says_one_sentence(tiny, tmp_path):
    """And starts processes of its own, each of them the same command."""
    options = {"--settings": to_json(CAPTIONING), "--options": '{"gpus": 4}'}
    options |= {"--run": tmp_path / "run", "--device": "cpu"}
    for name, path in tiny.training("act").items():
        options[f"--{name.replace('_', '-')}"] = path
    words = [str(word) for option in options.items() for word in option]
    done = subprocess.run(
        [sys.executable, "-m", "workflow_src", "train-captioner", *words],
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1] == (
        "error: training.gpus is 4, which does not divide the batch_size of 6"
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_process_alone_has_everything():
    rows = torch.ones(3, 2)
    assert ALONE.gathered(rows) is rows
    assert list(ALONE.share(5)) == [0, 1, 2, 3, 4]
    assert list(Ranks(1, 3).share(6)) == [2, 3]


@pytest.mark.parametrize(("started", "asked"), [(2, 1), (2, 4), (None, 2)])
def test_torchrun_starts_as_many_as_are_asked_for(started, asked, monkeypatch):
    if started is not None:
        monkeypatch.setenv("LOCAL_RANK", "0")
        monkeypatch.setenv("WORLD_SIZE", str(started))
    with pytest.raises(InputError, match=f"gpus is {asked}, but torchrun started"):
        join(asked, "cpu", None)


MACHINE = ("GPU-aa", "GPU-bb", "GPU-cc")


@pytest.fixture
def three_gpus(monkeypatch, tmp_path):
    """A machine that pretends to have them."""
    monkeypatch.delenv(gpus.VISIBLE, raising=False)
    monkeypatch.setattr(gpus, "installed", lambda: MACHINE)
    monkeypatch.setattr(gpus, "torch_is_built_for_gpus", lambda: True)
    monkeypatch.setattr(gpus, "lock_folder", lambda: tmp_path)
    monkeypatch.setattr(gpus, "_held", {})
    yield
    for descriptor in gpus._held.values():
        os.close(descriptor)


def test_a_training_takes_its_gpus_from_those_that_are_free(three_gpus, tmp_path):
    # A lock that another process would hold: flock is of the open file.
    with (tmp_path / "GPU-bb.0").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        device.take_gpus("auto", 2)
    assert os.environ[gpus.VISIBLE] == "0,2"
    assert {path.name for path in gpus._held} == {"GPU-aa.0", "GPU-cc.0"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("cuda:1", 2), "device is cuda:1, which is one: set it to cuda"),
        (("auto", 4), "gpus is 4, but GPUs that can be used here: 3"),
    ],
)
def test_gpus_that_are_not_there_are_an_error(three_gpus, asked, said):
    with pytest.raises(InputError, match=said):
        device.take_gpus(*asked)
