"""Reads config.yaml: applies the scale and the command line, checks every key.

A value comes, in this order, from config.yaml, from the overlay of the scale
(config/<scale>.yaml; the scale `paper` has none), and from the command line. An overlay
whose first key is `over: demo` lies over that of the scale `demo`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from workflow_src.config.schema import Config
from workflow_src.errors import InputError, in_one_line
from workflow_src.settings import KeyComplaint, plain, read

OVERLAYS = "config"  # folder beside config.yaml
TYPED = "--config"  # the layer of what was typed behind it
BENEATH = "over"  # key of an overlay: the scale over whose values its own lie
PAPER = "paper"  # the scale of config.yaml's own values
# Of a value at the top of `--config`, what is no text.
WORDS = {"null": None, "true": True, "false": False}
# What the training captions decide, or the layout of another's checkpoint.
NEVER_TYPED = (
    "captioning.model.vocabulary",
    "captioning.model.encoder_head_width",
    "retrieval.model.word_pieces",
)


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
    values = resolve(files)
    try:
        config = read(Config, values)
    except KeyComplaint as error:
        raise InputError(f"{_origin(error.path, files)}: {error}") from None
    for key in _missing(plain(config), values):
        raise InputError(f"{path}: {key} is missing")
    return config


def layers(path: Path | str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Where values come from, the strongest last: file or `--config` -> its values.

    Args:
        path: the config file.
        overrides: as behind --config.

    Raises:
        InputError: a file cannot be read, or there is no such scale.
    """
    path = Path(path)
    files = {str(path): _mapping(path)}
    typed = {
        key: WORDS.get(value, value) if isinstance(value, str) else _typed(value)
        for key, value in overrides.items()
    }
    scale = typed.get("scale", files[str(path)].get("scale"))
    if scale is None:
        raise InputError(f"{path}: scale is missing")
    overlays: dict[str, Any] = {}
    while scale != PAPER:
        overlay = path.parent / OVERLAYS / f"{scale}.yaml"
        if not overlay.is_file():
            raise InputError(
                f"{path}: scale is {scale}, but {overlay} does not exist; known "
                f"scales: {', '.join(scales(path))}"
            )
        if str(overlay) in overlays:
            raise InputError(f"{overlay}: `{BENEATH}` leads back to it")
        values = _mapping(overlay)
        scale = values.pop(BENEATH, PAPER)
        overlays = {str(overlay): values} | overlays
    return files | overlays | {TYPED: typed}


def resolve(files: Mapping[str, Any]) -> dict[str, Any]:
    """Merge the layers of a config, the strongest last."""
    merged: dict[str, Any] = {}
    for values in files.values():
        merged = merge(merged, values)
    return merged


def scales(path: Path | str = "config.yaml") -> list[str]:
    """The scales that a config file knows."""
    overlays = sorted(
        overlay.stem for overlay in (Path(path).parent / OVERLAYS).glob("*.yaml")
    )
    return [*overlays, PAPER]


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
        raise InputError(f"{path}: not YAML: {in_one_line(error)}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} has no keys")
    return values


def _typed(value: Any) -> Any:
    """Give the leaves of a nested `--config` value their YAML types.

    Snakemake reads `--config 'captioning={training: {epochs: 5}}'` with all
    leaves as strings. At the top it finds numbers itself, and a folder's name is not
    to be taken for YAML: see `WORDS`.
    """
    if isinstance(value, Mapping):
        return {key: _typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value  # `{x`: a name, and no YAML


def _missing(
    complete: Mapping[str, Any], values: Mapping[str, Any], path: str = ""
) -> Iterator[str]:
    """Yield the dotted keys that took a default: the file must say what it means."""
    for key, own in complete.items():
        dotted = f"{path}.{key}" if path else key
        if key not in values:
            if dotted not in NEVER_TYPED:
                yield dotted
        elif isinstance(own, Mapping):
            yield from _missing(own, values[key], dotted)


def _origin(path: tuple[str, ...], files: Mapping[str, Any]) -> str:
    """Where a person has to look: the last of the layers that has the key.

    A check of the whole config, whose path is empty, may be about any layer: it is
    the config file's, and --config's too where that changes something.
    """
    origin = next(iter(files))
    if not path:
        return f"{origin} with {TYPED}" if files.get(TYPED) else origin
    for name, values in files.items():
        if _has(values, path):
            origin = name
    return origin


def _has(values: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if isinstance(values, list):
            return True  # a list comes from one layer as a whole
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return True
