"""The workflow as a module of another one, as `snakedeploy` writes it."""

import shutil

import pytest

from tests.workflow.clones import ROOT, Clone

pytestmark = pytest.mark.workflow
SNAKEFILE = """\
configfile: "config.yaml"

module pairmix:
    snakefile: "{root}/Snakefile"
    config: config

use rule * from pairmix
"""


def test_another_workflow_plans_the_whole_graph(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(root=ROOT))
    shutil.copyfile(ROOT / "config.yaml", tmp_path / "config.yaml")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    done = Clone(tmp_path).run("snakemake --cores 2 -n --config scale=smoke -- all")
    assert "train_captioning" in done.stdout
    assert "results/table4.csv" in done.stdout
    assert not (tmp_path / "data").exists()
