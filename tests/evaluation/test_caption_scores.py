"""Scores of what a captioner said, also where it said nothing."""

import json

import pandas as pd

from workflow_src.config import load
from workflow_src.evaluation.caption_scores import (
    METEOR_TABLES,
    evaluate,
    prepare_references,
)
from workflow_src.layout import Layout
from workflow_src.metrics.spice import CACHE


def test_an_untrained_captioner_that_says_nothing_is_scored(tmp_path, monkeypatch):
    config = load("config.yaml", {"metrics": {"spice": "python"}})
    monkeypatch.chdir(tmp_path)
    layout = Layout("birds-smoke")
    layout.captions("test").parent.mkdir(parents=True)
    references = [
        (name, f"a {kind} sings {how}")
        for name, kind in (("a.flac", "robin"), ("b.flac", "crow"))
        for how in ("loudly", "softly")
    ]
    columns = ["file_name", "caption"]
    pd.DataFrame(references, columns=columns).to_csv(
        layout.captions("test"), index=False
    )
    prepare_references(config, layout)
    assert CACHE.is_file()
    assert len(list(METEOR_TABLES.iterdir())) == 1
    folder = layout.run("captioning", "none", 1)
    folder.mkdir(parents=True)
    said = [("a.flac", ""), ("b.flac", "a crow sings")]
    pd.DataFrame(said, columns=columns).to_csv(folder / "captions.csv", index=False)
    evaluate(config, layout, "none", 1)
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["clips"] == 2
    assert {"SPICE-py", "SPIDEr-py"} < set(scores["metrics"])
    clips = pd.read_csv(folder / "clips.csv").set_index("file_name")
    assert clips.loc["a.flac", "SPIDEr-py"] == clips.loc["a.flac", "CIDEr"] == 0
    assert clips.loc["b.flac", "CIDEr"] > 0
    assert clips.loc["b.flac", "SPICE-py"] > 0
