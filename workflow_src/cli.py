"""`python -m workflow_src <step>`: every step of the workflow as a command.

The rules of Snakemake are thin calls of these, so each step also runs by hand:

    python -m workflow_src --set scale=smoke train captioning pairmix --seed 20

What was typed after Snakemake's --config reaches them in the environment variable
WORKFLOW_OVERRIDES, as JSON.

Steps import what they need when they run: a step without a model starts fast.
"""

import argparse
import json
import os
import sys

from workflow_src import config as configuration
from workflow_src.commands import corpus, evaluation, report, text, training
from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.metrics.java import JavaError


def main(arguments: list[str] | None = None) -> None:
    """Run one step; an error prints one sentence and exits: 2 for bad input, else 1."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.needs_config:
            given = json.loads(os.environ.get(configuration.OVERRIDES, "{}"))
            typed = configuration.parse_set(parsed.set)
            config = configuration.load(
                parsed.config, configuration.merge(given, typed)
            )
            parsed.run(parsed, config, Layout.of(config))
        else:
            parsed.run(parsed)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except JavaError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workflow_src", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--config", default="config.yaml", help="the config file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replace a value of the config, e.g. captioning.training.epochs=5",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    for stage in (corpus, text, training, evaluation, report):
        stage.add(steps)
    return parser
