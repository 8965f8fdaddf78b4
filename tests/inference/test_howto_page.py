"""docs/howto/caption-and-search-your-sounds.md: every command and snippet runs."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from workflow_src import cli
from workflow_src.inference.commands import COMMANDS

PAGE = Path(__file__).parents[2] / "docs/howto/caption-and-search-your-sounds.md"
TEXT = PAGE.read_text(encoding="utf-8")


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


LINES = [line for block in fenced("sh") for line in block.splitlines()]


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """What the page speaks of: runs, sounds and captions."""
    shutil.copytree(trained.root / "runs", tmp_path / "runs")
    for name, source in (("sounds/rain.wav", "noise"), ("more/bell.mp3", "fast")):
        path = tmp_path / name
        path.parent.mkdir()
        shutil.copy(trained.sounds / f"{source}.flac", path)
    shutil.copytree(PAGE.parents[1] / "sounds", tmp_path / "docs/sounds")
    (tmp_path / "captions.txt").write_text("rain falls\na dog barks\na low hum\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_page_runs(place, capfdbinary):
    # The web page has a page of its own.
    assert {shlex.split(line)[3] for line in LINES} == set(COMMANDS) - {"serve"}
    for line in LINES:
        python, dash_m, package, *words = shlex.split(line)
        assert (python, dash_m, package) == ("python", "-m", "workflow_src")
        cli.main(words)
        out, err = capfdbinary.readouterr()
        assert out, line
        assert err == b"", f"{line}: quiet where nobody looks"


def test_every_snippet_of_the_page_runs(place, capsys):
    found = fenced("py")
    assert len(found) == 2
    for snippet in found:
        exec(compile(snippet, str(PAGE), "exec"), {})
    assert "rain falls" in capsys.readouterr().out


def test_the_example_of_json_has_the_fields_of_the_output(place, capfdbinary):
    import json

    [example] = fenced("json")
    cli.main(["caption", "all", "sounds/rain.wav", "--json"])
    printed = json.loads(capfdbinary.readouterr().out)
    example = json.loads(example)
    assert list(printed) == list(example)
    assert list(printed["captions"][0]) == list(example["captions"][0])
    assert printed["captions"][0]["text"] == example["captions"][0]["text"]
