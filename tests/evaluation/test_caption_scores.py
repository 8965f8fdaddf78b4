"""Scores of what a captioner said, also where it said nothing."""

import json

import pandas as pd
import pytest

from tests.records import record
from workflow_src.evaluation.caption_scores import (
    prepare_references,
    score_caption_grid,
    score_captions,
)
from workflow_src.evaluation.scores import Evaluated, read_scores
from workflow_src.models.run_folder import write_record

COLUMNS = ["file_name", "caption"]


@pytest.fixture
def prepared(tmp_path):
    """A captioner's folder, and the files of its scoring, by option."""
    references = [
        (name, f"a {kind} sings {how}")
        for name, kind in (("a.flac", "robin"), ("b.flac", "crow"))
        for how in ("loudly", "softly")
    ]
    path = tmp_path / "test.csv"
    pd.DataFrame(references, columns=COLUMNS).to_csv(path, index=False)
    options = {
        "references": path,
        "spice_kind": "python",
        "spice_cache": tmp_path / "spice.sqlite",
        "meteor_tables": tmp_path / "meteor",
    }
    prepare_references(**options, done=tmp_path / "done")
    assert (tmp_path / "done").is_file()
    assert options["spice_cache"].is_file()
    assert len(list(options["meteor_tables"].iterdir())) == 1
    write_record(record(), tmp_path / "run")
    return options | {"run": tmp_path / "run"}


def test_an_untrained_captioner_that_says_nothing_is_scored(prepared, tmp_path):
    said = [("a.flac", ""), ("b.flac", "a crow sings")]
    candidates, folder = tmp_path / "captions.csv", tmp_path / "scored"
    pd.DataFrame(said, columns=COLUMNS).to_csv(candidates, index=False)
    score_captions(**prepared, candidates=candidates, output=folder)
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["clips"] == 2
    assert {"SPICE-py", "SPIDEr-py"} < set(scores["metrics"])
    clips = pd.read_csv(folder / "clips.csv").set_index("file_name")
    assert clips.loc["a.flac", "SPIDEr-py"] == clips.loc["a.flac", "CIDEr"] == 0
    assert clips.loc["b.flac", "CIDEr"] > 0
    assert clips.loc["b.flac", "SPICE-py"] > 0


def test_scores_say_of_what_they_are(prepared, tmp_path):
    candidates = tmp_path / "grid.csv"
    rows = [
        (point, name, f"a {kind} sings")
        for point, kind in (("tta-2", "robin"), ("mid-tta-2", "crow"))
        for name in ("a.flac", "b.flac")
    ]
    pd.DataFrame(rows, columns=["point", *COLUMNS]).to_csv(candidates, index=False)
    score_caption_grid(**prepared, candidates=candidates, output=tmp_path / "tta")
    for point in ("tta-2", "mid-tta-2"):
        scores = read_scores(tmp_path / "tta" / point / "scores.json")
        assert scores.evaluated == Evaluated.of(record(), "test", point)
        assert (tmp_path / "tta" / point / "clips.csv").is_file()
    assert scores.evaluated.recipe == "all"
    assert scores.evaluated.version == "0.1.0+gc0ffeec0"
