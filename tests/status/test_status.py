"""The state of a workflow, from folders in all states."""

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from workflow_src import cli
from workflow_src.config import load
from workflow_src.errors import InputError
from workflow_src.status.collect import collect
from workflow_src.status.command import selected
from workflow_src.status.text import WIDTH, as_json, span, text
from workflow_src.status.trainings import read_training

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 15, 0, 0)
LOG = """  Date: 2026-11-24 14:24:04
  Host: elsewhere
  Command: snakemake --config scale=smoke train_clips=16 -- all
total        9

[Tue Nov 24 14:55:00 2026]
localrule train_captioning:
    log: logs/embedded-smoke/train_captioning/all.seed20.log
    jobid: 1
    wildcards: recipe=all, seed=20
"""


@pytest.fixture
def project(tmp_path):
    """A project in which nothing has run."""
    shutil.copyfile(ROOT / "config.yaml", tmp_path / "config.yaml")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def write(path, content=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def begin(folder, epochs, seconds, updated=NOW):
    """A training's folder with so many of its epochs done."""
    write(folder / "settings.yaml", f"settings: {{optimization: {{epochs: {epochs}}}}}")
    rows = "".join(f"{epoch},{own}\n" for epoch, own in enumerate(seconds))
    write(folder / "history.csv", f"epoch,seconds\n{rows}")
    os.utime(folder / "history.csv", (updated.timestamp(),) * 2)


def read(folder, epochs=5, runs=False):
    return read_training(folder, "captioning", "all", 20, epochs, runs)


def test_a_training_that_was_not_begun_waits(tmp_path):
    own = read(tmp_path / "seed20")
    assert (own.state, own.epoch, own.epochs) == ("waiting", 0, 5)
    assert own.left(NOW) is None
    assert read(tmp_path / "seed20", runs=True).state == "running"


def test_the_end_of_a_running_training_is_estimated_from_its_mean_epoch(tmp_path):
    # Every other epoch has a validation; the last one ended 6 s ago.
    begin(tmp_path, 6, [10, 30, 10, 30], NOW - timedelta(seconds=6))
    write(tmp_path / "resume.pt")
    own = read(tmp_path, runs=True)
    assert (own.state, own.epoch, own.epochs, own.seconds) == ("running", 4, 6, 20)
    assert own.left(NOW) == 34
    assert own.ends(NOW) == NOW + timedelta(seconds=34)
    assert own.left(NOW + timedelta(hours=1)) == 0
    stopped = read(tmp_path)
    assert (stopped.state, stopped.left(NOW)) == ("interrupted", 40)
    assert stopped.ends(NOW) is None


def test_a_finished_training_is_done_also_without_its_weights(tmp_path):
    begin(tmp_path, 2, [1, 1])
    assert read(tmp_path).state == "done"
    write(tmp_path / "resume.pt")
    assert read(tmp_path).state == "interrupted"


def test_damaged_files_are_no_error(tmp_path):
    write(tmp_path / "settings.yaml", "settings: {")
    write(tmp_path / "history.csv", "epoch,seconds\n0,x\n")
    own = read(tmp_path)
    assert (own.state, own.epoch, own.epochs) == ("interrupted", 0, 5)


def test_nothing_yet_is_one_sentence(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    cli.main(["status", "--config", "scale=smoke"])
    said = capsys.readouterr().out
    assert said == (
        "embedded-smoke: nothing has run yet; `snakemake --cores 8 all` begins.\n"
    )


def test_without_a_config_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["status"])
    said = capsys.readouterr().err
    assert said == "error: config.yaml: No such file or directory\n"


def test_values_are_read_as_snakemake_reads_them(project):
    typed = ["scale=smoke", "train_clips=16", "retrieval={training: {epochs: 7}}"]
    config = selected(project, typed)
    assert (config.scale, config.train_clips) == ("smoke", 16)
    assert config.retrieval.training.epochs == 7
    with pytest.raises(InputError, match="--config smoke: it has the form NAME=VALUE"):
        selected(project, ["smoke"])


@pytest.fixture
def half_done(project):
    """One training done, one runs, one was interrupted; the others wait."""
    write(project / ".snakemake" / "log" / "2026.snakemake.log", LOG)
    runs = project / "runs" / "embedded-smoke"
    begin(runs / "captioning" / "none" / "seed20", 2, [8, 8])
    begin(runs / "captioning" / "all" / "seed20", 3, [10, 10])
    begin(runs / "captioning" / "sweep_extra" / "seed7", 3, [1])
    write(runs / "captioning" / "none" / "seed20" / "scores.json")
    log = "logs/embedded-smoke/train_captioning/all.seed20.log"
    write(project / log, "epoch 1\nepoch 2: 7/212, 83 s\n\n")
    write(project / "results" / "embedded-smoke" / "table1.csv")
    return project


def test_a_half_done_workflow(half_done):
    # What the running call was given is what is asked about.
    config = selected(half_done, None)
    assert (config.scale, config.train_clips) == ("smoke", 16)
    status = collect(config, half_done, NOW)
    states = {(own.task, own.recipe, own.seed): own for own in status.trainings}
    assert states["captioning", "none", 20].state == "done"
    assert states["captioning", "all", 20].left(NOW) == 10
    assert states["captioning", "sweep_extra", 7].state == "interrupted"
    assert states["retrieval", "eda", 20].state == "waiting"
    assert ("captioning", "eda", 20) not in states
    assert status.evaluations["captioning"].done == 1
    assert "all with multi-tta-100 seed 20" in status.evaluations["captioning"].left
    assert status.results.left == ["table2", "table3", "table4", "figure4"]
    assert status.left() is None  # no epoch of a retriever was measured
    said = text(status, half_done)
    assert "runs since 2026-11-24 14:24, 0 of 9 steps done" in said
    assert "train captioning (recipe all, seed 20), for 5 min" in said
    assert "    epoch 2: 7/212, 83 s\n" in said
    assert "captioning all seed 20: 2 of 3 epochs, 10 s each, estimated end" in said
    assert "00, in 10 s\n" in said
    assert "No estimate of their end" in said
    assert len(said.splitlines()) <= 30
    assert max(map(len, said.splitlines())) <= WIDTH


def test_the_time_left_is_shared_among_the_trainings_that_run(half_done):
    runs = half_done / "runs" / "embedded-smoke"
    begin(runs / "pretraining" / "act", 1, [2])
    begin(runs / "pretraining" / "panns", 1, [2])
    begin(runs / "retrieval" / "none" / "seed20", 2, [100, 100])
    status = collect(selected(half_done, None), half_done, NOW)
    waiting = [own for own in status.trainings if own.state == "waiting"]
    captioners = [own for own in waiting if own.task == "captioning"]
    retrievers = [own for own in waiting if own.task == "retrieval"]
    # 10 s of the running one, 2 of the interrupted one; a mean epoch by task.
    mean = (8 + 10 + 1) / 3
    wanted = 10 + 2 + sum(own.epochs for own in captioners) * mean
    wanted += sum(own.epochs for own in retrievers) * 100
    assert status.left() == pytest.approx(wanted)
    assert status.end() == NOW + timedelta(seconds=status.left())
    assert "(estimate from epochs so far)" in text(status, half_done)


def test_json_has_the_same(half_done):
    status = collect(selected(half_done, None), half_done, NOW)
    values = json.loads(as_json(status))
    assert values["corpus"] == "embedded-smoke"
    assert values["snakemake"]["alive"] is True
    (job,) = values["snakemake"]["running"]
    assert job["rule"] == "train_captioning"
    (running,) = [own for own in values["trainings"] if own["state"] == "running"]
    assert running["left"] == 10
    assert running["ends"] == "2026-11-24T15:00:10"
    assert values["results"]["done"] == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (7.74, "7.7 s"),
        (99, "99 s"),
        (100, "2 min"),
        (5999, "1 h 40 min"),
        (3 * 86400, "3 d 0 h"),
    ],
)
def test_spans_in_words(seconds, words):
    assert span(seconds) == words


def test_it_starts_without_what_is_slow():
    code = (
        "import sys, workflow_src.status.command as own;"
        "sys.exit(bool({'torch', 'pandas', 'snakemake', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_loaded_config_of_the_project_is_read():
    status = collect(load(ROOT / "config.yaml", {"scale": "paper"}), ROOT, NOW)
    assert status.corpus.startswith("audiocaps")
    assert not any(own.task == "pretraining" for own in status.trainings)
