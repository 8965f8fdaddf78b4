"""The study's tables, from runs whose differences are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.evaluations import (
    CLIPS,
    NAMES,
    evaluated,
    write_captioning,
    write_retrieval,
)
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import GridConfig
from workflow_src.study.command import in_markdown, write_study
from workflow_src.study.effects import ALL, Part, Studied, effects_table
from workflow_src.study.files import STUDY_FILES, run_folder
from workflow_src.study.settings import Arm, Comparison, StudySettings, TestTimePart

TASKS = ("captioning", "retrieval")
SETTINGS = StudySettings(
    seeds=(1, 2, 3),
    comparisons=(
        Comparison("data", TASKS, (100, 300), ("none", "pairmix")),
        Comparison("causes", ("captioning",), (300,), ("pairmix", "audible")),
    ),
    test_time=TestTimePart(TASKS, 300, "pairmix", GridConfig((2,), ((2, 3),))),
    resamples=400,
)
# PairMix helps retrieval and harms captioning; mixing audibly mends that.
CIDER = {"none": 0.6, "pairmix": 0.4, "audible": 0.6}
WORST = {"none": 39, "pairmix": 11}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder of the study's trainings, evaluated."""
    folder = tmp_path_factory.mktemp("study")
    draws = np.random.default_rng(0)
    for task in TASKS:
        for clips in (100, 300):
            for recipe in CIDER if task == "captioning" else WORST:
                for seed in SETTINGS.seeds:
                    own = run_folder(folder, Arm(task, clips, recipe), seed)
                    _write(own, task, recipe, seed, None, draws)
                    for point in SETTINGS.test_time.grid.points:
                        _write(
                            own / "tta" / point.name, task, recipe, seed, point, draws
                        )
    return folder


def _write(folder, task, recipe, seed, point, draws):
    about = evaluated(task, recipe, seed, None if point is None else point.name)
    if task == "retrieval":
        write_retrieval(folder, about, WORST[recipe], draws)
    else:
        write_captioning(folder, about, CIDER[recipe], draws)
        said = pd.DataFrame({"file_name": NAMES, "caption": f"a {recipe} barks"})
        said.to_csv(folder / "captions.csv", index=False)
    if point is None:
        pd.DataFrame(
            {
                "epoch": [0, 1, 2],
                "loss": [2.0, 1.5, 1.2],
                "seconds": 1.0,
                "selection": [np.nan, 0.4, 0.3],
            }
        ).to_csv(folder / "history.csv", index=False)


@pytest.fixture(scope="module")
def written(runs, tmp_path_factory):
    """Folder of the tables and figures."""
    folder = tmp_path_factory.mktemp("written")
    rows = [f"{name},a dog barks" for name in NAMES]
    text = "file_name,caption\n" + "\n".join(rows) + "\n"
    (folder / "test.csv").write_text(text, encoding="utf-8")
    known = [f"{n}.flac,a none barks" for n in range(300)]
    text = "file_name,caption\n" + "\n".join(known) + "\n"
    (folder / "train.csv").write_text(text, encoding="utf-8")
    write_study(
        SETTINGS,
        runs=runs,
        references=folder / "test.csv",
        train_captions=folder / "train.csv",
        output=folder / "results",
    )
    return folder / "results"


def test_every_file_is_there(written):
    assert {path.name for path in written.iterdir()} == set(STUDY_FILES)
    assert all(path.stat().st_size > 100 for path in written.iterdir())


def test_known_effects_are_found_and_marked(written):
    effects = pd.read_csv(written / "effects.csv")
    wanted = {
        ("data", "captioning", "pairmix", "CIDEr"): -20,
        ("causes", "captioning", "audible", "CIDEr"): 20,
    }
    for (comparison, task, recipe, metric), expected in wanted.items():
        own = effects[
            (effects["comparison"] == comparison)
            & (effects["task"] == task)
            & (effects["recipe"] == recipe)
            & (effects["metric"] == metric)
        ]
        for _, row in own.iterrows():
            assert row["difference"] == pytest.approx(expected, abs=3)
            assert row["low"] <= row["difference"] <= row["high"]
            assert row["significant"] == "*"
    t2a = effects[(effects["metric"] == "T2A R@10") & (effects["recipe"] == "pairmix")]
    assert (t2a["difference"] > 30).all()
    # The first recipe of a comparison has no difference to itself.
    first = effects[effects["recipe"] == effects["baseline"]]
    assert first["difference"].isna().all()
    assert (effects["seeds"] == 3).all()


def test_a_part_of_the_clips_is_scored_by_itself(runs):
    chosen = frozenset(NAMES[: CLIPS // 2])
    parts = [Part(ALL, None), Part("half", chosen)]
    settings = replace(SETTINGS, comparisons=SETTINGS.comparisons[1:])
    effects = effects_table(Studied(settings, runs, parts))
    own = effects[(effects["recipe"] == "audible") & (effects["metric"] == "CIDEr")]
    arm = Arm("captioning", 300, "audible")
    folders = [run_folder(runs, arm, seed) for seed in (1, 2, 3)]
    tables = [pd.read_csv(folder / "clips.csv") for folder in folders]
    by_hand = np.mean(
        [100 * t[t["file_name"].isin(chosen)]["CIDEr"].mean() for t in tables]
    )
    half = own[own["part"] == "half"].iloc[0]
    assert half["mean"] == pytest.approx(by_hand, abs=0.01)
    assert half["mean"] != own[own["part"] == ALL].iloc[0]["mean"]
    # Beside the plan: no correction, no mark.
    assert pd.isna(half["corrected_p"])


def test_a_comparison_with_seeds_of_its_own_takes_those_alone(runs):
    again = Comparison("again", TASKS, (300,), ("none", "pairmix"), seeds=(2, 3))
    settings = replace(SETTINGS, comparisons=(again,))
    effects = effects_table(Studied(settings, runs, [Part(ALL, None)]))
    assert (effects["seeds"] == 2).all()
    arm = Arm("captioning", 300, "none")
    tables = [pd.read_csv(run_folder(runs, arm, s) / "clips.csv") for s in (2, 3)]
    by_hand = np.mean([100 * table["CIDEr"].mean() for table in tables])
    row = effects[(effects["metric"] == "CIDEr") & (effects["recipe"] == "none")]
    assert row["mean"].item() == pytest.approx(by_hand, abs=0.01)
    assert "**again, captioning** (seeds: 2)" in in_markdown(effects)
    long = effects.assign(length=3)
    assert "(seeds: 2; trainings 3 times as long)" in in_markdown(long)


def test_curves_mark_the_epoch_that_was_kept(written):
    curves = pd.read_csv(written / "curves.csv")
    kept = curves[curves["best"] == "*"]
    assert (kept["epoch"] == 2).all()
    assert len(kept) == 3 * (2 * 2 * 2 + 1)


def test_captioners_that_recite_are_told(written):
    said = pd.read_csv(written / "captions.csv").set_index(["train_clips", "recipe"])
    verbatim = said["Training captions verbatim (%)"]
    assert verbatim[300, "none"] == 100
    assert verbatim[300, "pairmix"] == 0


def test_test_time_augmentation_is_compared_with_none(written):
    table = pd.read_csv(written / "test_time.csv")
    assert set(table["tau"]) == {0, 2, 6}
    assert set(table["method"]) == {"no TTA", "TTA", "Mid-TTA", "Multi-TTA"}
    assert table[table["tau"] > 0]["corrected_p"].notna().all()


def test_markdown_says_the_difference_and_its_interval(written):
    text = in_markdown(pd.read_csv(written / "effects.csv"))
    assert text == (written / "effects.md").read_text(encoding="utf-8")
    assert "**causes, captioning** (seeds: 3)" in text
    assert "| 300 | audible | " in text


def test_a_missing_history_is_named(runs, tmp_path, written):
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"scores.json"):
        write_study(
            SETTINGS,
            runs=tmp_path / "none",
            references=written.parent / "test.csv",
            train_captions=written.parent / "train.csv",
            output=tmp_path / "out",
        )
