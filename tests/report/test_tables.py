"""Tables from the score files of runs: what stands in them, and what never does."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.evaluations import CLIPS, evaluated, write_both
from workflow_src import config
from workflow_src.config import steps
from workflow_src.errors import InputError
from workflow_src.report.scored import ScoredRuns
from workflow_src.report.tables import make_table, write_table

SEEDS = [1, 2]


@pytest.fixture(scope="module")
def settings():
    return steps.table(config.load(overrides={"seeds": SEEDS}), "table3")


@pytest.fixture(scope="module")
def written(settings, tmp_path_factory):
    """Runs of Table 3 for two seeds: PairMix is far better, noise is no better."""
    root, generator = tmp_path_factory.mktemp("runs"), np.random.default_rng(0)
    for row in settings.rows:
        good = row.recipe in ("pairmix", "all")
        for seed in SEEDS:
            write_both(root, row.recipe, seed, good, generator, tasks=row.tasks)
    return root


def scores(root):
    # In no particular order: they say themselves what they are.
    return sorted(root.rglob("scores.json"), key=lambda path: path.parts[::-1])


@pytest.fixture(scope="module")
def made(settings, written):
    return make_table(settings, ScoredRuns(scores(written))).set_index("recipe")


def test_a_row_has_the_papers_figure_ours_clips_and_seeds(made, settings):
    assert list(made.index) == [row.recipe for row in settings.rows]
    assert (made["clips"] == CLIPS).all()
    assert (made["seeds"] == 2).all()
    assert made.loc["pairmix", "SPIDEr (paper)"] == 43.0
    assert made.loc["pairmix", "CIDEr"] == pytest.approx(80, abs=3)
    assert made.loc["none", "CIDEr sd"] > 0


def test_a_metric_that_was_not_scored_is_absent(made):
    assert "SPIDEr" not in made.columns
    assert "SPIDEr-py" not in made.columns


def test_text_augmentation_has_no_captioning_figure(made):
    assert np.isnan(made.loc["eda", "CIDEr"])
    assert np.isnan(made.loc["eda", "SPIDEr (paper)"])
    assert made.loc["eda", "T2A R@10"] > 0


def test_only_a_difference_whose_corrected_p_is_small_is_marked(settings, written):
    # Of one seed, over clips alone: two seeds say little about another training.
    alone = replace(settings, seeds=(1,))
    made = make_table(alone, ScoredRuns(scores(written))).set_index("recipe")
    for metric in ("CIDEr", "T2A R@10", "A2T R@10"):
        assert made.loc["pairmix", f"{metric} significant"] == "*"
        assert made.loc["pairmix", f"{metric} low"] > 0
        shift = made.loc["noise", f"{metric} difference"]
        low, high = made.loc["noise", [f"{metric} low", f"{metric} high"]]
        assert low <= shift <= high
        corrected = made.loc["noise", f"{metric} corrected p"]
        assert made.loc["noise", f"{metric} significant"] == (
            "*" if corrected < 0.05 else ""
        )
    assert made.loc["none"].filter(like="difference").isna().all()


def test_a_row_says_of_what_it_is(made):
    assert (made["corpus"] == "birds").all()
    assert (made["scale"] == "smoke").all()
    assert (made["split"] == "test").all()
    assert (made["version"] == "0.1.0+gc0ffeec0").all()
    # A digest for each training: two tasks and two seeds.
    expected = [
        evaluated(task, "pairmix", seed).settings
        for task in ("captioning", "retrieval")
        for seed in SEEDS
    ]
    assert made.loc["pairmix", "settings"].split() == expected
    assert len(set(expected)) == 4


def test_runs_of_other_captions_are_not_compared(settings, written, tmp_path):
    shutil.copytree(written, tmp_path / "runs")
    for seed in SEEDS:
        path = tmp_path / "runs" / "retrieval" / "noise" / str(seed) / "plain"
        ranks = pd.read_csv(path / "ranks.csv")
        ranks.iloc[1:].to_csv(path / "ranks.csv", index=False)
    with pytest.raises(InputError, match=r"clip .* has 5 captions in .* and 4 in "):
        make_table(settings, ScoredRuns(scores(tmp_path / "runs")))


def test_a_table_needs_all_seeds_of_all_its_rows(settings, written):
    files = scores(written)
    assert len(files) == 2 * (6 + 7)
    for left_out in (files[0], files[-1]):
        with pytest.raises(InputError, match=r"^no scores of \w+, recipe \w+, seed"):
            make_table(
                settings, ScoredRuns([path for path in files if path != left_out])
            )


def test_the_order_of_the_files_does_not_matter(settings, written, tmp_path):
    files = scores(written)
    write_table(settings, scores=files, output=tmp_path / "one.csv")
    write_table(settings, scores=files[::-1], output=tmp_path / "two.csv")
    one, two = (tmp_path / name for name in ("one.csv", "two.csv"))
    assert one.read_bytes() == two.read_bytes()
    assert pd.read_csv(one)["method"].tolist() == [row.method for row in settings.rows]
