"""The `snakemake` command of this environment: Snakemake, with one trap closed.

Snakemake's `--resources` and `--config` take any number of values, so in

    snakemake --cores 8 --resources gpu=1 all

it reads the target `all` as a second resource and stops with a ValueError. No
profile can change that. This command moves such targets to the front, where
they are read as targets, and hands over to Snakemake; every other command line
passes through untouched.

Nor does it stop for the lock that a killed Snakemake left on this machine: see
workflow_src/snakemake_lock.py.
"""

import os
import sys
from typing import Literal

from workflow_src import snakemake_lock

# Options that take any number of NAME=VALUE, as Snakemake and its users write them.
_MANY_VALUES = ("--resources", "--res", "--config", "-C")
# What a word of the command line follows: neither of the others, such an option, one
# of its values, or a target behind them.
State = Literal["outside", "option", "values", "targets"]


def normalise(arguments: list[str]) -> list[str]:
    """Move targets that directly follow the values of `--resources` or `--config`.

    Such a value has the form NAME=VALUE; the first word after at least one of them
    that has no "=" and is no option is a target, and so is what follows it up to the
    next option: they go to the front. Words after "--" stay as they are.
    """
    targets: list[str] = []
    kept: list[str] = []
    state: State = "outside"
    for position, word in enumerate(arguments):
        if word == "--":
            kept.extend(arguments[position:])
            break
        if word.startswith("-"):
            state = "option" if word in _MANY_VALUES else "outside"
            kept.append(word)
        elif state in ("option", "values") and "=" in word:
            state = "values"
            kept.append(word)
        elif state in ("values", "targets"):
            state = "targets"
            targets.append(word)
        else:
            kept.append(word)
    return targets + kept


def main() -> None:
    """Run Snakemake with the normalised command line."""
    from snakemake.cli import main as snakemake_main

    # Jobs run `python -m workflow_src`: with this Python, also where its environment is
    # not activated; and they keep what they compile, 7 s for a job with BERT.
    scripts = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    # Snakemake reads sys.argv again when it starts jobs of its own.
    sys.argv[1:] = normalise(sys.argv[1:])
    arguments = sys.argv[1:]
    if not snakemake_lock.runs_jobs(arguments):
        sys.exit(snakemake_main(arguments))
    folder = snakemake_lock.directory(arguments)
    with snakemake_lock.owned(folder, unlock="--unlock" in arguments):
        sys.exit(snakemake_main(arguments))


if __name__ == "__main__":
    main()
