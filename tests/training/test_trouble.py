"""What goes wrong in a training is one sentence that says what to do."""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from tests.records import record
from workflow_src.errors import InputError
from workflow_src.models.weights import load_weights
from workflow_src.training.loop import Training, fit
from workflow_src.training.trouble import FAILED, LOOK_EVERY, FiniteWatch, NotFinite

RECORD = record()


@dataclass(frozen=True)
class Lengths:
    epochs: int = 3
    max_gradient_norm: float = 2.0
    validate_every: int = 1


class Clips:
    """A mini-batch."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.names = [(f"{number}.wav",) for number in numbers]

    def __len__(self):
        return len(self.numbers)

    def part(self, start, stop):
        return Clips(self.numbers[start:stop])


def training(loss, steps=4, record=RECORD, **options):
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def batches(epoch, first):
        for step in range(first, steps):
            begun = 8 * (epoch * steps + step)
            yield Clips(list(range(begun, begun + 8)))

    return Training(
        model=model,
        optimizer=optimizer,
        scheduler=torch.optim.lr_scheduler.ExponentialLR(optimizer, 1.0),
        batches=batches,
        steps=steps,
        loss=lambda batch: loss(model, batch),
        validate=lambda: {"selection": 1.0},
        settings=Lengths(),
        seed=1,
        record=record,
        **options,
    )


def nan_at(clip):
    """A loss that is no number for the mini-batch with a clip."""

    def loss(model, batch):
        own = model(torch.ones(len(batch), 1)).square().mean()
        return own * float("nan") if clip in batch.numbers else own

    return loss


def infinite_gradient(model, batch):
    return model(torch.zeros(1, 1)).sub(model.bias.detach()).abs().sqrt().sum()


def test_a_loss_that_is_no_number_names_step_and_clips(tmp_path):
    with pytest.raises(InputError) as raised:
        fit(training(nan_at(50)), tmp_path)
    assert str(raised.value) == (
        "epoch 1: the loss is nan at step 2 (clips 48.wav, 49.wav, 50.wav and 5 more); "
        "lower the learning rate (0.01) or check the data"
    )
    # The last good state is kept, and the next start does not run into the same.
    state = load_weights(tmp_path / "resume.pt")
    assert state["epoch"] == 1
    assert all(own.isfinite().all() for own in state["model"].values())
    with pytest.raises(NotFinite) as again:
        fit(training(lambda *_: pytest.fail("it ran")), tmp_path)
    assert str(again.value).startswith(str(raised.value))
    assert str(again.value).endswith(f"(delete {tmp_path / FAILED} to let it try)")
    other = replace(RECORD, environment={"torch": "2", "precision": "fp32"})
    fit(training(nan_at(-1), record=other), tmp_path)
    assert not (tmp_path / FAILED).exists()
    assert (tmp_path / "model.pt").exists()


def test_a_gradient_that_is_infinite_is_named(tmp_path):
    with pytest.raises(InputError, match="epoch 0: the norm of the gradient is"):
        fit(training(infinite_gradient), tmp_path)


def test_it_is_noticed_within_a_hundred_steps(tmp_path):
    taken = []

    def loss(model, batch):
        taken.append(batch)
        return nan_at(3)(model, batch)

    with pytest.raises(NotFinite, match="at step 0"):
        fit(training(loss, steps=250), tmp_path)
    assert len(taken) == LOOK_EVERY == 100


def test_between_two_looks_nothing_waits_for_the_device():
    """`meta` has no numbers to wait for."""
    watch = FiniteWatch(0, 0, lambda: 0.1)
    number = torch.zeros((), device="meta")
    for _ in range(LOOK_EVERY - 1):
        watch.add(number, number, None)
    with pytest.raises((RuntimeError, NotImplementedError)):
        watch.add(number, number, None)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
]


def needs_room_for(clips, error):
    def loss(model, batch):
        if len(batch) > clips:
            raise error
        return model(torch.ones(len(batch), 1)).square().mean()

    return loss


@pytest.mark.parametrize("error", ERRORS, ids=["cuda", "cpu", "python"])
def test_out_of_memory_says_what_fits(tmp_path, error):
    run = training(needs_room_for(3, error), gradients=lambda *_: None)
    with pytest.raises(InputError) as raised:
        fit(run, tmp_path)
    assert str(raised.value) == (
        "the memory does not hold a step with 8 clips at once: set "
        "training.micro_batch to 2, which fits and changes nothing but the memory"
    )
    with pytest.raises(InputError, match="a batch_size of 2 fits, but is another"):
        fit(training(needs_room_for(3, error)), tmp_path)
    with pytest.raises(InputError, match="nor with one: choose a smaller model"):
        fit(training(needs_room_for(0, error)), tmp_path)


def test_another_error_is_itself(tmp_path):
    run = training(needs_room_for(0, RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        fit(run, tmp_path)
