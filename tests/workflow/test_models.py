"""The target `models` at smoke scale: two families of each task, offline."""

import pandas as pd
import pytest

pytestmark = pytest.mark.workflow


def test_models_are_trained_tested_and_tabulated(fresh):
    fresh.select_scale("smoke")
    fresh.run("HF_HUB_OFFLINE=1 snakemake --cores 8 --resources gpu=1 models")
    made = pd.read_csv(fresh.folder / "results" / "embedded-smoke" / "models.csv")
    models = made.groupby("model", sort=False)
    assert models["task"].first().to_dict() == {
        "clap": "retrieval",
        "ast_bert": "retrieval",
        "ast_act": "captioning",
        "whisper_bart": "captioning",
    }
    for _, rows in models:
        assert rows["method"].tolist() == ["Baseline", "+ PairMix", "+ Multi-TTA"]
    assert made["family"].nunique() == 4
    assert (made["clips"] == 12).all()
    assert (made["parameters"] > 0).all()
    for task, metric in (("retrieval", "T2A meanR"), ("captioning", "CIDEr")):
        own = made["task"] == task
        assert made.loc[own, metric].notna().all()
        assert made.loc[~own, metric].isna().all()
    # The paper's models are another target's.
    assert not list((fresh.folder / "runs" / "embedded-smoke").glob("captioning/*"))
