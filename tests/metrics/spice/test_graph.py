import json
from pathlib import Path

import pytest

from workflow_src.metrics.spice.graph import Concept, Group, Part, SceneGraph, f_score

DATA = json.loads(
    (Path(__file__).parents[1] / "data" / "spice.json").read_text("utf-8")
)
SHARED = Path(__file__).parents[3].parent / "shared" / "spice" / "cases.json"


def graph_of(*captions):
    graph = SceneGraph()
    for tuples in captions:
        graph.add((words, 1.0) for words in tuples)
    return graph


def as_printed(tuples):
    """A graph from the tuples that SPICE prints: `talk/speak` is one concept."""
    parts = [
        Part(tuple(Concept.of(*label.split("/")) for label in labels), absent=0.0)
        for labels in tuples
    ]
    return SceneGraph(Group(parts))


@pytest.mark.parametrize("case", DATA["merged"])
def test_merges_and_scores_as_the_official_tool(case):
    references = graph_of(*case["references"])
    assert len(references.parts()) == case["size"]
    found = f_score(graph_of(case["candidate"]), references)
    assert found == pytest.approx(case["f"], abs=1e-9)


def equals_official(case):
    candidate, references = map(as_printed, (case["test_tuples"], case["ref_tuples"]))
    matched = [
        labels
        for labels, part in zip(case["test_tuples"], candidate.parts(), strict=True)
        if f_score(SceneGraph(Group([part])), references)
    ]
    assert sorted(matched) == sorted(case["matched"])
    assert f_score(candidate, references) == pytest.approx(case["spice"], abs=1e-6)


@pytest.mark.parametrize("case", DATA["cases"])
def test_official_tuples_give_the_official_score(case):
    equals_official(case)


# All the cases lie beside the project; the sample in data/spice.json always runs.
@pytest.mark.skipif(not SHARED.exists(), reason="no shared folder")
def test_official_tuples_give_the_official_score_in_all_cases():
    for case in json.loads(SHARED.read_text("utf-8")):
        equals_official(case)


def test_chances_give_the_expected_counts():
    candidate, references = SceneGraph(), SceneGraph()
    candidate.add([(["dog"], 0.5), (["cat"], 1.0)])
    references.add([(["dogs"], 0.5), ([], 1.0)])
    references.add([(["dog"], 0.5)])
    # One dog of chance 0.75 and one tuple without a name in the references.
    assert f_score(candidate, references) == pytest.approx(2 * 0.5 * 0.75 / 3.25)


def test_a_tuple_found_twice_in_a_caption_counts_once():
    twice = SceneGraph()
    twice.add([(["dog"], 0.5), (["dog"], 0.25)])
    assert [part.chance for part in twice.parts()] == [0.5]


def test_nothing_scores_nothing():
    assert f_score(SceneGraph(), SceneGraph()) == 0
    assert f_score(SceneGraph(), graph_of([["dog"]])) == 0
