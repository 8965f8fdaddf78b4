"""The study on the page."""

import base64

import pandas as pd
import pytest

from workflow_src.errors import InputError
from workflow_src.report.page.studied import studied


def row(recipe, metric="CIDEr", part="all", length=1, **difference):
    return {
        "comparison": "data",
        "task": "captioning",
        "train_clips": 1000,
        "length": length,
        "recipe": recipe,
        "baseline": "none",
        "metric": metric,
        "part": part,
        "seeds": 3,
        "mean": 40.04,
        **difference,
    }


WORSE = {"difference": -9.96, "low": -15.0, "high": -0.04}
ROWS = [
    row("none"),
    row("pairmix", **WORSE, corrected_p=0.0312, significant="*"),
    row("pairmix", length=3, **WORSE, corrected_p=0.5, significant=""),
    row("pairmix", metric="METEOR", **WORSE, corrected_p=0.01, significant="*"),
    row("pairmix", part="new combinations", **WORSE),
]


def test_a_page_without_a_study_has_none():
    assert studied(None) is None


def test_the_planned_metric_on_all_clips_is_shown(tmp_path):
    pd.DataFrame(ROWS).to_csv(tmp_path / "effects.csv", index=False)
    (tmp_path / "effects.svg").write_text("<svg/>")
    shown = studied(tmp_path / "effects.csv")
    assert base64.b64decode(shown.figure.split(",")[1]) == b"<svg/>"
    (part,) = shown.parts
    assert (part.title, part.seeds) == ("data: captioning, CIDEr", 3)
    first, second, third = part.rows
    assert (first.mean, first.difference, first.sure) == ("40.0", "", False)
    assert second.difference == "−10.0 [−15.0, −0.0]"
    assert (second.p, second.sure) == ("0.031", True)
    assert (third.clips, third.sure) == ("1,000, 3 times as long", False)


def test_a_missing_figure_and_a_damaged_table_are_named(tmp_path):
    pd.DataFrame(ROWS).to_csv(tmp_path / "effects.csv", index=False)
    with pytest.raises(InputError, match=r"effects\.svg: No such file"):
        studied(tmp_path / "effects.csv")
    (tmp_path / "effects.csv").write_text("task\n")
    with pytest.raises(InputError, match="no column 'comparison'"):
        studied(tmp_path / "effects.csv")
