"""Somebody's own corpus: its faults are in the manifest, its further splits planned."""

import csv

import numpy as np
import pandas as pd
import pytest
import soundfile

pytestmark = pytest.mark.workflow

SPLITS = {"train": 10, "val": 5, "test": 5, "my_own": 5}
FAULTS = {
    "train 3.wav": "corrupt",
    "test 0.wav": "corrupt",
    "my_own 1.wav": "too short",
}


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "birds"
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
    own = f"--config scale=smoke corpus=folder corpus_dir={corpus}"
    fresh.run(f"snakemake --cores 2 {own} -- results/corpus.csv")
    manifest = pd.read_csv(fresh.folder / "data" / "birds-smoke" / "manifest.csv")
    lost = manifest[manifest["state"] != "ok"].set_index("file_name")["state"]
    assert lost.to_dict() == FAULTS
    counts = pd.read_csv(fresh.folder / "results" / "corpus.csv").set_index("split")
    assert counts["wanted"].to_dict() == SPLITS
    assert counts["got"].to_dict() == {"train": 9, "val": 5, "test": 4, "my_own": 4}
    planned = fresh.run(f"snakemake --dry-run {own} -- results/my_own/table1.csv")
    assert "score_captions_split" in planned.stdout
    assert "caption_grid" not in planned.stdout
