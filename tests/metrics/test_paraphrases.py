"""METEOR with the part of its paraphrase table that can match."""

import gzip

import pytest

from workflow_src.metrics import paraphrases
from workflow_src.metrics.meteor import Meteor

PAIRS = [
    ("a big dog", "a large hound"),
    ("automobile", "motor - car"),
    ("barks", "is barking"),
    ("motor-car", "automobile"),
    ("parliament", "assembly"),
    ("the assembly", "parliament"),
]
REFERENCES = ["a large hound barks", "an automobile passes"]
CANDIDATES = ["a big dog is barking", "a motor-car goes by"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A small table in the place of the whole one."""
    path = tmp_path / "whole.gz"
    lines = [f"0.5\n{phrase}\n{other}\n" for phrase, other in PAIRS]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    monkeypatch.setattr(paraphrases, "table", lambda: path)
    return path


def pairs(path):
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return list(zip(lines[1::3], lines[2::3], strict=True))


def test_what_can_match_is_kept(table, tmp_path):
    assert pairs(paraphrases.cut(REFERENCES, tmp_path)) == PAIRS[:4]
    assert pairs(paraphrases.cut(["the motor car"], tmp_path)) == [PAIRS[1], PAIRS[3]]
    assert pairs(paraphrases.cut([], tmp_path)) == []


def test_scores_are_those_of_the_whole_table(table, tmp_path):
    cut = paraphrases.cut(REFERENCES, tmp_path)
    empty = paraphrases.cut([], tmp_path)
    references = [[text] for text in REFERENCES]
    scores = []
    for file in (table, cut, empty):
        with Meteor(file) as meteor:
            scores.append(meteor.score(CANDIDATES, references))
    assert scores[0] == scores[1]
    assert scores[0][0] > scores[2][0] + 0.1, "the paraphrases count"


def test_a_table_is_made_once(table, tmp_path):
    made = paraphrases.cut(REFERENCES, tmp_path)
    table.unlink()
    assert paraphrases.cut(reversed(REFERENCES), tmp_path) == made
