"""Read config.yaml: apply the scale and the command line, check every key.

The resolved config is a plain nested dict. Its values come, in this order, from
the file, from the file's `scales.<scale>` section, and from the command line
(`--config` of Snakemake, `--set` of `python -m workflow_src`). Its recipes include
those of the sweep.
"""

import copy
import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from workflow_src.errors import InputError
from workflow_src.sweep import sweep_recipes
from workflow_src.tta import grid_points

# Environment variable: what Snakemake was given after --config, as JSON.
OVERRIDES = "WORKFLOW_OVERRIDES"
# ACT reads patches of so many frames, and has positions for so many patches.
ACT_PATCH_FRAMES, ACT_PATCHES = 4, 125
SCHEMA = Path(__file__).parent.parent / "schemas" / "config.schema.yaml"


def load(path: Path | str = "config.yaml", overrides: Mapping | None = None) -> dict:
    """Read a config file and resolve it.

    Args:
        path: the config file.
        overrides: nested values that replace those of the file and of its scale.

    Raises:
        InputError: the file cannot be read, or see :func:`resolve`.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {_one_line(error)}") from error
    return resolve(values, overrides or {}, source=str(path))


def resolve(values: Mapping, overrides: Mapping, source: str = "config.yaml") -> dict:
    """Apply the scale and the overrides to the values of a file, and check all.

    Raises:
        InputError: one sentence that names the key: unknown, missing, of the
            wrong type, out of range, or at odds with another key.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    overrides = _typed(overrides)
    _check(values, schema, source)
    _check(overrides, schema, "--config")
    # A recipe in a table's row replaces nothing: lists and scalars are replaced
    # as a whole, mappings are merged.
    chosen = overrides.get("scale", values.get("scale"))
    merged = merge(values, values.get("scales", {}).get(chosen, {}))
    merged = merge(merged, overrides)
    merged.pop("scales", None)
    _check(merged, schema, source)
    for path in _missing(schema, merged, schema):
        if path != "scales":
            raise InputError(f"{source}: {path} is missing")
    _check_agreement(merged, source)
    merged["recipes"] |= sweep_recipes(merged)
    if merged["corpus"] == "auto":
        merged["corpus"] = "audiocaps" if merged["scale"] == "paper" else "embedded"
    if merged["train_clips"] is not None:
        merged["embedded"]["train_clips"] = merged["train_clips"]
    return merged


def merge(base: Mapping, over: Mapping) -> dict:
    """Merge two nested mappings; where both have a value, `over` wins."""
    merged = copy.deepcopy(dict(base))
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            # An augmentation's empty mapping in a recipe is a value of its own,
            # and merging with it changes nothing: both readings agree.
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def corpus_name(config: Mapping) -> str:
    """Name the corpus as built at this scale: the folder below data/ and runs/."""
    if config["corpus"] == "folder":
        return f"{Path(config['corpus_dir']).resolve().name}-{config['scale']}"
    return f"{config['corpus']}-{config['scale']}"


def own_encoder(config: Mapping, task: str) -> bool:
    """Whether a task's audio encoder starts from our own pre-training on tags.

    It does where the config names no published checkpoint and the corpus has
    tags, which only the embedded one has.
    """
    return config[task]["pretrained"] is None and config["corpus"] == "embedded"


def parse_set(assignments: list[str]) -> dict:
    """Read `--set` arguments: KEY=VALUE, the key dotted, the value YAML.

    Raises:
        InputError: an assignment without "=".
    """
    overrides: dict = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            raise InputError(f"--set {assignment}: expected KEY=VALUE")
        value = yaml.safe_load(text)
        for key in reversed(path.split(".")):
            value = {key: value}
        overrides = merge(overrides, value)
    return overrides


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


def _check(values: Any, schema: Mapping, source: str) -> None:
    """Raise an InputError for the first violation of the schema."""
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(values))
    if error is not None:
        raise InputError(f"{source}: {_sentence(error)}")


def _sentence(error: jsonschema.ValidationError) -> str:
    path = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
        return f"{path + '.' if path else ''}{unknown} is not a known key{hint}"
    if error.validator == "type":
        wanted = error.validator_value
        wanted = " or ".join(wanted) if isinstance(wanted, list) else wanted
        return f"{path} must be of type {wanted}, not {json.dumps(error.instance)}"
    if error.validator == "enum":
        choices = ", ".join(map(str, error.validator_value))
        return f"{path} must be one of {choices}, not {json.dumps(error.instance)}"
    return f"{path or 'the file'}: {_one_line(error.message)}"


def _missing(schema: Mapping, values: Mapping, root: Mapping) -> Iterator[str]:
    """Yield the dotted paths of keys that the schema knows and the config lacks.

    Parts of the schema that are marked `partial: true` may leave keys out.
    """
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("partial"):
        return
    for key, part in schema.get("properties", {}).items():
        if key not in values:
            yield key
        elif isinstance(values[key], Mapping):
            yield from (f"{key}.{path}" for path in _missing(part, values[key], root))


def _check_agreement(config: Mapping, source: str) -> None:
    """Check what a schema cannot say: that keys agree with each other."""
    for table, content in config["tables"].items():
        for number, row in enumerate(content["rows"], start=1):
            where = f"{source}: tables.{table}, row {number} ({row['method']})"
            recipe = row["recipe"]
            if recipe not in config["recipes"]:
                near = difflib.get_close_matches(recipe, config["recipes"], n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise InputError(
                    f"{where} names recipe {recipe}, which `recipes` does not "
                    f"define{hint}"
                )
            tasks = row.get("tasks", content["tasks"])
            if "tta" in row:
                _check_grid_row(row, config, where)
            if "captioning" in tasks and "eda" in config["recipes"][recipe]:
                raise InputError(
                    f"{where} trains captioning with recipe {recipe}, whose `eda` "
                    "would change the target captions; give the row "
                    "`tasks: [retrieval]`"
                )
    for part in ("encoder", "decoder"):
        model = config["captioning"]["model"]
        width, heads = model[f"{part}_width"], model[f"{part}_heads"]
        if width % heads:
            raise InputError(
                f"{source}: captioning.model.{part}_width ({width}) is not a "
                f"multiple of {part}_heads ({heads})"
            )
    audio, hop = config["audio"], config["captioning"]["hop"]
    frames = round(audio["seconds"] * audio["sample_rate"]) // hop
    most = ACT_PATCH_FRAMES * ACT_PATCHES
    if frames % ACT_PATCH_FRAMES or frames > most:
        raise InputError(
            f"{source}: captioning.hop {hop} cuts audio.seconds {audio['seconds']:g} "
            f"into {frames} frames; ACT reads a multiple of {ACT_PATCH_FRAMES}, at "
            f"most {most}"
        )
    for section in ("tta", "sweep"):
        if config[section]["recipe"] not in config["recipes"]:
            raise InputError(
                f"{source}: {section}.recipe is {config[section]['recipe']}, which "
                "`recipes` does not define"
            )
    if config["corpus"] == "folder" and config["corpus_dir"] is None:
        raise InputError(f"{source}: corpus is folder, but corpus_dir is null")


def _check_grid_row(row: Mapping, config: Mapping, where: str) -> None:
    """Check that a row with test-time augmentation is a point of the grid."""
    points = [point.name for point in grid_points(**config["tta"]["grid"])]
    if row["tta"] not in points:
        raise InputError(
            f"{where}: tta is {row['tta']}, which is no point of tta.grid: "
            f"{', '.join(points)}"
        )
    if row["recipe"] != config["tta"]["recipe"]:
        raise InputError(
            f"{where} has recipe {row['recipe']}, but tta.recipe is "
            f"{config['tta']['recipe']}"
        )


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
