"""Every target of Snakemake that README and docs/ name is one."""

import pytest

from tests.documented import commands
from tests.workflow.clones import Clone

pytestmark = pytest.mark.workflow


def targets(words):
    """The words of a command that are no options and no values of options."""
    if "--" in words:
        return words[words.index("--") + 1 :]
    found, skip = [], False
    for word in words:
        if word.startswith("-"):
            skip = word not in ("-n", "-p", "--touch")
        elif not skip or (found == [] and "=" not in word and not word.isdigit()):
            found.append(word)
    return found


def test_targets_are_told_from_options():
    assert targets(["--cores", "8", "--resources", "gpu=1", "all"]) == ["all"]
    assert targets(["results/table4.csv"]) == ["results/table4.csv"]
    assert targets(["--config", "a=b", "--", "study"]) == ["study"]
    assert targets(["-n"]) == []


def test_one_dry_run_knows_them_all(tmp_path):
    known = sorted({t for _, words in commands("snakemake") for t in targets(words)})
    assert {"all", "study", "sweep", "results/table4.csv"} <= set(known)
    clone = Clone.of_this(tmp_path / "clone")
    done = clone.run(f"snakemake -n --config scale=smoke -- {' '.join(known)}")
    assert "total" in done.stdout
