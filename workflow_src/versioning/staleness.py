"""Which rules a key of the config makes stale, key by key: docs/staleness.md.

Each leaf of the config gets another value, and the settings of all jobs are made
again; a rule whose settings differ is what Snakemake runs again. Nothing about it is
written by hand.

    python -m workflow_src.versioning.staleness

writes the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_src.config.dependencies import (
    APART,
    STAGES,
    changed,
    dependencies,
    other_jobs,
)
from workflow_src.config.reading import layers, resolve
from workflow_src.config.schema import Config
from workflow_src.config.steps import corpus_identity
from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.settings import read
from workflow_src.versioning.leaves import leaves, with_other_values

PAGE = Path("docs") / "staleness.md"
# The embedded corpus with small models, and AudioCaps with published ones: between
# them they use every key but those of a folder.
VARIANTS: dict[str, dict[str, Any]] = {
    "demo": {"scale": "demo"},
    "paper": {"scale": "paper"},
}


@dataclass(frozen=True)
class Effect:
    """What another value of a leaf does.

    Attributes:
        other_corpus: the corpus is another one, with folders of its own.
        stale: rules whose jobs run again.
        other_jobs: rules that have more, fewer or other jobs.
    """

    other_corpus: bool
    stale: frozenset[str]
    other_jobs: frozenset[str]

    def __or__(self, other: Effect) -> Effect:
        return Effect(
            self.other_corpus or other.other_corpus,
            self.stale | other.stale,
            self.other_jobs | other.other_jobs,
        )

    @property
    def rules(self) -> frozenset[str]:
        """All rules that have something to do."""
        return self.stale | self.other_jobs


NO_EFFECT = Effect(False, frozenset(), frozenset())


def effect(before: Config, after: Config) -> Effect:
    """What differs between the jobs of two configs."""
    old, new = dependencies(before), dependencies(after)
    return Effect(
        corpus_identity(before) != corpus_identity(after),
        frozenset(changed(old, new)),
        frozenset(other_jobs(old, new)),
    )


def effects(
    overrides: Mapping[str, Any], path: Path | str = "config.yaml"
) -> dict[str, Effect]:
    """What another value of each leaf does, under a config file.

    Args:
        overrides: as behind --config; `scale` above all.
        path: the config file.

    Returns:
        Dotted key -> effect, of every leaf that has another valid value.
    """
    values = resolve(layers(path, overrides))
    before = read(Config, values)
    found = {}
    for leaf, _ in leaves(values):
        after = _first_valid(leaf, values)
        if after is not None:
            found[leaf] = effect(before, after)
    return found


def _first_valid(leaf: str, values: Mapping[str, Any]) -> Config | None:
    """The config with another value of a leaf; None where it has no other.

    Raises:
        InputError: none of the other values is valid.
    """
    complaint = None
    for other in with_other_values(values, leaf):
        try:
            return read(Config, other, leaf)
        except InputError as error:
            complaint = error
    if complaint is not None:
        raise complaint
    return None


def page(path: Path | str = "config.yaml") -> str:
    """The text of docs/staleness.md."""
    found: dict[str, Effect] = {}
    for overrides in VARIANTS.values():
        for leaf, own in effects(overrides, path).items():
            found[leaf] = found.get(leaf, NO_EFFECT) | own
    lines = [
        "# What a change in config.yaml makes stale",
        "",
        "Made by `python -m workflow_src.versioning.staleness` and checked by a test: "
        "each key gets another value, at the scales demo and paper, and the settings "
        "of all jobs are compared. A rule in the second column runs again, and after "
        "it what is made from its files. Snakemake's dry run, `dvc status` and a "
        "training that finds an interrupted one compare the same settings.",
        "",
        "Not in the table: the names of `recipes` and of the rows of `tables` are a "
        "user's choice; a new one brings new jobs. The overlays `config/<scale>.yaml` "
        "have the same keys.",
        "",
        "| key | makes stale |",
        "|---|---|",
    ]
    lines += [f"| `{leaf}` | {_in_words(own)} |" for leaf, own in found.items()]
    return "\n".join(lines) + "\n"


def _in_words(found: Effect) -> str:
    if found.other_corpus:
        return "nothing: another corpus, with folders of its own"
    order = [rule for rules in STAGES.values() for rule in rules] + list(APART)
    parts = []
    stale = [rule for rule in order if rule in found.stale]
    if stale:
        parts.append(", ".join(f"`{rule}`" for rule in stale))
    other = [rule for rule in order if rule in found.other_jobs - found.stale]
    if other:
        parts.append("other jobs of " + ", ".join(f"`{rule}`" for rule in other))
    return "; ".join(parts) or "nothing: how a step runs, not what comes out"


if __name__ == "__main__":
    write_atomically(PAGE, page())
