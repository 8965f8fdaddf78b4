import pytest
import torch
from torch import nn

from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import CaptioningOptimization, RetrievalOptimization


def rates(settings, steps_per_epoch):
    optimizer, scheduler = optimizer_and_schedule(
        nn.Linear(2, 2), settings, steps_per_epoch
    )
    found = []
    for _ in range(settings.epochs * steps_per_epoch):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_captioning_warms_up_and_decays():
    found = rates(CaptioningOptimization(), steps_per_epoch=4)
    assert found[:20] == pytest.approx([1e-4 * (step + 1) / 20 for step in range(20)])
    assert found[20:60] == pytest.approx([1e-4] * 40)
    assert found[60:100] == pytest.approx([1e-5] * 40)
    assert found[100:] == pytest.approx([1e-6] * 20)


def test_retrieval_decays_once():
    found = rates(RetrievalOptimization(), steps_per_epoch=3)
    assert found[:60] == pytest.approx([1e-4] * 60)
    assert found[60:] == pytest.approx([1e-5] * 30)


@pytest.mark.parametrize("settings", [CaptioningOptimization, RetrievalOptimization])
def test_adamw_of_what_is_trained(settings):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    optimizer, _ = optimizer_and_schedule(model, settings(), 1)
    assert isinstance(optimizer, torch.optim.AdamW)
    (group,) = optimizer.param_groups
    assert group["weight_decay"] == 1e-6
    assert group["params"] == list(model[1].parameters())


def test_goes_on_after_a_resume():
    model = nn.Linear(1, 1)
    optimizer, scheduler = optimizer_and_schedule(model, CaptioningOptimization(), 4)
    for _ in range(30):
        optimizer.step()
        scheduler.step()
    resumed, other = optimizer_and_schedule(model, CaptioningOptimization(), 4)
    other.load_state_dict(scheduler.state_dict())
    for last, one in ((optimizer, scheduler), (resumed, other)):
        last.step()
        one.step()
    assert scheduler.get_last_lr() == other.get_last_lr()


def test_a_decay_more_often_than_a_step_is_one_at_each_step():
    found = rates(RetrievalOptimization(epochs=3, lr_decay_every=0.1), 1)
    assert found == pytest.approx([1e-4, 1e-5, 1e-6])
