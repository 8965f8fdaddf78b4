"""What the processes of tests/training/test_ranks.py run: imported by its name."""

import copy
import os
import signal
import sys
from dataclasses import dataclass, replace

import torch
from torch import nn

from tests.records import record
from tests.tiny_corpus import CAPTIONING, RETRIEVAL
from workflow_src.models.panns import ResidualBlock, ResNet38
from workflow_src.models.retrieval import ntxent
from workflow_src.training import loop
from workflow_src.training.gathered_norm import normalise_over_all
from workflow_src.training.loop import Training, fit
from workflow_src.training.ranks import join
from workflow_src.training.settings import TrainingOptions

TWO = TrainingOptions(gpus=2, checkpoint_minutes=0)


class Killed(Exception):
    """Stands for the signal that ends a job."""


def step_of(front_end):
    """A task's step and its settings."""
    if front_end == "act":
        from workflow_src.training.captioning import train_captioner

        return train_captioner, CAPTIONING
    from workflow_src.training.retrieval import train_retriever

    return train_retriever, RETRIEVAL


def without_dropout(settings):
    """The settings, where nothing is drawn by each process for itself."""
    names = [name for name in vars(settings.model) if name.endswith("dropout")]
    return replace(settings, model=replace(settings.model, **dict.fromkeys(names, 0.0)))


def train(front_end, files, folder, options):
    """Train without dropout, by plain gradient descent.

    AdamW makes a whole step of what rounding leaves of a gradient of zero: equal
    trainings would differ where no gradient is.
    """
    step, settings = step_of(front_end)
    module = sys.modules[step.__module__]
    usual = module.optimizer_and_schedule

    def descent(model, own, steps):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
        return optimizer, torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.99)

    module.optimizer_and_schedule = descent
    try:
        step(
            without_dropout(settings),
            **files,
            run=folder,
            device="cpu",
            options=options,
        )
    finally:
        module.optimizer_and_schedule = usual


def killed_and_whole(files, folder):
    """Train both models with their dropout: whole; killed in epoch 1, and on."""
    for front_end, own in files.items():
        step, settings = step_of(front_end)
        given = {"device": "cpu", "options": TWO, **own}
        step(settings, **given, run=folder / front_end / "whole")
        take_step, taken = loop.optimizer_step, []

        def dying(training, batch, take_step=take_step, taken=taken):
            taken.append(batch)
            if len(taken) == 4:
                raise Killed
            return take_step(training, batch)

        loop.optimizer_step = dying
        try:
            step(settings, **given, run=folder / front_end / "killed")
        except Killed:
            loop.optimizer_step = take_step
        step(settings, **given, run=folder / front_end / "killed")


@dataclass(frozen=True)
class Lengths:
    epochs: int = 2
    max_gradient_norm: float = 2.0
    validate_every: int = 1


class Clips:
    """A mini-batch."""

    def __init__(self, names):
        self.names = names

    def __len__(self):
        return len(self.names)

    def part(self, start, stop):
        return Clips(self.names[start:stop])


def in_trouble(what, folder):
    """A training whose second process meets trouble in the second of three steps."""
    ranks, _ = join(2, "cpu", 1)
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    steps = []

    def loss(batch):
        own = model(torch.ones(len(batch), 1)).square().mean()
        steps.append(batch)
        if ranks.first or len(steps) != 2:
            return own
        if what == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "disk":
            raise OSError(28, "No space left on device", "resume.pt")
        if what == "bug":
            raise KeyError("nonsense")
        return own * float("nan")

    fit(
        Training(
            model=model,
            optimizer=optimizer,
            scheduler=torch.optim.lr_scheduler.ExponentialLR(optimizer, 1.0),
            batches=lambda epoch, first: [Clips([(f"{epoch}.wav",)] * 4)] * 3,
            steps=3,
            loss=loss,
            validate=lambda: {"selection": 1.0},
            settings=Lengths(),
            seed=1,
            record=record(),
            ranks=ranks,
        ),
        folder,
    )


def alone_and_together(shape):
    """BatchNorm and a loss of all rows, in one process and in two: gradients too."""
    ranks, on = join(2, "cpu", 1)
    torch.manual_seed(0)
    kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    inputs = 3 * torch.randn(shape) + 1
    weights = torch.randn(shape)

    def run(model, rows):
        given = inputs[rows.start : rows.stop].clone().requires_grad_()
        made = model(given)
        whole = made if len(made) == len(inputs) else ranks.gathered(made)
        loss = (whole * weights).square().sum()
        loss.backward()
        return given.grad, loss

    torch.manual_seed(1)
    alone = nn.Sequential(kind(shape[1]), nn.Tanh())
    nn.init.normal_(alone[0].weight)
    nn.init.normal_(alone[0].bias)
    together = nn.Sequential(kind(shape[1]), nn.Tanh())
    together.load_state_dict(alone.state_dict())
    normalise_over_all(together, ranks, on)
    rows = ranks.share(len(inputs))
    expected, loss = run(alone, range(len(inputs)))
    found, own = run(together, rows)
    mean = ranks.average(together.parameters(), own)
    close = torch.testing.assert_close
    # Each process's gradient is of the sum of all processes' losses.
    close(found, 2 * expected[rows.start : rows.stop], rtol=1e-4, atol=1e-4)
    close(mean, loss.detach())
    for ours, theirs in zip(together.parameters(), alone.parameters(), strict=True):
        close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)
    ours, theirs = together.state_dict(), alone.state_dict()
    assert list(ours) == list(theirs)
    for name in ours:
        close(ours[name], theirs[name])
    close(together.eval()(inputs), alone.eval()(inputs))


def resnet_in_double():
    """A step of ResNet38 and NT-Xent, where rounding hides nothing."""
    ranks, on = join(2, "cpu", 1)
    torch.manual_seed(0)
    alone = ResNet38(2, (1, 1, 1, 1), dropout=0.0).double()
    for block in alone.modules():  # residual blocks begin as the identity
        if isinstance(block, ResidualBlock):
            nn.init.normal_(block.bn2.weight)
    together = normalise_over_all(copy.deepcopy(alone), ranks, on)
    clips = 20 * torch.randn(6, 80, 64, dtype=torch.float64) - 40
    texts = torch.randn(6, alone.width_out, dtype=torch.float64)
    expected = ntxent(alone(clips), texts)
    expected.backward()
    own = ranks.share(6)
    loss = ntxent(ranks.gathered(together(clips[own.start : own.stop])), texts)
    loss.backward()
    close = torch.testing.assert_close
    close(ranks.average(together.parameters(), loss), expected.detach())
    for ours, theirs in zip(together.parameters(), alone.parameters(), strict=True):
        close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-11)
    ours, theirs = together.state_dict(), alone.state_dict()
    assert all(ours[name].allclose(theirs[name], rtol=1e-10) for name in theirs)
