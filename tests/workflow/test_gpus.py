"""How many GPUs a workflow's jobs take, on a machine that pretends to have three."""

import re

import pytest

pytestmark = pytest.mark.workflow

# Python imports it before anything else.
PRETENDING = """
from workflow_src import gpus
gpus.installed = lambda: ("GPU-a", "GPU-b", "GPU-c")
gpus.torch_is_built_for_gpus = lambda: True
"""


def test_all_gpus_of_the_machine_or_as_many_as_are_said(fresh):
    fresh.select_scale("smoke")
    (fresh.folder / "sitecustomize.py").write_text(PRETENDING)
    pretending = "env -u CUDA_VISIBLE_DEVICES PYTHONPATH=. snakemake --cores 2"
    first = "--until identify_corpus"
    for options, taken in (("", "3"), ("--resources gpu=2", "2")):
        fresh.run("rm -rf data")
        done = fresh.run(f"{pretending} {first} {options} -- all")
        assert re.findall(
            r'Provided resources: gpu=Resource\("gpu", (\d+)', done.stdout
        ) == [taken]
    for options, taken in (
        ("--config device=cuda", "1"),
        ("--config device=cpu", "0"),
        ("--resources gpu=0", "0"),
    ):
        done = fresh.run(f"{pretending} --dry-run {options} -- all")
        assert set(re.findall(r" gpu=(\d+)", done.stdout)) - {"0"} == {taken} - {"0"}
