"""Which keys of config.yaml each stage of dvc.yaml depends on.

DVC reads keys of a file; the values that count are those of the resolved config,
where `scales.<scale>` replaces others. So a stage has, of its sections, the keys
that the scale leaves alone and the scale's own: a value that has no effect makes
nothing stale for DVC, as for Snakemake.
"""

from collections.abc import Iterator, Mapping

# A stage's own sections; what it inherits comes through the stage before it.
SECTIONS = {
    "features": [
        "corpus",
        "corpus_dir",
        "train_clips",
        "audio",
        "clips",
        "embedded",
        "audiocaps",
    ],
    "train": [
        "seeds",
        "pretraining",
        "pretrained_sha256",
        "captioning",
        "retrieval",
        "augmentations",
        "recipes",
        "tta",
    ],
    "evaluate": ["metrics", "tables"],
}
# Where it runs, not what comes out; and what is no part of `all`.
NO_RESULT = ["device", "threads", "trust_pickle", "sweep"]


def tracked(values: Mapping, scale: str, stage: str) -> list[str]:
    """List the keys, dotted, that a stage depends on.

    Args:
        values: of config.yaml as it is in the file.
        scale: the scale that is recorded.
        stage: of dvc.yaml.
    """
    replaced = values["scales"][scale]
    keys = ["scale"] if stage == "features" else []
    for section in SECTIONS[stage]:
        if section in values:
            keys += _left_alone(section, values[section], replaced.get(section))
    keys += [f"scales.{scale}.{name}" for name in SECTIONS[stage] if name in replaced]
    return keys


def _left_alone(key: str, value: object, replaced: object) -> Iterator[str]:
    """Yield the coarsest keys below `key` of which the scale replaces nothing."""
    if replaced is None:
        yield key
    elif isinstance(value, Mapping) and isinstance(replaced, Mapping):
        for name, part in value.items():
            if name in replaced and replaced[name] is None:
                continue  # replaced by null
            yield from _left_alone(f"{key}.{name}", part, replaced.get(name))
