"""A step whose input is not there says which, in one sentence, and fails."""

import contextlib
import io
import shlex
import sys

import pytest

from tests.workflow.clones import Clone
from workflow_src import cli

pytestmark = pytest.mark.workflow
# They read nothing of the workflow's: they synthesise, fetch, or write settings down.
WITHOUT_INPUT = {"identify-corpus", "embedded-captions", "embedded-audio", "fetch"}


def commands(clone: Clone) -> dict[str, list[str]]:
    """A command of every step that `all` runs, as the rules call it."""
    shown = clone.run(
        f"{sys.executable} -m workflow_src.snakemake_command --dry-run "
        "--printshellcmds --cores 2 all"
    ).stdout
    found = {}
    for line in shown.splitlines():
        _, step, options = line.partition("python -m workflow_src ")
        if step:
            words = shlex.split(options.partition(" > ")[0])
            found.setdefault(words[0], words)
    return found


def test_every_step_names_the_input_that_is_not_there(fresh, tmp_path, monkeypatch):
    fresh.select_scale("smoke")
    asked = commands(fresh)
    assert {"ingest", "train-captioner", "caption-split", "table"} <= set(asked)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    wrong = []
    for name, words in asked.items():
        if name in WITHOUT_INPUT:
            continue
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                cli.main(words)
            wrong.append(f"{name}: it ended well")
        except SystemExit as ended:
            lines = said.getvalue().splitlines()
            named = any(word in lines[-1] for word in words if "/" in word)
            if not ended.code or not lines[-1].startswith("error: ") or not named:
                wrong.append(f"{name}: {ended.code}: {lines[-1]}")
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)
