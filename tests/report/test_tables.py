"""Tables from the score files of runs: what stands in them, and what never does."""

import json

import numpy as np
import pandas as pd
import pytest

from workflow_src import config as configuration
from workflow_src.layout import Layout
from workflow_src.report.tables import score_files, table

CLIPS = 40


def write_captioning(folder, cider, generator, metrics=("CIDEr",)):
    folder.mkdir(parents=True)
    clips = pd.DataFrame({m: generator.normal(cider, 0.05, CLIPS) for m in metrics})
    clips.insert(0, "file_name", [f"{n}.flac" for n in range(CLIPS)])
    clips.to_csv(folder / "clips.csv", index=False)
    scores = {m: 100 * clips[m].mean() for m in metrics}
    content = {"clips": CLIPS, "metrics": scores}
    (folder / "scores.json").write_text(json.dumps(content))


def write_retrieval(folder, worst, generator):
    folder.mkdir(parents=True)
    names = [f"{n}.flac" for n in range(CLIPS)]
    t2a = pd.DataFrame(
        {
            "direction": "t2a",
            "file_name": np.repeat(names, 5),
            "rank": generator.integers(1, worst, 5 * CLIPS),
        }
    )
    a2t = pd.DataFrame(
        {
            "direction": "a2t",
            "file_name": names,
            "rank": generator.integers(1, worst, CLIPS),
        }
    )
    pd.concat([t2a, a2t]).to_csv(folder / "ranks.csv", index=False)
    metrics = {
        f"{name} R@10": 100 * float((own["rank"] <= 10).mean())
        for name, own in (("T2A", t2a), ("A2T", a2t))
    }
    content = {"clips": CLIPS, "metrics": metrics}
    (folder / "scores.json").write_text(json.dumps(content))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Runs of Table 3 for two seeds: PairMix is far better, noise is no better."""
    config = configuration.load(overrides={"seeds": [1, 2]})
    monkeypatch.chdir(tmp_path)
    layout = Layout.of(config)
    generator = np.random.default_rng(0)
    for row in config["tables"]["table3"]["rows"]:
        good = row["recipe"] in ("pairmix", "all")
        for seed in config["seeds"]:
            if row["recipe"] != "eda":
                folder = layout.run("captioning", row["recipe"], seed)
                write_captioning(folder, 0.8 if good else 0.4, generator)
            folder = layout.run("retrieval", row["recipe"], seed)
            write_retrieval(folder, 15 if good else 39, generator)
    return config


def test_a_row_has_the_papers_figure_ours_clips_and_seeds(runs):
    made = table(runs, "table3").set_index("recipe")
    assert list(made.index) == [r["recipe"] for r in runs["tables"]["table3"]["rows"]]
    assert (made["clips"] == CLIPS).all()
    assert (made["seeds"] == 2).all()
    assert made.loc["pairmix", "SPIDEr (paper)"] == 43.0
    assert made.loc["pairmix", "CIDEr"] == pytest.approx(80, abs=3)
    assert made.loc["none", "CIDEr sd"] > 0


def test_a_metric_that_was_not_scored_is_absent(runs):
    columns = table(runs, "table3").columns
    assert "SPIDEr" not in columns
    assert "SPIDEr-py" not in columns


def test_text_augmentation_has_no_captioning_figure(runs):
    made = table(runs, "table3").set_index("recipe")
    assert np.isnan(made.loc["eda", "CIDEr"])
    assert np.isnan(made.loc["eda", "SPIDEr (paper)"])
    assert made.loc["eda", "T2A R@10"] > 0


def test_only_a_difference_whose_interval_excludes_zero_is_marked(runs):
    made = table(runs, "table3").set_index("recipe")
    for metric in ("CIDEr", "T2A R@10", "A2T R@10"):
        assert made.loc["pairmix", f"{metric} sure"] == "*"
        assert made.loc["pairmix", f"{metric} low"] > 0
        shift = made.loc["noise", f"{metric} difference"]
        low, high = made.loc["noise", [f"{metric} low", f"{metric} high"]]
        assert low <= shift <= high
        assert made.loc["noise", f"{metric} sure"] == (
            "*" if low > 0 or high < 0 else ""
        )
    assert made.loc["none"].filter(like="difference").isna().all()


def test_clips_with_unequal_numbers_of_captions_have_no_interval(runs):
    layout = Layout.of(runs)
    for seed in runs["seeds"]:
        path = layout.run("retrieval", "noise", seed) / "ranks.csv"
        pd.read_csv(path).iloc[1:].to_csv(path, index=False)
    made = table(runs, "table3").set_index("recipe")
    assert np.isnan(made.loc["noise", "T2A R@10 low"])
    assert not np.isnan(made.loc["noise", "A2T R@10 low"])


def test_a_table_is_made_from_all_seeds_of_all_its_rows(runs):
    files = score_files(runs, "table3")
    assert all(path.exists() for path in files)
    assert len(files) == len(set(files)) == 2 * 2 * (6 + 7)
