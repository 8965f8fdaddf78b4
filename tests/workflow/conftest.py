"""Fresh clones in which the README's commands are run as a user types them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Clone:
    """A clone of this repository, with what is not committed yet on top."""

    def __init__(self, folder: Path):
        self.folder = folder
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)

    def select_scale(self, scale: str) -> None:
        """Edit config.yaml as the README says."""
        path = self.folder / "config.yaml"
        text, count = re.subn(r"(?m)^scale: \w+", f"scale: {scale}", path.read_text())
        assert count == 1
        path.write_text(text)

    def run(self, command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run a command line in the clone, in this environment; output in .stdout."""
        scripts = Path(sys.executable).parent
        environment = os.environ | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"
        }
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check and done.returncode:
            raise AssertionError(f"{command} exited {done.returncode}:\n{done.stdout}")
        return done


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Clone:
    """A clone in which the whole graph has run at smoke scale, as typed."""
    clone = Clone(tmp_path_factory.mktemp("finished") / "clone")
    clone.select_scale("smoke")
    clone.first = clone.run("snakemake --cores 8 --resources gpu=1 all")
    return clone


@pytest.fixture
def fresh(tmp_path) -> Clone:
    """A clone in which nothing has run."""
    return Clone(tmp_path / "clone")
