"""The training loop: it learns, selects the best epoch, and resumes exactly."""

import pandas as pd
import pytest
import torch
from torch import nn

from workflow_src.errors import InputError
from workflow_src.training.loop import Training, fit, load_model

INPUTS = torch.linspace(-1, 1, 32)[:, None]
TARGETS = 3 * INPUTS - 1


class Killed(Exception):
    """Stands for the signal that ends a job."""


def training(epochs=4, kill_in_epoch=None, validate_every=1, rate=0.05):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)

    def batches(epoch):
        if epoch == kill_in_epoch:
            raise Killed
        order = torch.randperm(32, generator=torch.Generator().manual_seed(epoch))
        return order.split(8)

    def loss(rows):
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
        settings={
            "epochs": epochs,
            "gradient_norm": 2.0,
            "validate_every": validate_every,
        },
        seed=7,
        identity={"rate": rate},
    )


def history(folder):
    return pd.read_csv(folder / "history.csv").drop(columns="seconds")


def test_it_learns_and_leaves_only_its_results(tmp_path):
    fit(training(epochs=30), tmp_path)
    losses = history(tmp_path)["loss"]
    assert losses.iloc[-1] < 0.2 * losses.iloc[0]
    assert {path.name for path in tmp_path.iterdir()} == {"model.pt", "history.csv"}


def test_a_killed_training_ends_as_if_nothing_had_happened(tmp_path):
    fit(training(), tmp_path / "whole")
    with pytest.raises(Killed):
        fit(training(kill_in_epoch=2), tmp_path / "killed")
    assert not (tmp_path / "killed" / "model.pt").exists()
    fit(training(), tmp_path / "killed")
    pd.testing.assert_frame_equal(
        history(tmp_path / "whole"), history(tmp_path / "killed")
    )
    whole = load_model(tmp_path / "whole" / "model.pt")["model"]
    resumed = load_model(tmp_path / "killed" / "model.pt")["model"]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_training_with_other_settings_is_not_resumed(tmp_path, capsys):
    with pytest.raises(Killed):
        fit(training(kill_in_epoch=2), tmp_path)
    fit(training(rate=0.01), tmp_path)
    assert "other settings (rate)" in capsys.readouterr().err
    assert len(history(tmp_path)) == 4


def test_the_best_epoch_is_kept_not_the_last(tmp_path):
    run = training(epochs=3)
    scores = iter([1.0, 5.0, 2.0])
    run.validate = lambda: {"selection": next(scores)}
    fit(run, tmp_path)
    assert load_model(tmp_path / "model.pt")["metrics"]["epoch"] == 1


def test_validation_runs_every_so_often_and_at_the_end(tmp_path):
    fit(training(epochs=5, validate_every=2), tmp_path)
    validated = history(tmp_path)["selection"].notna()
    assert validated.tolist() == [False, True, False, True, True]


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path):
    run = training()
    run.loss = lambda rows: run.model(INPUTS).sum() * float("nan")
    with pytest.raises(InputError, match="epoch 0: the loss is nan"):
        fit(run, tmp_path)


def test_a_missing_or_broken_checkpoint_is_named(tmp_path):
    with pytest.raises(InputError, match=r"model\.pt does not exist"):
        load_model(tmp_path / "model.pt")
    (tmp_path / "model.pt").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"model\.pt is not a checkpoint"):
        load_model(tmp_path / "model.pt")
