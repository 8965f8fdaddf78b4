"""What the study writes, and where its trainings lie."""

from __future__ import annotations

from pathlib import Path

from workflow_src.study.settings import Arm

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


def run_folder(runs: Path, arm: Arm, seed: int) -> Path:
    """Folder of one training of the study.

    Args:
        runs: folder of all of them.
        arm: what is trained.
        seed: of the training.
    """
    return runs / arm.corpus / arm.task / arm.recipe / f"seed{seed}"
