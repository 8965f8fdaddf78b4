"""The file of corpus scores that every evaluated run has, for both tasks."""

import json
from collections.abc import Mapping
from pathlib import Path

from workflow_src.files import write_atomically


def write_scores(folder: Path, clips: int, metrics: Mapping[str, float]) -> None:
    """Write `scores.json`: {"clips": N, "metrics": {name: value}}."""
    content = {"clips": clips, "metrics": dict(metrics)}
    write_atomically(folder / "scores.json", json.dumps(content, indent=2) + "\n")
