"""What the study writes, and where its trainings lie."""

from __future__ import annotations

from pathlib import Path

STUDY_FILES = [
    "effects.csv",
    "captions.csv",
    "curves.csv",
    "test_time.csv",
    "effects.png",
    "effects.svg",
    "curves.png",
    "curves.svg",
    "effects.md",
]


def run_folder(runs: Path, clips: int, task: str, recipe: str, seed: int) -> Path:
    """Folder of one training of the study.

    Args:
        runs: folder of all of them.
        clips: of the training corpus.
        task: captioning or retrieval.
        recipe: name of the augmentation recipe.
        seed: of the training.
    """
    return runs / str(clips) / task / recipe / f"seed{seed}"
