"""Fresh clones in which the README's commands are run as a user types them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.workflow.clones import Clone

GIT = "git -c user.name=test -c user.email=test@example.org -c commit.gpgsign=false"


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
            assert not (folder / "finished").exists(), "it failed in another process"
            finished = Clone.of_this(folder / "finished")
            finished.select_scale("smoke")
            finished.run("snakemake --cores 8 --resources gpu=1 all")
            shutil.copytree(folder / "finished", folder / "recorded", symlinks=True)
            recorded = Clone(folder / "recorded")
            recorded.ship("embedded-smoke")
            recorded.run("snakemake text")
            recorded.run("python -m workflow_src.versioning.commit")
            recorded.run(
                "git add --all && git add --all --force results/embedded-smoke"
            )
            recorded.run(f"{GIT} commit -q -m smoke")
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
    return Clone.of(made_once / "recorded", tmp_path / "another")


@pytest.fixture
def fresh(tmp_path) -> Clone:
    """A clone in which nothing has run."""
    return Clone.of_this(tmp_path / "clone")
