"""`python -m workflow_src <command>`: every step of the workflow as a command.

The rules of Snakemake are calls of these commands; `snakemake -p` prints them, and
pasted into a shell they do the same. A step reads and writes the files that its
options name and nothing else; `--settings` is what its result depends on, as JSON or
as a file of JSON or YAML. `python -m workflow_src <command> --help` explains the
options.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from workflow_src import faults
from workflow_src.arguments import call, parser_of
from workflow_src.errors import InputError, without_secrets
from workflow_src.inference.commands import COMMANDS
from workflow_src.metrics.java import JavaError
from workflow_src.steps import STEPS, TOOLS, step, tool

Command = Callable[[Sequence[str]], None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; an error prints one sentence and exits: 2 for bad input, else 1.

    What nobody foresaw keeps its traceback; under `python -X dev` a fault of the
    machine does too.

    Args:
        arguments: the words after `python -m workflow_src`.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return
    if words[0] == "--version":
        from workflow_src.version import code_version

        print(code_version())
        return
    name, *rest = words
    try:
        _command(name)(rest)
    except InputError as error:
        print(f"error: {without_secrets(str(error))}", file=sys.stderr)
        sys.exit(2)
    except JavaError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except (OSError, MemoryError, RuntimeError) as error:
        said = faults.sentence(error)
        if said is None or sys.flags.dev_mode:
            raise
        print(f"error: {without_secrets(said)}", file=sys.stderr)
        sys.exit(1)


def _command(name: str) -> Command:
    if name == "score":
        return _score
    if name in COMMANDS:
        return COMMANDS[name]
    function = step(name) or tool(name)
    if function is None:
        raise InputError(f"{name} is no command; python -m workflow_src lists them all")

    def run(words: Sequence[str]) -> None:
        call(function, parser_of(function, name).parse_args(words))

    return run


def _score(words: Sequence[str]) -> None:
    """Score captions in CSV files."""
    from workflow_src.metrics import score_command

    parser = argparse.ArgumentParser(prog="python -m workflow_src score")
    score_command.add_arguments(parser)
    score_command.run(parser.parse_args(words))


def _overview() -> str:
    lines = ["usage: python -m workflow_src COMMAND [options]", "", "Your own files:"]
    lines += [f"  {', '.join(COMMANDS)}, score", ""]
    lines += ["About the workflow:", f"  {', '.join(TOOLS)}", ""]
    lines += ["Steps of the workflow, by stage:"]
    lines += [f"  {stage:9} {', '.join(names)}" for stage, names in STEPS.items()]
    return "\n".join([*lines, "", "COMMAND --help explains its options."])
