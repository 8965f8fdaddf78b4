"""Somebody's own corpus: its faults are in the manifest, its further splits planned."""

import csv
import shlex
import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile

pytestmark = pytest.mark.workflow

SPLITS = {"train": 13, "val": 5, "test": 5, "my_own": 5}
FAULTS = {
    "train 3.wav": "corrupt",
    "test 0.wav": "corrupt",
    "my_own 1.wav": "too short",
}


@pytest.fixture
def corpus(tmp_path):
    # Whoever forgets to quote a path executes it.
    folder = tmp_path / "my birds; $(touch executed)"
    (folder / "audio").mkdir(parents=True)
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    for split, count in SPLITS.items():
        names = [f"{split} {number}.wav" for number in range(count)]
        for name in names:
            seconds = 0.1 if FAULTS.get(name) == "too short" else 1
            soundfile.write(
                folder / "audio" / name, noise[: int(seconds * 16_000)], 16_000
            )
            if FAULTS.get(name) == "corrupt":
                (folder / "audio" / name).write_bytes(b"not audio")
        with (folder / f"{split}.csv").open("w", newline="") as file:
            rows = [
                ("file_name", "caption"),
                *((name, "a bird, far") for name in names),
            ]
            csv.writer(file).writerows(rows)
    return folder


def test_faults_are_counted_and_the_run_goes_on(fresh, corpus):
    own = f"--config scale=smoke corpus=folder corpus_dir={shlex.quote(str(corpus))}"
    fresh.run(f"snakemake --cores 2 {own} -- results/corpus.csv")
    name = "my-birds-touch-executed-smoke"
    manifest = pd.read_csv(fresh.folder / "data" / name / "manifest.csv")
    lost = manifest[manifest["state"] != "ok"].set_index("file_name")["state"]
    assert lost.to_dict() == FAULTS
    counts = pd.read_csv(fresh.folder / "results" / "corpus.csv").set_index("split")
    assert counts["wanted"].to_dict() == SPLITS
    assert counts["got"].to_dict() == {"train": 12, "val": 5, "test": 4, "my_own": 4}
    planned = fresh.run(f"snakemake --dry-run {own} -- results/my_own/table1.csv")
    assert "score_captions_extra_split" in planned.stdout
    assert "caption_grid" not in planned.stdout
    # From there to its tables, of one row each.
    rows = "rows: [{method: Baseline, recipe: specaugment}]"
    small = f"'tables={{table1: {{{rows}}}, table2: {{{rows}}}}}'"
    fresh.run(f"snakemake {own} {small} -- results/table1.csv results/table2.csv")
    table = pd.read_csv(fresh.folder / "results" / "table1.csv")
    assert (table["clips"] == 4).all()
    assert (table["corpus"] == corpus.name).all()
    assert not list(fresh.folder.rglob("executed"))


def test_two_corpora_of_one_name_have_folders_of_their_own(fresh, corpus, tmp_path):
    other = tmp_path / "elsewhere" / corpus.name
    shutil.copytree(corpus, other)
    with (other / "train.csv").open("a", newline="") as file:
        csv.writer(file).writerow(("train 4.wav", "another bird"))
    made = []
    for folder in (corpus, other, corpus):
        own = f"scale=smoke corpus=folder corpus_dir={shlex.quote(str(folder))}"
        fresh.run(f"snakemake --cores 2 --config {own} -- text")
        captions = sorted((fresh.folder / "data").glob("*/captions/train.csv"))
        made.append({path.parts[-3]: path.read_text() for path in captions})
    assert len(made[0]) == 1
    assert len(made[1]) == 2
    assert made[2] == made[1]
    # The first corpus kept its folder, and what is in it.
    assert made[0].items() < made[1].items()
    assert "another bird" not in "".join(made[0].values())


def test_two_embedded_corpora_live_side_by_side(fresh):
    for seed in (1, 2, 1):
        own = f"scale=smoke 'embedded={{seed: {seed}}}'"
        done = fresh.run(f"snakemake --cores 2 --config {own} -- text")
    assert "Nothing to be done" in done.stdout
    names = sorted(path.name for path in (fresh.folder / "data").glob("embedded-*"))
    assert len(names) == 2
    assert names[0] == "embedded-smoke"
    one, two = (
        (fresh.folder / "data" / name / "captions" / "train.csv").read_text()
        for name in names
    )
    assert one != two
