"""Steps that fetch, pre-train and train models."""

from workflow_src.commands.arguments import add_run, add_step
from workflow_src.layout import FRONT_ENDS, task_of


def add(steps) -> None:
    """Add the steps of this stage to the command line."""
    step = add_step(steps, "fetch", _fetch)
    step.add_argument("name", help="a published file, e.g. audioset_deit")
    step = add_step(steps, "pretrain", _pretrain)
    step.add_argument("front_end", choices=sorted(FRONT_ENDS.values()))
    step = add_step(steps, "train", _train)
    add_run(step, with_task=True)


def _fetch(parsed, config, layout) -> None:
    """Fetch a published file that a model starts from."""
    from workflow_src.models.pretrained import fetch

    fetch(parsed.name, pinned=config["pretrained_sha256"])


def _pretrain(parsed, config, layout) -> None:
    """Pre-train an audio encoder by tagging."""
    from workflow_src.training.pretraining import pretrain

    pretrain(config, layout, task_of(parsed.front_end))


def _train(parsed, config, layout) -> None:
    """Train one model under one recipe."""
    if parsed.task == "captioning":
        from workflow_src.training.captioning import train
    else:
        from workflow_src.training.retrieval import train
    train(config, layout, parsed.recipe, parsed.seed)
