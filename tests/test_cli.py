"""The command line: what bad input looks like, and where values come from."""

import json

import pytest

from workflow_src import cli, config


def test_bad_input_is_one_sentence_and_status_two(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--set", "scale=big", "vocabulary"])
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: --config: scale must be one of demo, paper")
    assert printed.count("\n") == 1


def test_a_step_without_its_input_names_the_file(capsys, monkeypatch):
    monkeypatch.setenv(config.OVERRIDES, json.dumps({"scale": "paper"}))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["vocabulary"])
    assert stopped.value.code == 2
    assert "data/audiocaps-paper/captions/train.csv" in capsys.readouterr().err


def test_what_is_typed_beats_what_snakemake_was_given(capsys, monkeypatch):
    monkeypatch.setenv(config.OVERRIDES, json.dumps({"scale": "smoke"}))
    with pytest.raises(SystemExit):
        cli.main(["--set", "scale=paper", "vocabulary"])
    assert "audiocaps-paper" in capsys.readouterr().err


def test_every_step_says_what_it_does(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    printed = capsys.readouterr().out
    for step in ("ingest", "log-mels", "pretrain", "train", "caption", "evaluate"):
        assert step in printed
