"""A command that Snakemake prints does the same when it is pasted into a shell."""

import re
import shlex
import shutil

import pytest

from tests.workflow.clones import Clone
from workflow_src.config import load
from workflow_src.config.dependencies import dependencies
from workflow_src.files import file_digest
from workflow_src.settings import plain, read_json
from workflow_src.steps import step

pytestmark = pytest.mark.workflow

# One rule of each stage: one of its outputs, below data/, runs/ or results/.
STAGES = {
    "embedded_captions": "data/embedded-smoke/source/train.csv",
    "log_mels": "data/embedded-smoke/log_mels/act/val/array.raw",
    "word2vec": "data/embedded-smoke/text/word2vec.npy",
    "train_captioning": "runs/embedded-smoke/captioning/all/seed20/model.pt",
    "caption_split": "runs/embedded-smoke/captioning/all/seed20/captions.csv",
    "score_captions": "runs/embedded-smoke/captioning/all/seed20/scores.json",
    "table": "results/embedded-smoke/table1.csv",
}


def commands(clone, arguments: str) -> dict[str, list[str]]:
    """The commands that Snakemake would run: rule -> commands."""
    text = clone.run(f"snakemake --dry-run --printshellcmds {arguments}").stdout
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=(?:local)?rule )", text)[1:]:
        rule = re.match(r"(?:local)?rule (\w+)", block).group(1)
        command = re.search(r"python -m workflow_src .*", block)
        if command:
            found.setdefault(rule, []).append(command.group(0))
    return found


@pytest.fixture(scope="module")
def printed(made_once):
    """Every command of the graph at smoke scale."""
    return commands(Clone(made_once / "finished"), "--forceall all")


@pytest.fixture(scope="module")
def copied(made_once, tmp_path_factory) -> Clone:
    """A copy of the finished clone, in which files are made again."""
    folder = tmp_path_factory.mktemp("copied") / "clone"
    shutil.copytree(made_once / "finished", folder, symlinks=True)
    return Clone(folder)


@pytest.mark.parametrize("rule", STAGES)
def test_a_pasted_command_makes_the_same_bytes(copied, printed, rule):
    output = copied.folder / STAGES[rule]
    # The command names the output itself, or its folder.
    names = (STAGES[rule], STAGES[rule].rpartition("/")[0] + " ")
    command = next(
        command for command in printed[rule] if any(name in command for name in names)
    )
    before = file_digest(output)
    # A shell that knows nothing: what the command needs is in the command.
    bare = f"env -i PATH=$PATH LANG=C.UTF-8 sh -c {shlex.quote(command)}"
    copied.run(bare)
    assert file_digest(output) == before


# Rules whose parameters say what their temporary inputs depend on, and whose command
# needs no settings itself.
STALE_WITH_THEIR_INPUTS = {"join"}


def test_the_settings_in_the_commands_are_those_of_the_config(printed):
    """What Snakemake compares is what docs/staleness.md is made from."""
    stated = dependencies(load(overrides={"scale": "smoke"}))
    for rule, jobs in stated.items():
        if not any(
            hasattr(settings, "__dataclass_fields__") for settings in jobs.values()
        ):
            continue
        if rule not in printed or rule in STALE_WITH_THEIR_INPUTS:
            continue
        wanted = {str(plain(settings)) for settings in jobs.values()}
        found = set()
        for command in printed[rule]:
            words = shlex.split(command)
            text = words[words.index("--settings") + 1]
            kind = type(next(iter(jobs.values())))
            found.add(str(plain(read_json(kind, text))))
            assert step(words[3]) is not None
        assert found == wanted, rule
