"""Killed at any moment, the same again ends with the bytes of a run left alone."""

import hashlib
import sys
import time
from functools import partial
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from tests import tiny_corpus
from tests.reliability.kills import kill_step, moments, run_and_kill
from tests.workflow.clones import Clone
from workflow_src.audio.settings import ClipForm
from workflow_src.corpus import steps
from workflow_src.corpus.settings import DownloadOptions, IngestSettings
from workflow_src.models.weights import load_weights
from workflow_src.training.captioning import train_captioner
from workflow_src.training.retrieval import train_retriever
from workflow_src.training.settings import TrainingOptions

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the driver finds processes in /proc"
)
SEED = 20
OPTIONS = TrainingOptions(checkpoint_minutes=0)


def content(path: Path) -> bytes:
    """The bytes of a file, without the seconds that were measured."""
    if path.name == "history.csv":
        table = pd.read_csv(path, dtype=str).drop(columns="seconds")
        return table.to_csv(index=False).encode()
    return path.read_bytes()


def digests(folder: Path) -> dict[str, str]:
    """What is in a folder; what a kill left under a temporary name is no part of it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(content(path)).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((".partial", ".part"))
    }


def prepare(tiny, folder):
    """From audio to log-mels, as a person types it: what is there is not made again."""
    source = tiny.root / tiny.layout.source
    shard, waveforms, mels = (folder / name for name in ("shard", "train", "log_mels"))
    if not shard.exists():
        steps.ingest(
            IngestSettings(ClipForm()),
            split="train",
            captions_folder=source,
            audio=source / "audio",
            shard=0,
            shards=1,
            output=shard,
            options=DownloadOptions(),
            max_missing=0.0,
        )
    if not waveforms.exists() or not (folder / "train.csv").exists():
        steps.join(
            split="train",
            captions_folder=source,
            shards=[shard],
            waveforms=waveforms,
            manifest=folder / "manifest.csv",
            captions=folder / "train.csv",
            tags=folder / "tags.csv",
            max_missing=0.0,
        )
    settings = tiny_corpus.FRONT_ENDS["act"]
    steps.log_mels(settings, waveforms=waveforms, output=mels, device="cpu")


def train(step, settings, front_end, tiny, folder):
    files = tiny.training(front_end)
    step(settings, **files, run=folder, device="cpu", options=OPTIONS)


STEPS = {
    "preparing": prepare,
    "captioner": partial(train, train_captioner, tiny_corpus.CAPTIONING, "act"),
    "retriever": partial(train, train_retriever, tiny_corpus.RETRIEVAL, "panns"),
}


def check_loss(folder):
    """What a kill cost: of the epochs that were done, the last state lacks few."""
    history, resume = folder / "history.csv", folder / "resume.pt"
    if history.exists() and resume.exists():
        done = len(pd.read_csv(history))
        # One, and one more whose state is being written meanwhile.
        assert done - load_weights(resume)["epoch"] <= 2


def kill_again_and_again(name, tiny, folder, kills):
    action = partial(STEPS[name], tiny)
    start = time.monotonic()
    action(folder / "whole")
    whole = digests(folder / "whole")
    drawn = moments(SEED, time.monotonic() - start)
    killed = 0
    for number in count():
        own = folder / str(number)
        while not kill_step(partial(action, own), next(drawn)):
            killed += 1
            check_loss(own)
            if killed >= kills:
                break
        action(own)
        left = digests(own)
        assert left == whole
        if killed >= kills:
            return


@pytest.mark.parametrize(
    ("name", "kills"), [("preparing", 2), ("captioner", 1), ("retriever", 2)]
)
def test_a_step_is_killed(tiny, tmp_path, name, kills):
    kill_again_and_again(name, tiny, tmp_path, kills)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_killed_thirty_times(tiny, tmp_path, name):
    kill_again_and_again(name, tiny, tmp_path, 30)


SNAKEMAKE = f"{sys.executable} -m workflow_src.snakemake_command --cores 2"
# A split's captions, audio and waveforms: the smallest part of the graph.
PART = "data/embedded-smoke/waveforms/val"
SCORED = "runs/embedded-smoke/retrieval/specaugment/seed20/scores.json"
RESULTS = ("data/embedded-smoke", "runs/embedded-smoke")


def smoke(folder):
    clone = Clone.of_this(folder)
    clone.select_scale("smoke")
    return clone


def made(clone):
    """What the graph makes."""
    return {name: digests(clone.folder / name) for name in RESULTS}


def kill_snakemake(tmp_path, target, kills, longest):
    """Kill Snakemake and its children so many times, each time after a random while.

    Where the target is made before the last kill, the next begins in a fresh clone.

    Returns:
        The clones, each with the target made; and what the commands said.
    """
    log, command = tmp_path / "log", f"{SNAKEMAKE} {target}"
    drawn, clones, killed = moments(SEED, longest), [], 0
    while killed < kills:
        clones.append(smoke(tmp_path / f"killed{len(clones)}"))
        while killed < kills and not run_and_kill(
            command, clones[-1].folder, next(drawn), log
        ):
            killed += 1
    run_and_kill(command, clones[-1].folder, None, log)
    return clones, log.read_text(errors="replace")


@pytest.mark.workflow
def test_snakemake_is_killed_with_all_its_children(tmp_path):
    whole = smoke(tmp_path / "whole")
    start = time.monotonic()
    run_and_kill(f"{SNAKEMAKE} {PART}", whole.folder, None, tmp_path / "whole.log")
    seconds = time.monotonic() - start
    clones, said = kill_snakemake(tmp_path, PART, 2, seconds / 2)
    for killed in clones:
        assert digests(killed.folder / PART) == digests(whole.folder / PART)
    assert "cannot be locked" not in said


@pytest.mark.slow
def test_a_graph_is_killed_thirty_times(tmp_path):
    """From the captions over a training to its scores."""
    whole = smoke(tmp_path / "whole")
    start = time.monotonic()
    run_and_kill(f"{SNAKEMAKE} {SCORED}", whole.folder, None, tmp_path / "whole.log")
    longest = (time.monotonic() - start) / 3
    clones, said = kill_snakemake(tmp_path, SCORED, 30, longest)
    for killed in clones:
        assert made(killed) == made(whole)
    assert "cannot be locked" not in said
