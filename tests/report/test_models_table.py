"""The tables of the models beside the paper's: each model against its own baseline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.records import record
from tests.report.evaluations import CLIPS, evaluated, write_captioning, write_retrieval
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import read_scores
from workflow_src.models.run_folder import write_record
from workflow_src.report.likelihood_table import write_likelihood_table
from workflow_src.report.models_settings import (
    LikelihoodTableSettings,
    ModelRows,
    ModelsTableSettings,
)
from workflow_src.report.models_table import write_models_table

MODELS = (
    ModelRows("ears", "retrieval", "frames", "ast + bert"),
    ModelRows("mouth", "captioning", "text_decoder", "ast + bart"),
)
SETTINGS = ModelsTableSettings(MODELS, "plain", "all", "multi-tta-4", (20,), 200)


@pytest.fixture
def scores(tmp_path):
    generator = np.random.default_rng(1)
    written = []
    for model in MODELS:
        for name, point in (("plain", None), ("all", None), ("all", "multi-tta-4")):
            run = tmp_path / model.name / model.task / name / "seed20"
            folder = run / "tta" / point if point else run / "scores"
            about = evaluated(model.task, name, 20, point)
            if model.task == "captioning":
                written.append(write_captioning(folder, about, 0.5, generator))
            else:
                worst = 39 if name == "plain" else 12
                written.append(write_retrieval(folder, about, worst, generator))
            own = record(model.task)
            write_record(replace(own, environment={"parameters": "1234"}), run)
    return written


def test_three_rows_a_model_against_its_own_baseline(scores, tmp_path):
    write_models_table(
        SETTINGS, scores=scores, runs=tmp_path, output=tmp_path / "models.csv"
    )
    made = pd.read_csv(tmp_path / "models.csv")
    assert made["model"].tolist() == ["ears"] * 3 + ["mouth"] * 3
    assert made["method"].tolist() == ["Baseline", "+ PairMix", "+ Multi-TTA"] * 2
    assert (made["parameters"] == 1234).all()
    assert (made["clips"] == CLIPS).all()
    ears, mouth = made[made["task"] == "retrieval"], made[made["task"] == "captioning"]
    assert ears["CIDEr"].isna().all()
    assert mouth["T2A R@10"].isna().all()
    for own, metric in ((ears, "T2A R@10"), (mouth, "CIDEr")):
        differences = own[f"{metric} difference"]
        assert differences.isna().tolist() == [True, False, False]
    assert (ears["T2A R@10 significant"].iloc[1:] == "*").all()


def test_a_model_without_scores_is_named(scores, tmp_path):
    with pytest.raises(InputError, match="no scores of model mouth"):
        write_models_table(
            SETTINGS, scores=scores[:3], runs=tmp_path, output=tmp_path / "models.csv"
        )


def test_captioners_as_retrievers(tmp_path):
    generator = np.random.default_rng(2)
    scores, models = [], []
    for model in ("act", "mouth"):
        for name in ("plain", "all"):
            for kind in ("likelihood", "likelihood-prior"):
                folder = tmp_path / model / name / kind
                about = evaluated("retrieval", name, 20, kind)
                scores.append(write_retrieval(folder, about, 30, generator))
                models.append(model)
    settings = LikelihoodTableSettings(("act", "mouth"), "plain", "all", (20,), 200)
    output = tmp_path / "likelihood_retrieval.csv"
    write_likelihood_table(settings, scores=scores, models=models, output=output)
    made = pd.read_csv(output)
    assert made["model"].tolist() == ["act"] * 4 + ["mouth"] * 4
    assert made["score"].nunique() == 2
    own = read_scores(scores[0])
    assert made["T2A R@10"].iloc[0] == pytest.approx(own.metrics["T2A R@10"], abs=0.01)
    with pytest.raises(InputError, match="no scores of captioner mouth"):
        write_likelihood_table(
            settings, scores=scores[:4], models=models[:4], output=output
        )
