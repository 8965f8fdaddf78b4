"""The training loop: it learns, selects the best epoch, and resumes exactly."""

import shutil
from dataclasses import dataclass, replace

import pandas as pd
import pytest
import torch
from torch import nn

from tests.records import captioning_settings, recipe, record
from workflow_src.errors import InputError
from workflow_src.models.run_folder import HALF, read_record
from workflow_src.models.weights import load_weights, save_weights
from workflow_src.settings import digest
from workflow_src.training import loop
from workflow_src.training.checkpoints import Checkpoints
from workflow_src.training.loop import Training, fit
from workflow_src.training.settings import CaptioningOptimization

INPUTS = torch.linspace(-1, 1, 32)[:, None]
TARGETS = 3 * INPUTS - 1
RECORD = record(settings=captioning_settings())
RESULTS = {"settings.yaml", "model.pt", "history.csv"}


class Killed(Exception):
    """Stands for the signal that ends a job."""


@dataclass(frozen=True)
class Lengths:
    epochs: int = 4
    max_gradient_norm: float = 2.0
    validate_every: int = 1


def training(kill_in_epoch=None, kill_at_step=0, record=RECORD, minutes=0.0, **lengths):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)
    now = {"epoch": -1, "step": 0}

    def batches(epoch, first):
        now.update(epoch=epoch, step=first)
        order = torch.randperm(32, generator=torch.Generator().manual_seed(epoch))
        return order.split(8)[first:]

    def loss(rows):
        if (now["epoch"], now["step"]) == (kill_in_epoch, kill_at_step):
            raise Killed
        now["step"] += 1
        return nn.functional.mse_loss(model(INPUTS[rows]), TARGETS[rows])

    def validate():
        return {"selection": -nn.functional.mse_loss(model(INPUTS), TARGETS).item()}

    return Training(
        model=model,
        optimizer=optimizer,
        scheduler=scheduler,
        batches=batches,
        steps=4,
        loss=loss,
        validate=validate,
        settings=Lengths(**lengths),
        seed=7,
        record=record,
        checkpoint_minutes=minutes,
    )


def history(folder):
    return pd.read_csv(folder / "history.csv").drop(columns="seconds")


def weights(folder):
    return load_weights(folder / "model.pt")["model"]


def assert_equal_runs(one, other):
    """The same losses and metrics in every epoch, and the same weights, bit for bit."""
    pd.testing.assert_frame_equal(history(one), history(other), check_exact=True)
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def kill(folder, epoch=2, **options):
    with pytest.raises(Killed):
        fit(training(kill_in_epoch=epoch, **options), folder)
    assert not (folder / "model.pt").exists()


def test_it_learns_and_leaves_only_its_results(tmp_path):
    fit(training(epochs=30), tmp_path)
    losses = history(tmp_path)["loss"]
    assert losses.iloc[-1] < 0.2 * losses.iloc[0]
    assert {path.name for path in tmp_path.iterdir()} == RESULTS
    assert read_record(tmp_path) == RECORD


@pytest.mark.parametrize(("epoch", "step"), [(0, 0), (0, 3), (1, 0), (2, 2), (3, 3)])
def test_a_killed_training_ends_as_if_nothing_had_happened(tmp_path, epoch, step):
    fit(training(), tmp_path / "whole")
    kill(tmp_path / "killed", epoch, kill_at_step=step)
    fit(training(), tmp_path / "killed")
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")
    assert {path.name for path in (tmp_path / "killed").iterdir()} == RESULTS


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (1, 0), (2, 3)])
def test_a_training_killed_within_an_epoch_goes_on_within_it(
    tmp_path, monkeypatch, capsys, epoch, step
):
    fit(training(), tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(Checkpoints, "due", lambda *_, **__: True)
        kill(tmp_path / "killed", epoch, kill_at_step=step)
    capsys.readouterr()
    fit(training(minutes=60), tmp_path / "killed")
    said = capsys.readouterr().err
    if step:
        assert f"resuming in epoch {epoch}, after {step} steps" in said
    else:
        assert f"resuming after epoch {epoch - 1}" in said
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")


def test_a_kill_loses_no_more_than_the_minutes_and_the_first_epoch(tmp_path, capsys):
    """The first state is written when the first epoch ends, however soon."""
    fit(training(), tmp_path / "whole")
    kill(tmp_path / "killed", 3, minutes=60)
    capsys.readouterr()
    fit(training(minutes=60), tmp_path / "killed")
    assert "resuming after epoch 0" in capsys.readouterr().err
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")


def test_a_training_killed_twice_and_between_its_last_two_steps(
    tmp_path, monkeypatch, capsys
):
    fit(training(), tmp_path / "whole")
    killed = tmp_path / "killed"
    kill(killed, 1)
    kill(killed, 3)

    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(loop.shutil, "copyfile", full)
        with pytest.raises(OSError, match="no space left"):
            fit(training(), killed)
    capsys.readouterr()
    # All epochs are done: the rerun trains nothing.
    fit(training(kill_in_epoch=3), killed)
    assert "resuming after epoch 3" in capsys.readouterr().err
    assert_equal_runs(tmp_path / "whole", killed)


def test_the_seed_decides_where_nothing_was_killed(tmp_path):
    for name, seed in (("one", 7), ("two", 8)):
        own = training()
        own.seed = seed
        fit(own, tmp_path / name)
    assert not history(tmp_path / "one").equals(history(tmp_path / "two"))


def changed(**settings):
    return replace(
        RECORD, settings=record(settings=captioning_settings(**settings)).settings
    )


NOISY = recipe("all", noise={"snr_db": [5.0, 20.0]}, pairmix={})
MIXED = recipe("all", noise={}, pairmix={"alpha": 0.4})
OTHERS = {
    "a noise strength": (
        changed(recipe=NOISY),
        "settings.recipe.noise.snr_db was [10.0, 30.0], is [5.0, 20.0]",
    ),
    "pairmix alpha": (
        changed(recipe=MIXED),
        "settings.recipe.pairmix.alpha was 0.1, is 0.4",
    ),
    "pretrained": (
        changed(encoder="audioset_deit"),
        'settings.encoder was "scratch", is "audioset_deit"',
    ),
    "captions": (
        replace(RECORD, inputs={"captions": "ff00"}),
        'inputs.captions was "00ff", is "ff00"',
    ),
    "another input": (
        replace(RECORD, inputs=RECORD.inputs | {"encoder": "12"}),
        'inputs.encoder was null, is "12"',
    ),
    "batch size": (
        changed(optimization=CaptioningOptimization(batch_size=16)),
        "settings.optimization.batch_size was 32, is 16",
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_training_of_something_else_starts_anew_and_says_why(tmp_path, capsys, what):
    other, difference = OTHERS[what]
    fit(training(record=other), tmp_path / "whole")
    folder = tmp_path / "killed"
    kill(folder)
    left = {name: (folder / name).read_bytes() for name in ("resume.pt", "best.pt")}
    capsys.readouterr()
    fit(training(record=other), folder)
    aside = folder / f"superseded-{digest(RECORD.decisive)}"
    said = capsys.readouterr().err
    assert (
        f"{folder / 'resume.pt'} belongs to another training ({difference}): it is "
        f"kept in {aside}, and this training starts from the first epoch\n"
    ) in said
    assert "resuming" not in said
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == left
    assert_equal_runs(tmp_path / "whole", folder)
    assert read_record(folder) == other


def test_what_was_put_aside_can_be_gone_on_with(tmp_path):
    """As a person would: put back, with the old settings."""
    fit(training(), tmp_path / "whole")
    folder = tmp_path / "killed"
    kill(folder)
    kill(folder, record=OTHERS["batch size"][0])
    (aside,) = folder.glob("superseded-*")
    for path in aside.iterdir():
        path.replace(folder / path.name)
    fit(training(), folder)
    assert_equal_runs(tmp_path / "whole", folder)


def test_another_version_of_the_code_or_machine_is_no_reason_to_start_anew(tmp_path):
    fit(training(), tmp_path / "whole")
    kill(tmp_path / "killed")
    code = replace(RECORD.code, version="9", clean=False, sources={})
    other = replace(RECORD, code=code, environment={"torch": "3"})
    fit(training(record=other), tmp_path / "killed")
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")


def test_the_best_epoch_is_kept_not_the_last(tmp_path):
    run = training(epochs=3)
    scores = iter([1.0, 5.0, 2.0])
    run.validate = lambda: {"selection": next(scores)}
    fit(run, tmp_path)
    assert load_weights(tmp_path / "model.pt")["metrics"]["epoch"] == 1


def test_the_best_epoch_before_a_kill_is_kept(tmp_path):
    scores = [9.0, 5.0, 2.0, 3.0]
    killed, resumed = training(kill_in_epoch=2), training()
    for run in (killed, resumed):
        run.validate = lambda own=run: {"selection": scores[own.epoch]}
    with pytest.raises(Killed):
        fit(killed, tmp_path)
    fit(resumed, tmp_path)
    assert load_weights(tmp_path / "model.pt")["metrics"]["epoch"] == 0


def test_validation_runs_every_so_often_and_at_the_end(tmp_path):
    fit(training(epochs=5, validate_every=2), tmp_path)
    validated = history(tmp_path)["selection"].notna()
    assert validated.tolist() == [False, True, False, True, True]


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path):
    run = training()
    run.loss = lambda rows: run.model(INPUTS).sum() * float("nan")
    with pytest.raises(InputError, match="epoch 0: the loss is nan"):
        fit(run, tmp_path)


@pytest.mark.parametrize(
    "damage", ["cut", "text", "empty", "of another code", "no settings", "a list"]
)
def test_a_damaged_resume_file_is_one_sentence_that_names_it(tmp_path, damage):
    kill(tmp_path)
    path = tmp_path / "resume.pt"
    content, state = path.read_bytes(), load_weights(path)
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        path.write_text("not a checkpoint")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "of another code":
        state["model"] = {"other.weight": torch.zeros(2)}
        save_weights(state, path)
    elif damage == "no settings":
        # As an earlier version of this code left it.
        del state["decisive"]
        save_weights(state | {"identity": {}}, path)
    else:
        torch.save([1], path)
    with pytest.raises(InputError) as raised:
        fit(training(), tmp_path)
    assert str(raised.value).startswith(str(path))
    assert str(raised.value).endswith("delete it to start this training anew")
    assert "\n" not in str(raised.value)
    path.unlink()
    fit(training(), tmp_path)
    assert len(history(tmp_path)) == 4


def test_weights_of_an_earlier_training_never_lie_beside_other_settings(tmp_path):
    """Whoever reads the folder takes model.pt for what settings.yaml describes."""
    fit(training(), tmp_path)
    shutil.copyfile(tmp_path / "model.pt", tmp_path / HALF)
    with pytest.raises(Killed):
        fit(training(kill_in_epoch=1, record=OTHERS["batch size"][0]), tmp_path)
    assert not (tmp_path / "model.pt").exists()
    assert not (tmp_path / HALF).exists()
