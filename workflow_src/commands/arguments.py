"""How a step becomes a command, and the arguments that several steps share."""

import argparse
from collections.abc import Callable

from workflow_src.layout import FRONT_ENDS, Layout

Run = Callable[[argparse.Namespace, dict, Layout], None]


def add_step(steps, name: str, run: Run) -> argparse.ArgumentParser:
    """Add a step; the docstring of its function is its help."""
    step = steps.add_parser(name, help=run.__doc__, description=run.__doc__)
    step.set_defaults(run=run, needs_config=True)
    return step


def add_shard(step: argparse.ArgumentParser) -> None:
    """Add the arguments that name a share of the clips."""
    step.add_argument("--shard", type=int, default=0, help="from 0")
    step.add_argument("--shards", type=int, default=1)


def add_run(step: argparse.ArgumentParser, with_task: bool) -> None:
    """Add the arguments that name one training."""
    if with_task:
        step.add_argument("task", choices=sorted(FRONT_ENDS))
    step.add_argument("recipe", help="a recipe of the config")
    step.add_argument("--seed", type=int, required=True)


def add_split(step: argparse.ArgumentParser) -> None:
    """Add the argument that names the split to evaluate."""
    step.add_argument("--split", default="test")
