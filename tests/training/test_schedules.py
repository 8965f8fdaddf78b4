import pytest
import torch
from torch import nn

from workflow_src.training.schedules import (
    captioning_optimizer,
    draw_learning_rates,
    retrieval_optimizer,
)

CAPTIONING = {
    "epochs": 30,
    "learning_rate": 1e-4,
    "weight_decay": 1e-6,
    "warmup_epochs": 5,
    "decay_epochs": 10,
    "decay_factor": 0.1,
}
RETRIEVAL = CAPTIONING | {"warmup_epochs": 0, "decay_epochs": 20}


def rates(build, settings, steps_per_epoch):
    optimizer, scheduler = build(nn.Linear(2, 2), settings, steps_per_epoch)
    found = []
    for _ in range(settings["epochs"] * steps_per_epoch):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_captioning_warms_up_and_decays():
    found = rates(captioning_optimizer, CAPTIONING, steps_per_epoch=4)
    assert found[:20] == pytest.approx([1e-4 * (step + 1) / 20 for step in range(20)])
    assert found[20:60] == pytest.approx([1e-4] * 40)
    assert found[60:100] == pytest.approx([1e-5] * 40)
    assert found[100:] == pytest.approx([1e-6] * 20)


def test_retrieval_decays_once():
    found = rates(retrieval_optimizer, RETRIEVAL, steps_per_epoch=3)
    assert found[:60] == pytest.approx([1e-4] * 60)
    assert found[60:] == pytest.approx([1e-5] * 30)


@pytest.mark.parametrize("build", [captioning_optimizer, retrieval_optimizer])
def test_adamw_of_what_is_trained(build):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    optimizer, _ = build(model, CAPTIONING, 1)
    assert isinstance(optimizer, torch.optim.AdamW)
    (group,) = optimizer.param_groups
    assert group["weight_decay"] == 1e-6
    assert group["params"] == list(model[1].parameters())


def test_goes_on_after_a_resume():
    model = nn.Linear(1, 1)
    optimizer, scheduler = captioning_optimizer(model, CAPTIONING, 4)
    for _ in range(30):
        optimizer.step()
        scheduler.step()
    resumed, other = captioning_optimizer(model, CAPTIONING, 4)
    other.load_state_dict(scheduler.state_dict())
    for last, one in ((optimizer, scheduler), (resumed, other)):
        last.step()
        one.step()
    assert scheduler.get_last_lr() == other.get_last_lr()


def test_draws_the_same_picture_twice(tmp_path):
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in paths:
        draw_learning_rates({"captioning": CAPTIONING, "retrieval": RETRIEVAL}, path)
    first, second = (path.read_text() for path in paths)
    assert first == second
    assert first.startswith("<?xml")
