"""The leaves of the config, and another valid value of each."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

# Parts that are one value: what is below them is a user's choice of names.
SINGLE_VALUES = (
    "recipes.*",
    "tables.*.rows",
    "pretrained_sha256",
    "audiocaps.huggingface",
    "study.comparisons",
    "study.test_time",
)
# Another value, where adding one or halving would be none.
OTHER_VALUES: dict[str, Any] = {
    "corpus": "folder",
    "corpus_dir": "elsewhere",
    "train_clips": 41,
    "seeds": [20, 21],
    "device": "cpu",
    "threads": 2,
    "training.resident": "none",
    "training.precision": "fp32",
    "training.compile": "off",
    "training.micro_batch": 8,
    "audio.seconds": 8,
    "audiocaps.version": "v2",
    "audiocaps.captions": "elsewhere",
    "audiocaps.source": "http",
    "audiocaps.test_source": "opensound",
    "audiocaps.test_clips": "act",
    "audiocaps.clips_per_hour": 60.0,
    "audiocaps.block_wait": 60,
    "audiocaps.folder": "elsewhere",
    "audiocaps.url": "http://localhost/{youtube_id}",
    "audiocaps.huggingface": {"repository": "somebody/something"},
    "audiocaps.cookies": "cookies.txt",
    "pretrained_sha256": {"audioset_deit.pth": "0" * 64},
    "captioning.pretrained": "elsewhere.pth",
    "retrieval.pretrained": "elsewhere.pth",
    "captioning.training.selection": "spider",
    "captioning.decoding.order": "best_first",
    "captioning.hop_length": 2000,
    "retrieval.model.text_encoder": "elsewhere",
    "retrieval.model.audio_blocks": [2, 1, 1, 1],
    "augmentations.noise.snr_db": [5.0, 20.0],
    "augmentations.reverb.rt60": [0.2, 0.5],
    "augmentations.reverb.direct_to_tail_db": None,
    "augmentations.reverb.responses": "elsewhere",
    "augmentations.pairmix.level": "waveform",
    "augmentations.pairmix.fixed_lambda": 0.5,
    "augmentations.pairmix.domain": "power",
    "augmentations.pairmix.joint": "conjunction",
    "augmentations.pairmix.level_range_db": 6.0,
    "augmentations.pairmix.name_range_db": 20.0,
    "metrics.spice": "none",
    "metrics.corenlp": "elsewhere",
    "tta.recipe": "pairmix",
    "tta.retrieval_layer": "conv2",
    "tta.views_per_batch": 8,
    "tta.encodings_per_search": 64,
    "tta.grid.taus": [10, 25, 50, 101],
    "tta.grid.multi": [[2, 5], [5, 5], [5, 11], [5, 20]],
    "sweep.recipe": "pairmix",
    "sweep.ratio": [0.3],
    "sweep.fixed_lambda": [0.4],
    "study.seeds": [1, 2, 4],
    "models.baseline": "none",
    "models.pairmix": "pairmix",
    "models.multi_tta": [5, 21],
}
# Likewise, where what is valid depends on other keys: the first that is.
# Values that must change together with a leaf to stay valid.
ROWS_OF_TTA_RECIPE = "rows with test-time augmentation of tta.recipe"
JOINT_CHANGES: dict[str, dict[str, Any]] = {
    "corpus": {"corpus_dir": "elsewhere"},
    "audiocaps.folder": {"audiocaps.source": "folder"},
    "audiocaps.url": {"audiocaps.source": "http"},
    "audiocaps.huggingface": {"audiocaps.source": "huggingface"},
    "audiocaps.source": {"audiocaps.url": "http://localhost/{youtube_id}"},
    "tta.recipe": {
        "tables.table1.rows": ROWS_OF_TTA_RECIPE,
        "tables.table2.rows": ROWS_OF_TTA_RECIPE,
    },
}
# What only `scale` and its overlay decide, or has one value.
UNCHANGEABLE = ("scale", "audio.sample_rate", "retrieval.training.selection")


def leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every leaf of a resolved config.

    Args:
        values: nested, as YAML has them.
        path: of `values`.
    """
    for key, value in values.items():
        own = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping) and not is_single_value(own):
            yield from leaves(value, own)
        else:
            yield own, value


def is_single_value(path: str) -> bool:
    """Whether a key's value counts as one leaf, whatever is below it."""
    parts = path.split(".")
    for pattern in SINGLE_VALUES:
        wanted = pattern.split(".")
        if len(parts) == len(wanted) and all(
            w in ("*", p) for w, p in zip(wanted, parts, strict=True)
        ):
            return True
    return False


def with_other_values(values: Mapping[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """Yield a copy of a config in which one leaf has another value.

    Nothing is yielded for a leaf that has no other value.
    """
    if path in UNCHANGEABLE:
        return
    changed = copy.deepcopy(dict(values))
    set_value(changed, path, _other(path, get_value(values, path)))
    for beside, value in JOINT_CHANGES.get(path, {}).items():
        if value == ROWS_OF_TTA_RECIPE:
            recipe = {"recipe": get_value(changed, "tta.recipe")}
            rows = get_value(changed, beside)
            value = [row | recipe if row.get("tta") else row for row in rows]
        set_value(changed, beside, value)
    yield changed


def _other(path: str, value: Any) -> Any:
    if path in OTHER_VALUES:
        return OTHER_VALUES[path]
    if path.startswith("recipes."):
        return {**value, "noise": {"probability": 0.25}}
    if path.endswith(".rows"):
        return value[:-1] or [{**value[0], "method": "another"}]
    if path == "models.entries":
        return [value[0] | {"learning_rate": 0.5}, *value[1:]]
    if path == "study.comparisons":
        return [{**own, "recipes": [*own["recipes"], "half"]} for own in value]
    if path == "study.test_time":
        return {**value, "tasks": value["tasks"][:1]}
    if path.endswith(".metrics"):
        return value[:-1]
    if path.endswith(".tasks"):
        return ["captioning"] if value == ["retrieval"] else ["retrieval"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2 if value else 1
    if isinstance(value, float):
        return value / 2 if value else 0.25
    raise KeyError(f"{path}: no other value than {value!r} is known")


def get_value(values: Mapping[str, Any], path: str) -> Any:
    """The value of a dotted key."""
    value: Any = values
    for key in path.split("."):
        value = value[key]
    return value


def set_value(values: dict[str, Any], path: str, value: Any) -> None:
    """Give a dotted key a value.

    Args:
        values: nested; changed in place.
        path: the key.
        value: any.
    """
    *parents, last = path.split(".")
    inner = values
    for key in parents:
        inner = inner[key]
    inner[last] = value
