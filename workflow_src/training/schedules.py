"""The optimizer of both trainings, and how its learning rate goes."""

from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from workflow_src.training.settings import OptimizationSettings


def optimizer_and_schedule(
    model: nn.Module, settings: OptimizationSettings, steps_per_epoch: int
) -> tuple[AdamW, LambdaLR]:
    """AdamW, a linear warm-up, then a fraction of the rate every few epochs.

    Both trainings have this schedule. Published for captioning ([13]): warm-up over
    5 epochs, x 0.1 every 10 epochs after it; for retrieval ([14]): no warm-up, x 0.1
    every 20 epochs.

    Args:
        model: parameters that need no gradient are left out.
        settings: learning rate and its schedule, weight decay.
        steps_per_epoch: optimizer steps; step the scheduler after each.

    Returns:
        The optimizer and the scheduler.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(
        trained,
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=can_fuse(trained),
    )
    warmup_steps = round(settings.warmup_epochs * steps_per_epoch)
    decay_steps = max(1, round(settings.lr_decay_every * steps_per_epoch))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        decays = (step - warmup_steps) // decay_steps
        return float(settings.lr_decay_factor**decays)

    return optimizer, LambdaLR(optimizer, factor)


def can_fuse(parameters: Iterable[nn.Parameter]) -> bool:
    """Whether AdamW may take one pass over the weights; not on torch's `meta`."""
    return all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
