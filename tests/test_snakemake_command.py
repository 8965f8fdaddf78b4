"""The command line that Snakemake cannot read, and those it can."""

import pytest

from workflow_src.snakemake_command import normalise


@pytest.mark.parametrize(
    ("typed", "handed_over"),
    [
        (
            "--cores 8 --resources gpu=1 all",
            "all --cores 8 --resources gpu=1",
        ),
        (
            "--resources gpu=1 mem_mb=4000 all results/table4.csv --cores 2",
            "all results/table4.csv --resources gpu=1 mem_mb=4000 --cores 2",
        ),
        (
            "--resources gpu=1 all --config scale=smoke",
            "all --resources gpu=1 --config scale=smoke",
        ),
        ("--res gpu=1 all", "all --res gpu=1"),
        ("--cores 2 --config scale=smoke all", "all --cores 2 --config scale=smoke"),
        ("-C scale=smoke seeds=[1] all -n", "all -C scale=smoke seeds=[1] -n"),
    ],
)
def test_targets_after_values_come_first(typed, handed_over):
    assert normalise(typed.split()) == handed_over.split()


@pytest.mark.parametrize(
    "typed",
    [
        "results/table4.csv",
        "--cores 8 --resources gpu=1 -- all",
        "--cores 8 --resources gpu=1",
        "all --resources gpu=1",
        "--resources gpu=1 --cores 8 all",
        "--cores 2 --config scale=smoke -- all",
        "--resources all",  # wrong, and Snakemake says so
        "--lint",
        "",
    ],
)
def test_other_calls_pass_through_untouched(typed):
    assert normalise(typed.split()) == typed.split()


def test_normalising_twice_changes_nothing_more():
    once = normalise(["--cores", "8", "--resources", "gpu=1", "all"])
    assert normalise(once) == once
