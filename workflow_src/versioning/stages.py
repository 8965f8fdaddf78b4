"""Which keys of the config each stage of dvc.yaml depends on.

DVC reads keys of files; the values that count are those of the resolved config,
where the overlay of the scale replaces others. So a stage has the keys of the file
that really decide its files, found by trying each: see `staleness`. A value that has
no effect makes nothing stale for DVC, as for Snakemake.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflow_src.config.dependencies import STAGES
from workflow_src.config.reading import layers
from workflow_src.versioning.leaves import is_whole
from workflow_src.versioning.staleness import Effect, effects

Keys = dict[str, list[str]]  # file -> dotted keys


def tracked(path: Path | str = "config.yaml") -> dict[str, Keys]:
    """The keys that each stage of dvc.yaml depends on at the file's own scale.

    A whole section stands for its keys where all of them count.

    Args:
        path: the config file.
    """
    files = layers(path, {})
    files.pop("--config")
    found = effects({}, path)
    stages: dict[str, Keys] = {}
    for stage, rules in STAGES.items():
        decisive = {leaf for leaf, own in found.items() if _touches(own, stage, rules)}
        if stage == "features":
            decisive.add("scale")
        stages[stage] = {}
        later: dict[str, Any] = {}  # what the files after this one replace
        for file in reversed(files):
            keys = _coarsest(files[file], decisive, later)
            if keys:
                stages[stage] = {file: keys} | stages[stage]
            later = {**later, **{file: files[file]}}
    return stages


def _touches(own: Effect, stage: str, rules: tuple[str, ...]) -> bool:
    if own.other_corpus:
        return stage == "features"
    return bool(own.rules & set(rules))


def _coarsest(
    values: Mapping[str, Any], decisive: set[str], later: Mapping[str, Any]
) -> list[str]:
    keys, whole = _below("", values, decisive, list(later.values()))
    return [str(key) for key in values] if whole else keys


def _below(
    path: str, value: Any, decisive: set[str], later: list[Any]
) -> tuple[list[str], bool]:
    """Keys at and below a key that count, and whether all of it does."""
    if not isinstance(value, Mapping) or (path and is_whole(path)):
        counts = path in decisive and not any(has(file, path) for file in later)
        return ([path] if counts else []), counts
    parts = [
        _below(f"{path}.{key}" if path else str(key), inner, decisive, later)
        for key, inner in value.items()
    ]
    if path and parts and all(whole for _, whole in parts):
        return [path], True
    return [key for keys, _ in parts for key in keys], False


def has(values: Any, path: str) -> bool:
    """Whether nested values have a dotted key."""
    for key in path.split("."):
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
