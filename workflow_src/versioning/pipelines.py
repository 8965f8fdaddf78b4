"""Writes DVC's stages of a corpus: dvc.yaml, or tracked/<corpus>/dvc.yaml.

The one that ships is the pattern of all others. Entered are the corpus, the keys of the
config that its stages depend on, the curves of its trainings, and a stage for its
waveforms where these cannot be made anew.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import yaml
from dvc.utils.serialize import modify_yaml

from workflow_src.config import load
from workflow_src.config.dependencies import STAGES, trained_recipes
from workflow_src.config.schema import Config
from workflow_src.layout import FRONT_ENDS, Layout
from workflow_src.models.run_folder import HISTORY
from workflow_src.versioning.selected import SHIPPED_STAGES
from workflow_src.versioning.stages import tracked

CORPUS = "${corpus}"  # what DVC replaces in a file of stages
WAVEFORMS = "waveforms"
# Recipes whose curves are worth a look side by side.
PLOTTED = ("none", "specaugment", "pairmix", "all")
SHIPPED = "shipped"  # the remote that is part of this repository


def write_stages(path: Path, layout: Layout) -> None:
    """Enter the corpus and what its stages depend on; keep all else.

    Args:
        path: the file; a new one follows the pattern of dvc.yaml.
        layout: of the selected corpus.
    """
    config = load()
    up = "" if path == SHIPPED_STAGES else f"{os.path.relpath('.', path.parent)}/"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHIPPED_STAGES, path)
    with modify_yaml(path) as content:
        content["vars"][0]["corpus"] = layout.name
        stages = content["stages"]
        for stage, files in tracked().items():
            stages[stage]["params"] = [{file: keys} for file, keys in files.items()]
        stages.pop(WAVEFORMS, None)
        if config.selected_corpus != "embedded":
            stages[WAVEFORMS] = _waveforms()
        if up:
            for stage in stages.values():
                stage["wdir"] = up.rstrip("/")
                for out in stage["outs"]:
                    # To the remote of whoever has another corpus than the shipped.
                    next(iter(out.values())).pop("remote", None)
        content["metrics"] = [f"{up}{Layout(CORPUS).results}/metrics"]
        content["plots"] = _plots(config, up)


def addresses(path: Path) -> list[str]:
    """DVC's names of the stages in a file, those of the waveforms left out."""
    return [_address(path, stage) for stage in STAGES]


def remote_addresses(path: Path) -> list[str]:
    """Of those, the ones whose files are in a remote and not in git."""
    return [_address(path, stage) for stage in STAGES if stage != "evaluate"]


def waveforms_address(path: Path) -> str | None:
    """DVC's name of the stage of a corpus's waveforms; None where it has none."""
    stages = yaml.safe_load(path.read_text(encoding="utf-8"))["stages"]
    if WAVEFORMS not in stages:
        return None
    return _address(path, WAVEFORMS)


def _address(path: Path, stage: str) -> str:
    return stage if path == SHIPPED_STAGES else f"{path}:{stage}"


def _waveforms() -> dict[str, Any]:
    return {
        "cmd": [
            f"python -m workflow_src.versioning.selected {CORPUS}",
            "python -m workflow_src.versioning.waveforms",
        ],
        "deps": [str(Layout(CORPUS).data)],
        "outs": [{f"waveforms/{CORPUS}": {"persist": True}}],
    }


def _plots(config: Config, up: str) -> list[dict[str, Any]]:
    """The loss by epoch of each task's trainings, those of all seeds."""
    plots = []
    for task in FRONT_ENDS:
        recipes = [own for own in PLOTTED if own in trained_recipes(config, task)]
        curves = {
            f"{up}{Layout(CORPUS).run(task, recipe, seed) / HISTORY}": "loss"
            for recipe in recipes
            for seed in config.seeds
        }
        if curves:
            name = f"{task.capitalize()}, training loss by epoch"
            plots.append({name: {"x": "epoch", "y_label": "loss", "y": curves}})
    return plots
