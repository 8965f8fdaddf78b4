"""The picture of the learning rate of both trainings."""

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import OptimizationSettings


def draw_learning_rates(
    settings: Mapping[str, OptimizationSettings], path: str | Path
) -> None:
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
        optimizer, scheduler = optimizer_and_schedule(
            nn.Linear(1, 1), own, steps_per_epoch
        )
        epochs, rates = [], []
        for step in range(own.epochs * steps_per_epoch):
            epochs.append(step / steps_per_epoch)
            rates.append(float(scheduler.get_last_lr()[0]))
            optimizer.step()
            scheduler.step()
        axes.step(epochs, rates, where="post", label=name)
    axes.set(xlabel="epoch", ylabel="learning rate", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if str(path).endswith("svg") else None)
    plt.close(figure)
