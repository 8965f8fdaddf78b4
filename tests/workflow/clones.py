"""A clone of the project in which a user's commands run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Clone:
    """A clone of this repository, or of another clone, in which commands run."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def of(cls, repository: Path, folder: Path) -> "Clone":
        """Clone what is committed in a repository."""
        subprocess.run(["git", "clone", "-q", repository, folder], check=True)
        return cls(folder)

    @classmethod
    def of_this(cls, folder: Path) -> "Clone":
        """Clone this repository, with what is not committed yet on top."""
        clone = cls.of(ROOT, folder)
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
        return clone

    def select_scale(self, scale: str) -> None:
        """Edit config.yaml as the README says."""
        path = self.folder / "config.yaml"
        text, count = re.subn(r"(?m)^scale: \w+", f"scale: {scale}", path.read_text())
        assert count == 1
        path.write_text(text)

    def ship(self, corpus: str) -> None:
        """Make a corpus the one whose artifacts the repository's own remote has."""
        path = self.folder / "dvc.yaml"
        text, count = re.subn(
            r"(?m)^- corpus: [\w-]+", f"- corpus: {corpus}", path.read_text()
        )
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
