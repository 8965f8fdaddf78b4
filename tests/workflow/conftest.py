"""Fresh clones in which the README's commands are run as a user types them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]


GIT = "git -c user.name=test -c user.email=test@example.org -c commit.gpgsign=false"


class Clone:
    """A clone of this repository, or of another clone, in which commands run."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def of_this(cls, folder: Path) -> "Clone":
        """Clone this repository, with what is not committed yet on top."""
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
        return cls(folder)

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
def made_once(tmp_path_factory) -> Path:
    """The folder of what is made once for all test processes, ready.

    In it `finished` is a clone in which the whole graph has run at smoke scale, as
    typed, and `recorded` a copy of it, recorded with DVC and committed.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with FileLock(folder / "made_once.lock"):
        if not (folder / "made_once").exists():
            finished = Clone.of_this(folder / "finished")
            finished.select_scale("smoke")
            finished.run("snakemake --cores 8 --resources gpu=1 all")
            shutil.copytree(folder / "finished", folder / "recorded", symlinks=True)
            recorded = Clone(folder / "recorded")
            recorded.run("snakemake text")
            recorded.run("python -m workflow_src.versioning.commit")
            recorded.run(f"git add --all && {GIT} commit -q -m smoke")
            (folder / "made_once").touch()
    return folder


@pytest.fixture
def finished(made_once) -> Iterator[Clone]:
    """The finished clone, for one test at a time: tests edit its config."""
    with FileLock(made_once / "finished.lock"):
        yield Clone(made_once / "finished")


@pytest.fixture
def another(made_once, tmp_path) -> Clone:
    """A fresh clone of the recorded one."""
    folder = tmp_path / "another"
    subprocess.run(["git", "clone", "-q", made_once / "recorded", folder], check=True)
    return Clone(folder)


@pytest.fixture
def fresh(tmp_path) -> Clone:
    """A clone in which nothing has run."""
    return Clone.of_this(tmp_path / "clone")
