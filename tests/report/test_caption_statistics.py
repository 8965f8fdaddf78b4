"""What captions are like, by captioner of each table, and of a person."""

import csv

import pandas as pd
import pytest

from tests.report.evaluations import evaluated
from workflow_src.config import load, steps
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import write_scores
from workflow_src.metrics import sentence_similarity
from workflow_src.report.caption_statistics import (
    PERSON,
    figure_names,
    write_caption_statistics,
)
from workflow_src.report.page.described import described
from workflow_src.report.settings import (
    CaptionRowSettings,
    CaptionStatisticsSettings,
)

REFERENCES = {
    "1.wav": ["a dog barks", "one dog barks twice"],
    "2.wav": ["rain falls", "it rains"],
}
SAID = {
    ("short", 20): ["a dog barks", "a dog barks"],
    ("short", 21): ["a dog barks", "the rain falls"],
    ("long", 20): ["a dog barks and then a cat meows", "rain"],
    ("long", 21): ["a dog barks and then a cat meows", "rain"],
}
ROWS = (
    CaptionRowSettings("table1", "Baseline", "short", None),
    CaptionRowSettings("table3", "+ views", "long", "multi-tta-4"),
)


def write(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


@pytest.fixture
def files(tmp_path):
    """Arguments of the step but its settings."""
    scores = []
    for (recipe, seed), captions in SAID.items():
        run = tmp_path / recipe / str(seed)
        pairs = list(zip(REFERENCES, captions, strict=True))
        if recipe == "short":
            folder, tta = run, None
            write(run / "captions.csv", ["file_name", "caption"], pairs)
        else:
            # All points of a grid are in one file.
            folder, tta = run / "tta" / "multi-tta-4", "multi-tta-4"
            rows = [("tta-4", name, "no") for name in REFERENCES]
            rows += [(tta, *pair) for pair in pairs]
            columns = ["point", "file_name", "caption"]
            write(run / "tta" / "captions.csv", columns, rows)
        write_scores(folder, evaluated("captioning", recipe, seed, tta), 2, {})
        scores.append(folder / "scores.json")
    pairs = [(name, text) for name, texts in REFERENCES.items() for text in texts]
    training = [("t.wav", "A dog barks."), ("u.wav", "a bell")]
    columns = ["file_name", "caption"]
    return {
        "scores": scores,
        "references": write(tmp_path / "test.csv", columns, pairs),
        "train_captions": write(tmp_path / "train.csv", columns, training),
        "output": tmp_path / "caption_statistics.csv",
    }


def make(files, seeds=(20, 21), similarity=False):
    settings = CaptionStatisticsSettings(ROWS, seeds, similarity)
    write_caption_statistics(settings, **files)
    return pd.read_csv(files["output"])


def test_each_row_has_the_mean_over_its_seeds(files):
    table = make(files)
    assert list(table["method"]) == ["Baseline", "+ views", PERSON]
    short, long, person = (row for _, row in table.iterrows())
    assert short["Vocabulary (words)"] == (3 + 6) / 2
    assert short["Vocabulary (words) sd"] == pytest.approx(2.12)
    assert short["Distinct captions (%)"] == 75
    assert short["Training captions verbatim (%)"] == 75
    assert (short["clips"], short["seeds"], short["table"]) == (2, 2, "table1")
    assert long["Mean length (words)"] == 4.5
    assert long["Longer than any reference (%)"] == 50
    assert person["Mean length (words)"] == 2.5
    assert person["Longer than any reference (%)"] == 0
    # `a dog barks` is a training caption.
    assert person["Training captions verbatim (%)"] == 50
    assert set(table["corpus"]) == {"birds"}
    assert sentence_similarity.NAME not in figure_names(table)


def test_one_seed_has_no_spread_and_seeds_stay_whole_numbers(files):
    table = make(files, seeds=(20,))
    assert not [name for name in table if name.endswith(" sd")]
    text = files["output"].read_text()
    assert ",2,1," in text
    assert "1.0," not in text.splitlines()[1].partition("short")[2][:6]


def test_one_reference_a_clip_leaves_the_person_out(files):
    rows = [(name, texts[0]) for name, texts in REFERENCES.items()]
    write(files["references"], ["file_name", "caption"], rows)
    assert list(make(files)["table"]) == ["table1", "table3"]


def test_a_captioner_without_scores_is_named(files):
    files["scores"] = files["scores"][1:]
    with pytest.raises(InputError, match="captioning, recipe short, seed 20"):
        make(files)


def test_similarity_is_among_the_figures_where_its_encoder_is(files, monkeypatch):
    def score_many(systems, references):
        return {name: [0.25, 0.75] for name in systems}

    monkeypatch.setattr(sentence_similarity, "score_many", score_many)
    table = make(files, similarity=True)
    assert list(table[sentence_similarity.NAME]) == [50, 50, 50]
    assert figure_names(table)[-1] == sentence_similarity.NAME


def test_every_captioner_of_the_tables_is_described():
    config = load("config.yaml")
    settings = steps.caption_statistics(config, similarity=True)
    tables = {row.table for row in settings.rows}
    assert tables == {"table1", "table3", "table4"}
    assert ("table3", "eda") not in {(row.table, row.recipe) for row in settings.rows}
    assert any(row.tta for row in settings.rows)


def test_the_page_groups_the_rows_by_table(files):
    make(files)
    shown = described(files["output"])
    assert shown.heads[:2] == ["captions of", "Vocabulary (words)"]
    names = [(group, [row[0] for row in rows]) for group, rows in shown.groups]
    assert names == [
        ("Table 1. Automated audio captioning", ["Baseline"]),
        ("Table 3. Augmentations of audio, of text and of both", ["+ views"]),
        ("", [PERSON]),
    ]
    (row,) = shown.groups[0][1]
    assert row[1] == "4.5 ± 2.1"
    assert shown.groups[2][1][0][1:3] == ["5", "100.0"]
    assert described(None) is None
