"""Reads config.yaml: applies the scale and the command line, checks every key.

A value comes, in this order, from config.yaml, from the overlay of the scale
(config/<scale>.yaml; the scale `paper` has none), and from the command line.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workflow_src.config.schema import Config
from workflow_src.errors import InputError
from workflow_src.settings import KeyComplaint, read

OVERLAYS = "config"  # folder beside config.yaml
PAPER = "paper"  # the scale of config.yaml's own values


def load(
    path: Path | str = "config.yaml", overrides: Mapping[str, Any] | None = None
) -> Config:
    """Read a config file and all that belongs to it.

    Args:
        path: the config file.
        overrides: nested values, as Snakemake's --config gives them, that replace
            those of the file and of its scale.

    Raises:
        InputError: one sentence that names the file and the key: unknown, missing, of
            the wrong type, out of range, or at odds with another key.
    """
    files = layers(path, overrides or {})
    try:
        return read(Config, resolve(files))
    except KeyComplaint as error:
        raise InputError(f"{_origin(error.path, files)}: {error}") from None


def layers(path: Path | str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Where values come from, the strongest last: file or `--config` -> its values.

    Args:
        path: the config file.
        overrides: as behind --config.

    Raises:
        InputError: a file cannot be read, or there is no such scale.
    """
    path = Path(path)
    found = {str(path): _mapping(path)}
    typed = _typed(overrides)
    scale = typed.get("scale", found[str(path)].get("scale"))
    if not isinstance(scale, str):
        raise InputError(f"{path}: scale is missing")
    if scale != PAPER:
        overlay = path.parent / OVERLAYS / f"{scale}.yaml"
        if not overlay.is_file():
            raise InputError(
                f"{path}: scale is {scale}, but {overlay} does not exist; known "
                f"scales: {', '.join(scales(path))}"
            )
        found[str(overlay)] = _mapping(overlay)
    return found | {"--config": typed}


def resolve(files: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the layers of a config, the strongest last."""
    merged: dict[str, Any] = {}
    for values in files.values():
        merged = merge(merged, values)
    return merged


def scales(path: Path | str = "config.yaml") -> list[str]:
    """The scales that a config file knows."""
    found = sorted(
        overlay.stem for overlay in (Path(path).parent / OVERLAYS).glob("*.yaml")
    )
    return [*found, PAPER]


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two nested mappings; where both have a value, `over` wins.

    Mappings are merged, lists and scalars replaced as a whole.
    """
    merged = copy.deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _mapping(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path}: {reason}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} has no keys")
    return values


def _typed(value: Any, nested: bool = False) -> Any:
    """Give the leaves of nested `--config` values their YAML types.

    Snakemake reads `--config 'captioning={training: {epochs: 5}}'` with all
    leaves as strings.
    """
    if isinstance(value, Mapping):
        return {k: _typed(v, True) for k, v in value.items()}
    if isinstance(value, list):
        return [_typed(v, True) for v in value]
    return yaml.safe_load(value) if nested and isinstance(value, str) else value


def _origin(path: tuple[str, ...], files: Mapping[str, Any]) -> str:
    """The last of the layers that has the key: where a person has to look."""
    origin = next(iter(files))
    for name, values in files.items():
        for key in path:
            if not isinstance(values, Mapping) or key not in values:
                break
            values = values[key]
        else:
            if path:
                origin = name
    return origin
