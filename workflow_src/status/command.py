"""The command `status`."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from workflow_src.config import Config, load
from workflow_src.errors import InputError
from workflow_src.status.collect import collect
from workflow_src.status.snakemake_log import alive, newest_run
from workflow_src.status.text import as_json, text

CONFIG = "config.yaml"


def show_status(*, json: bool = False, config: list[str] | None = None) -> None:
    """Say how far this folder's workflow is: what runs, what is done, what is left.

    Times of ends are estimates: they take each epoch to last as long as those so far.

    Args:
        json: print one JSON object instead of text.
        config: NAME=VALUE as behind Snakemake's --config; without it, what a running
            call of Snakemake was given.
    """
    root = Path()
    status = collect(selected(root, config), root, datetime.now())
    print(as_json(status) if json else text(status, root))


def selected(root: Path, typed: list[str] | None) -> Config:
    """The config of the workflow that is asked about.

    Args:
        root: of the project.
        typed: NAME=VALUE; None: those of a running call of Snakemake.

    Raises:
        InputError: no config here, or a bad value.
    """
    if typed is None:
        run = newest_run(root)
        overrides = run.overrides() if run is not None and alive(run, root) else {}
    else:
        overrides = {}
        for word in typed:
            name, equals, value = word.partition("=")
            if not equals:
                raise InputError(f"--config {word}: it has the form NAME=VALUE")
            overrides[name] = value
    values = {name: _value(own) for name, own in overrides.items()}
    return load(root / CONFIG, values)


def _value(text: str) -> Any:
    """A value as Snakemake reads it: a number, nested values, or a text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    if text.startswith(("{", "[")):
        with suppress(yaml.YAMLError):
            return yaml.safe_load(text)
    return text
