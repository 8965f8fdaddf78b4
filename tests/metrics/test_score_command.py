import argparse
import csv
import json

import pytest

from workflow_src.errors import InputError
from workflow_src.metrics import java, score_command

REFERENCES = [
    ("a.wav", "A dog barks, twice"),
    ("a.wav", "A dog is barking"),
    ("ü 1.wav", "Rain falls"),
]
CANDIDATES = [("ü 1.wav", "Rain falls"), ("a.wav", "")]


def write(path, rows, columns=("file_name", "caption")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return str(path)


@pytest.fixture
def score(tmp_path, monkeypatch, capsysbinary):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(*options, candidates=CANDIDATES, references=REFERENCES):
        parser = argparse.ArgumentParser()
        score_command.add_arguments(parser)
        files = [
            write(tmp_path / "candidates.csv", candidates),
            write(tmp_path / "references.csv", references),
        ]
        score_command.run(parser.parse_args([*files, *options]))
        return capsysbinary.readouterr().out.decode()

    return call


def test_json_has_corpus_and_clips(score):
    found = json.loads(score("--spice", "python", "--json"))
    metrics = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr"]
    metrics += ["SPICE-py", "SPIDEr-py"]
    assert list(found) == ["corpus", "clips", "java"]
    assert found["java"] == java.full_version()
    assert list(found["corpus"]) == metrics
    assert [list(clip) for clip in found["clips"]] == [["file_name", *metrics]] * 2
    assert [clip["file_name"] for clip in found["clips"]] == ["a.wav", "ü 1.wav"]
    assert found["clips"][0]["METEOR"] == 0
    assert found["clips"][1]["BLEU-1"] == pytest.approx(1)
    for scores in (found["corpus"], *found["clips"]):
        mean = (scores["CIDEr"] + scores["SPICE-py"]) / 2
        assert scores["SPIDEr-py"] == pytest.approx(mean)


def test_table_says_what_it_is_of():
    scores = {"CIDEr": (0.5, [1.0, 0.0]), "SPICE-py": (0.1234, [0.2468, 0.0])}
    candidates = {"a": "A dog", "b": "..."}
    assert score_command.as_table(scores, ["a", "b"], candidates).splitlines() == [
        "CIDEr        50.00",
        "SPICE-py     12.34",
        f"2 clips, scores x 100, Java {java.full_version()}",
        "1 candidates have no word: they score 0",
        "SPICE-py approximates SPICE: no CoreNLP, or --spice python",
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"candidates": CANDIDATES[:1]}, "no candidate for clip 'a.wav'"),
        ({"candidates": [*CANDIDATES, ("b", "x")]}, "clip 'b' has no reference"),
        ({"candidates": CANDIDATES * 2}, "line 4: a second candidate for 'ü 1.wav'"),
        ({"references": [*REFERENCES, ("c", "")]}, "clip 'c': the reference ''"),
        ({"references": [*REFERENCES, ("", "x")]}, "line 5: the file name is empty"),
        ({"references": []}, "no reference captions"),
        ({"references": [("a", "b", "c")]}, "line 2: 2 fields expected"),
    ],
)
def test_bad_files_are_named(score, files, message):
    with pytest.raises(InputError, match=message):
        score("--spice", "none", **files)
