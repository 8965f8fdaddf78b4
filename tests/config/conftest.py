"""A copy of the shipped config that a test can edit."""

import shutil
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class ConfigCopy:
    """config.yaml and its overlays in a folder of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config.yaml"
        shutil.copyfile(ROOT / "config.yaml", self.path)
        shutil.copytree(ROOT / "config", folder / "config")

    def overlay(self, scale: str) -> Path:
        return self.path.parent / "config" / f"{scale}.yaml"

    def edit(self, change, path: Path | None = None) -> None:
        """Let a function change the values of a file in place."""
        path = path or self.path
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(values)
        path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


@pytest.fixture
def copied(tmp_path) -> ConfigCopy:
    return ConfigCopy(tmp_path)
