"""Every target of Snakemake that README and docs/ name is one."""

import pytest

from tests.documented import commands
from tests.workflow.clones import Clone

pytestmark = pytest.mark.workflow
FLAGS = ("-n", "-p", "--touch")  # options without a value


def targets(words):
    """The words of a command that are no options and no values of options."""
    if "--" in words:
        return words[words.index("--") + 1 :]
    found, value = [], False
    for word in words:
        if word.startswith("-"):
            value = word not in FLAGS
        elif value or "=" in word:
            value = False
        else:
            found.append(word)
    return found


def test_targets_are_told_from_options():
    assert targets(["--cores", "8", "--resources", "gpu=1", "all"]) == ["all"]
    assert targets(["results/table4.csv"]) == ["results/table4.csv"]
    assert targets(["--config", "a=b", "--", "study"]) == ["study"]
    assert targets(["-n"]) == []
    assert targets(["--profile", "profiles/slurm", "all"]) == ["all"]


def test_one_dry_run_knows_them_all(tmp_path):
    known = sorted({t for _, words in commands("snakemake") for t in targets(words)})
    assert {"all", "study", "sweep", "results/table4.csv"} <= set(known)
    clone = Clone.of_this(tmp_path / "clone")
    done = clone.run(f"snakemake -n --config scale=smoke -- {' '.join(known)}")
    assert "total" in done.stdout
