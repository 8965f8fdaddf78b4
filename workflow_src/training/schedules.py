"""Both training recipes: AdamW at 1e-4, and how the learning rate goes.

The paper, section 4.3, gives AdamW, the learning rate, the weight decay and 30
epochs, and leaves the rest to [13] for captioning and to [14] for retrieval. The
numbers are the `training` sections of config.yaml.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def captioning_optimizer(
    model: nn.Module, settings: Mapping, steps_per_epoch: int
) -> tuple[AdamW, LambdaLR]:
    """AdamW, a linear warm-up, then a tenth of the rate every few epochs ([13]).

    Published: warm-up over 5 epochs, x 0.1 every 10 epochs after it.

    Args:
        model: parameters that need no gradient are left out.
        settings: learning_rate, weight_decay, warmup_epochs, decay_epochs and
            decay_factor, as in config.yaml.
        steps_per_epoch: optimizer steps; step the scheduler after each.

    Returns:
        The optimizer and the scheduler.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(
        trained,
        lr=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        fused=True,  # one pass over the weights
    )
    warmup_steps = round(settings["warmup_epochs"] * steps_per_epoch)
    decay_steps = round(settings["decay_epochs"] * steps_per_epoch)

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        return settings["decay_factor"] ** ((step - warmup_steps) // decay_steps)

    return optimizer, LambdaLR(optimizer, factor)


def retrieval_optimizer(
    model: nn.Module, settings: Mapping, steps_per_epoch: int
) -> tuple[AdamW, LambdaLR]:
    """AdamW and a tenth of the rate every 20 epochs, no warm-up ([14]).

    Published as such: the same schedule as captioning's, other numbers. A
    `warmup_epochs` above 0 warms up here too. Arguments as above.
    """
    return captioning_optimizer(model, settings, steps_per_epoch)


def draw_learning_rates(settings: Mapping[str, Mapping], path: str | Path) -> None:
    """Draw the learning rate of each recipe over its epochs, step by step.

    Args:
        settings: name of a recipe -> its `training` section of config.yaml.
        path: the picture, .svg or .png.
    """
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "learning rates"  # the same file each time
    import matplotlib.pyplot as plt

    steps_per_epoch = 20
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    for name, own in settings.items():
        build = {"captioning": captioning_optimizer, "retrieval": retrieval_optimizer}
        optimizer, scheduler = build[name](nn.Linear(1, 1), own, steps_per_epoch)
        epochs, rates = [], []
        for step in range(own["epochs"] * steps_per_epoch):
            epochs.append(step / steps_per_epoch)
            rates.append(scheduler.get_last_lr()[0])
            optimizer.step()
            scheduler.step()
        axes.step(epochs, rates, where="post", label=name)
    axes.set(xlabel="epoch", ylabel="learning rate", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if str(path).endswith("svg") else None)
    plt.close(figure)
