"""Evaluations are found by what they say of themselves, not by where they lie."""

import json

import pytest

from tests.records import record
from tests.report.evaluations import evaluated
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import (
    Evaluated,
    read_scores,
    write_scores,
)
from workflow_src.report.scored import ScoredRuns
from workflow_src.settings import digest


@pytest.fixture
def write(tmp_path):
    """Write an evaluation into a folder whose name says nothing."""
    folders = (tmp_path / f"{n:02}" for n in range(20))

    def put(*about, **changes):
        folder = next(folders)
        write_scores(folder, evaluated(*about, **changes), 4, {"CIDEr": 50.0})
        return folder / "scores.json"

    return put


def test_each_is_found_by_task_recipe_point_and_seed(write):
    files = {
        key: write(*key)
        for key in (
            ("captioning", "all", 1),
            ("captioning", "all", 2),
            ("captioning", "none", 1),
            ("retrieval", "all", 1),
            ("captioning", "all", 1, "tta-10"),
            ("captioning", "all", 1, "tta-100"),
        )
    }
    scored = ScoredRuns(list(files.values())[::-1])
    for (task, recipe, seed, *tta), path in files.items():
        point = tta[0] if tta else None
        assert scored.folders(task, recipe, point, [seed]) == [path.parent]
    both = scored.folders("captioning", "all", None, [2, 1])
    assert both == [files["captioning", "all", seed].parent for seed in (2, 1)]


@pytest.mark.parametrize(
    ("task", "recipe", "tta", "seed", "said"),
    [
        ("retrieval", "all", None, 1, "no scores of retrieval, recipe all, seed 1 are"),
        ("captioning", "noise", None, 1, "of captioning, recipe noise, seed 1 are"),
        ("captioning", "all", None, 9, "of captioning, recipe all, seed 9 are given"),
        ("captioning", "all", "tta-10", 1, "recipe all with tta-10, seed 1 are given"),
    ],
)
def test_what_is_missing_is_named(write, task, recipe, tta, seed, said):
    scored = ScoredRuns([write("captioning", "all", 1)])
    for call in (
        lambda: scored.folders(task, recipe, tta, [seed]),
        lambda: scored.origin([task], recipe, tta, [seed]),
    ):
        with pytest.raises(InputError, match=said):
            call()


def test_two_that_say_they_are_the_same_are_both_named(write):
    first, second = (write("captioning", "all", 1) for _ in range(2))
    with pytest.raises(InputError) as raised:
        ScoredRuns([first, second])
    assert str(raised.value) == (
        f"{second} and {first.parent} are of the same evaluation"
    )


@pytest.mark.parametrize(
    ("what", "change", "said"),
    [
        ("corpus", {"corpus": "cats"}, "more than one corpus: birds, cats"),
        ("scale", {"scale": "paper"}, "more than one scale: paper, smoke"),
        ("split", {"split": "mine"}, "more than one split: mine, test"),
    ],
)
def test_evaluations_of_other_things_are_not_mixed(write, what, change, said):
    files = [write("captioning", "all", 1), write("captioning", "all", 2, **change)]
    with pytest.raises(InputError, match=said):
        ScoredRuns(files)


def test_no_file_at_all():
    with pytest.raises(InputError, match=r"no scores\.json is given"):
        ScoredRuns([])


def test_the_origin_names_each_training_once(write):
    tasks, seeds = ("captioning", "retrieval"), (1, 2)
    keys = [(task, "all", seed) for task in tasks for seed in seeds]
    files = [write(*key) for key in keys]
    origin = ScoredRuns(files).origin(tasks, "all", None, seeds)
    assert origin["corpus"] == "birds"
    assert (origin["scale"], origin["split"]) == ("smoke", "test")
    assert origin["version"] == "0.1.0+gc0ffeec0"
    assert origin["settings"].split() == [evaluated(*key).settings for key in keys]


def test_what_is_written_comes_back(write):
    path = write("captioning", "all", 1, "tta-10")
    own = read_scores(path)
    assert own.evaluated == evaluated("captioning", "all", 1, "tta-10")
    assert (own.clips, own.metrics) == (4, {"CIDEr": 50.0})


def test_an_evaluation_takes_its_word_from_the_record_of_the_run():
    own = record("retrieval")
    about = Evaluated.of(own, "test", "tta-10")
    assert (about.task, about.recipe, about.seed) == ("retrieval", "all", 20)
    assert (about.corpus, about.scale) == ("birds", "smoke")
    assert about.settings == digest(own.settings)
    with pytest.raises(InputError, match="pre-training of an encoder has no scores"):
        Evaluated.of(record(task="pretraining", settings={"a": 1}), "test")


@pytest.mark.parametrize("damage", ["missing", "cut", "old"])
def test_a_damaged_file_is_named_in_one_sentence(write, damage):
    path = write("captioning", "all", 1)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_text(path.read_text()[:-20])
    else:
        # As an earlier version of this code left it.
        path.write_text(json.dumps({"clips": 4, "metrics": {}}))
    with pytest.raises(InputError) as raised:
        ScoredRuns([path])
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)
