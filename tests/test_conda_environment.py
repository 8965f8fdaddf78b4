"""The conda environment is made from the pins of `make env`, wherever it is made."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "envs" / "workflow.post-deploy.sh"
PINS = ("requirements-torch.txt", "requirements.txt", "requirements-cuda.txt")

# What stands for `python` notes how it was called.
PYTHON = """#!/usr/bin/env bash
echo "$@" >> "$CALLS"
"""


def test_the_script_knows_what_it_installs():
    """So that other pins are another environment to Snakemake."""
    sums = hashlib.sha256(b"".join((ROOT / own).read_bytes() for own in PINS))
    line = f"# pins: {sums.hexdigest()}"
    assert line in SCRIPT.read_text().splitlines(), f"{SCRIPT} should say: {line}"


def test_the_environment_names_no_file_by_its_place():
    made = yaml.safe_load((ROOT / "envs" / "workflow.yaml").read_text())
    assert all(isinstance(own, str) for own in made["dependencies"])


def run(folder, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(PYTHON)
    (tmp_path / "bin" / "python").chmod(0o755)
    # Snakemake puts the script beside the environment, as here.
    script = tmp_path / "prefix of envs" / "0123.post-deploy.sh"
    script.parent.mkdir()
    script.write_bytes(SCRIPT.read_bytes())
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "CALLS": str(tmp_path / "calls")},
        capture_output=True,
        text=True,
    )


def test_every_pin_is_installed_with_its_checksum(tmp_path):
    done = run(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert re.match(r"-m pip download --dest \S+ torch==\d", calls[0])
    installed = [own for own in calls if " install " in own]
    assert [own.split("-r ")[1].split()[0] for own in installed] == list(PINS)
    assert all("--require-hashes" in own and "--no-deps" in own for own in installed)
    assert calls[-1] == "-m workflow_src.environment"


def test_another_folder_is_an_error(tmp_path):
    done = run(tmp_path, tmp_path)
    assert done.returncode == 1
    assert "start Snakemake in the workflow's folder" in done.stderr
    assert not (tmp_path / "calls").exists()
