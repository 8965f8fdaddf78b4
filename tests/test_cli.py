"""The command line: every step is there, and bad input is one sentence."""

import importlib.metadata
import inspect

import pytest

from workflow_src import cli
from workflow_src.arguments import parser_of
from workflow_src.metrics.java import JavaError
from workflow_src.steps import STEPS, TOOLS, step, tool
from workflow_src.version import code_version

NAMES = [name for commands in STEPS.values() for name in commands]


def stopped(*words) -> int:
    with pytest.raises(SystemExit) as raised:
        cli.main(words)
    return raised.value.code


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_overview_lists_every_step(capsys, words):
    cli.main(words)
    printed = capsys.readouterr().out
    listed = printed.replace(",", " ").split()
    assert {*NAMES, *TOOLS} <= set(listed)
    assert "score" in listed
    for stage in STEPS:
        assert stage in listed


def test_no_two_commands_share_a_name():
    assert len(NAMES) == len({*NAMES} - {*TOOLS})
    assert step("zebra") is None
    assert tool("zebra") is None


@pytest.mark.parametrize("name", [*NAMES, *TOOLS])
def test_every_command_resolves_and_explains_its_options(name):
    function = step(name) or tool(name)
    parser = parser_of(function, name)
    parameters = list(inspect.signature(function).parameters)
    options = {action.dest: action for action in parser._actions}
    assert set(options) == {*parameters, "help"}
    assert parser.description.endswith(".")
    for parameter in parameters:
        assert options[parameter].help, f"{name}: {parameter} is not explained"
    # argparse expands what it takes for placeholders only now.
    assert f"python -m workflow_src {name}" in parser.format_help()


def test_an_unknown_command_is_one_sentence_and_status_two(capsys):
    assert stopped("vocabluary") == 2
    assert capsys.readouterr().err == (
        "error: vocabluary is no command; python -m workflow_src lists them all\n"
    )


def test_a_step_without_its_input_names_the_file(capsys, tmp_path):
    words = ["--captions", str(tmp_path / "train.csv"), "--output", str(tmp_path / "v")]
    assert stopped("vocabulary", *words) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {tmp_path / 'train.csv'} ")
    assert printed.count("\n") == 1
    assert not (tmp_path / "v").exists()


def test_bad_settings_are_one_sentence_and_status_two(capsys, tmp_path):
    words = ["--waveforms", "x", "--output", str(tmp_path / "y")]
    assert stopped("log-mels", "--settings", '{"name": "act"}', *words) == 2
    assert capsys.readouterr().err == "error: --settings: hop_length is missing\n"
    assert stopped("log-mels", *words) == 2
    assert "required: --settings" in capsys.readouterr().err


def test_a_failure_of_java_is_one_sentence_and_status_one(capsys, monkeypatch):
    def fail(*_, **__):
        raise JavaError("the parser died")

    monkeypatch.setattr(cli, "call", fail)
    words = ["--captions", "x", "--output", "y"]
    assert stopped("vocabulary", *words) == 1
    assert capsys.readouterr().err == "error: the parser died\n"


def test_a_step_does_what_its_options_say(tmp_path):
    captions, output = tmp_path / "my captions.csv", tmp_path / "words; $(x)" / "v.txt"
    captions.write_text("file_name,caption\na.wav,A dog barks\nb.wav,A cat\n")
    cli.main(["vocabulary", "--captions", str(captions), "--output", str(output)])
    words = output.read_text().split()
    assert words == ["<sos>", "<eos>", "a", "dog", "barks", "cat"]


def test_what_happens_elsewhere_is_no_bad_input(monkeypatch):
    """A fault of the program keeps its traceback."""

    def fail(*_, **__):
        raise KeyError("a fault of ours")

    monkeypatch.setattr(cli, "call", fail)
    with pytest.raises(KeyError, match="a fault of ours"):
        cli.main(["vocabulary", "--captions", "x", "--output", "y"])


def test_the_version_is_that_of_the_distribution_and_the_commit(capsys):
    cli.main(["--version"])
    printed = capsys.readouterr().out.strip()
    assert printed == str(code_version())
    assert printed.startswith(importlib.metadata.version("pairmix-workflow"))
