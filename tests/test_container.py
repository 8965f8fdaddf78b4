"""The Dockerfile builds from what is here. No image is built: that takes a daemon."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"
TEXT = DOCKERFILE.read_text()


def targets():
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    return set(phony.split())


def test_what_it_makes_are_targets_of_the_makefile():
    made = re.findall(r"(?:RUN|pairmix-workflow) make (\w+)", TEXT)
    made += re.findall(r'\["make", "(\w+)"\]', TEXT)
    assert set(made) == {"env", "demo", "test"}
    assert set(made) <= targets()


def test_the_tools_of_the_makefile_are_installed():
    """And the Python of the base image is one that is locked."""
    (packages,) = re.findall(r"--no-install-recommends \\\n(.*?)&& rm", TEXT, re.DOTALL)
    assert {"git", "make", "python3", "python3-venv"} <= set(packages.split())
    assert "ubuntu24.04" in TEXT  # Python 3.12


def test_what_is_made_here_stays_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    made = {".venv*", ".snakemake", "data", "runs", "logs", "pretrained"}
    assert made <= set(ignored)
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    tops = {name.split("/")[0] for name in tracked.splitlines()}
    assert not tops & set(ignored)


@pytest.mark.skipif(
    shutil.which("hadolint") is None, reason="there is no hadolint: pip install it"
)
def test_the_linter_finds_nothing():
    done = subprocess.run(["hadolint", DOCKERFILE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
