"""The commands: what they print, where, and how they end."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.inference.conftest import CLIPS, RATE, sound
from workflow_src import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(home, capfdbinary):
    """Runs a command: exit status, lines of stdout and stderr."""

    def command(*words):
        status = 0
        try:
            cli.main([str(word) for word in words])
        except SystemExit as stopped:
            status = stopped.code or 0
        out, err = capfdbinary.readouterr()
        return (
            status,
            out.decode("utf-8", "surrogateescape").splitlines(),
            err.decode().splitlines(),
        )

    return command


def test_caption_prints_a_line_a_window(run):
    status, out, err = run("caption", "all", "sounds")
    assert (status, err) == (0, [])
    assert out == [
        f"sounds/{name}\t[0.0-2.0]\t{CLIPS[name][2]}" for name in sorted(CLIPS)
    ]


def test_several_captions_have_their_probability(run):
    status, out, _ = run("caption", "all", "sounds/low.flac", "--top", "3")
    assert status == 0
    rows = [line.split("\t") for line in out]
    assert [len(row) for row in rows] == [4, 4, 4]
    assert rows[0][2] == "a low hum goes on"
    values = [float(row[3]) for row in rows]
    assert values == sorted(values, reverse=True)


@pytest.fixture
def gaps(tmp_path):
    """A file of 7 s in which the second window is silent."""
    path = tmp_path / "gaps, and “quotes”.wav"
    parts = [sound(3000, 0), np.zeros(2 * RATE), sound(150, 0, seconds=3)]
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


def test_text_json_and_csv_say_the_same(run, gaps):
    _, text, _ = run("caption", "all", gaps)
    _, objects, _ = run("caption", "all", gaps, "--json")
    _, table, _ = run("caption", "all", gaps, "--csv")
    windows = [json.loads(line) for line in objects]
    rows = list(csv.DictReader(io.StringIO("\n".join(table))))
    assert len(text) == len(windows) == len(rows) == 4
    for line, window, row in zip(text, windows, rows, strict=True):
        file, place, caption = line.split("\t")
        assert file == window["file"] == row["file"] == str(gaps)
        assert place == f"[{window['start']:.1f}-{window['end']:.1f}]"
        assert (float(row["start"]), float(row["end"])) == (
            window["start"],
            window["end"],
        )
        texts = [one["text"] for one in window["captions"]]
        assert [caption] == (texts or ["(silence)"])
        assert row["caption"] == (texts or [""])[0]
    assert [window["captions"] == [] for window in windows] == [
        *(False, True, False, False)
    ]
    assert rows[1]["rank"] == ""
    assert windows[3]["end"] == 7.0


def test_bad_files_are_a_line_each_and_status_one(run, sounds):
    (sounds / "bad.wav").write_text("no sound")
    for words in (
        ("caption", "all", sounds, "nowhere.wav"),
        ("describe", "all", sounds, "nowhere.wav", "--captions", "rain falls"),
    ):
        status, out, err = run(*words)
        assert status == 1
        assert len(out) == 6
        assert err == [
            "error: nowhere.wav: there is no such file or folder",
            f"error: {sounds}/bad.wav: not readable: Format not recognised",
        ]
    for _ in range(2):
        status, out, err = run("search", "all", sounds, "rain falls")
        assert (status, len(out)) == (1, 6)
        assert err == [f"error: {sounds}/bad.wav: not readable: Format not recognised"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["caption", "other", "sounds"],
            "error: other is no run's folder, and no captioning run in runs/; there "
            "are: tiny/captioning/all",
        ),
        (["search", "all", "nowhere", "rain"], "error: nowhere is no folder"),
        (
            ["export", "all", "exported"],
            "error: all could be any of these: tiny/captioning/all, tiny/retrieval/all",
        ),
        (
            ["describe", "all", "sounds", "--captions", "typo.txt"],
            "error: typo.txt: No such file or directory",
        ),
        (
            ["caption", "all", "sounds", "--top", "0"],
            "error: top is from 1 to the number of beams, 3, not 0",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_status_two(run, words, sentence):
    assert run(*words) == (2, [], [sentence])


def test_search_prints_scores_and_windows(run, sounds):
    status, out, err = run("search", "all", sounds, "rain falls", "--top", "2")
    assert (status, err) == (0, [])
    _, objects, _ = run("search", "all", sounds, "rain falls", "--top", "2", "--json")
    found = [json.loads(line) for line in objects]
    assert out == [
        f"{one['score']:.4f}\t{one['file']}\t[{one['start']:.1f}-{one['end']:.1f}]"
        for one in found
    ]
    assert [sorted(one) for one in found] == [["end", "file", "score", "start"]] * 2
    (sounds / "low.flac").unlink()
    _, updated, _ = run("search", "all", sounds, "rain falls")
    assert len(updated) == 5


def test_describe_ranks_captions(run):
    words = ("describe", "all", "sounds/low.flac", "--captions")
    status, out, err = run(*words, "rain falls", "a low hum goes on", "--top", "2")
    assert (status, err) == (0, [])
    _, [line], _ = run(*words, "rain falls", "a low hum goes on", "--json")
    captions = json.loads(line)["captions"]
    assert out == [
        f"sounds/low.flac\t[0.0-2.0]\t{one['score']:.4f}\t{one['caption']}"
        for one in captions
    ]


def test_export_prints_the_folder(run, tmp_path):
    target = tmp_path / "exported"
    assert run("export", "captioning/all", target) == (0, [str(target)], [])
    status, out, _ = run("caption", target, "sounds/high.flac")
    assert (status, len(out)) == (0, 1)


def test_names_that_are_no_utf_8_come_out_as_they_are(run, sounds):
    odd = os.fsdecode(os.fsencode(sounds) + b"/odd \xff.flac")
    shutil.copy(sounds / "low.flac", odd)
    for form in ([], ["--json"], ["--csv"]):
        status, out, _ = run("caption", "all", odd, *form)
        assert status == 0
        assert any("odd \udcff.flac" in line for line in out)


def test_a_terminal_sees_a_bar_and_whole_lines(run, monkeypatch, gaps):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for words in (("caption", "all"), ("describe", "all")):
        more = ["--captions", "rain falls"] if words[0] == "describe" else []
        status, out, err = run(*words, gaps, *more)
        assert status == 0
        assert len(out) == 4
        assert "4/4" in "".join(err)


def test_a_reader_that_leaves_ends_the_command_quietly(home, tmp_path):
    long = tmp_path / "long.wav"
    soundfile.write(long, np.tile(sound(3000, 0), 50), RATE)
    words = [sys.executable, "-m", "workflow_src", "caption", "all", long, "--batch=1"]
    process = subprocess.Popen(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline().startswith(str(long).encode())
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_the_overview_names_the_commands_for_own_files(capsys):
    cli.main(["--help"])
    own = capsys.readouterr().out.split("Your own files:\n")[1].splitlines()[0]
    assert own.split(", ") == [
        *("  caption", "search", "describe", "export", "serve", "score")
    ]
