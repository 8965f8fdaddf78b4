"""How long the study's trainings are, and what of a plan makes no sense."""

import pytest

from workflow_src.config import load, studied
from workflow_src.errors import InputError
from workflow_src.study.settings import Arm, Comparison, StudyConfig, TestTimePart
from workflow_src.training.settings import OptimizationSettings

DATA = Comparison("data", ("captioning",), (100, 300), ("none", "all"))


@pytest.mark.parametrize("clips", [1, 7, 100, 1000, 49_838])
def test_every_corpus_gets_as_many_updates_as_whole_epochs_allow(clips):
    own = OptimizationSettings(batch_size=8, lr_decay_every=3, warmup_epochs=1)
    study = StudyConfig(validations=10)
    made = study.optimization("captioning", clips, 1, own)
    steps = -(-clips // 8)
    wanted = study.updates.captioning
    assert made.epochs >= 1
    assert abs(made.epochs * steps - wanted) <= max(steps / 2, wanted * 0.01) or (
        made.epochs == 1
    )
    # Where the learning rate turns is a share of the training, not a count of epochs.
    assert made.warmup_epochs == pytest.approx(0.1 * made.epochs)
    assert made.warmup_epochs + made.lr_decay_every == pytest.approx(0.7 * made.epochs)
    assert made.epochs / made.validate_every <= 20
    assert made.learning_rate == own.learning_rate


def test_a_training_of_two_comparisons_is_one():
    again = Comparison("again", ("captioning",), (300,), ("all", "half"))
    study = StudyConfig(
        comparisons=(DATA, again), test_time=TestTimePart(("captioning",), 300, "all")
    )
    assert study.arms == {
        Arm("captioning", 100, "none"): (1, 2, 3),
        Arm("captioning", 100, "all"): (1, 2, 3),
        Arm("captioning", 300, "none"): (1, 2, 3),
        Arm("captioning", 300, "all"): (1, 2, 3),
        Arm("captioning", 300, "half"): (1, 2, 3),
    }


def test_a_comparison_may_have_seeds_and_a_length_of_its_own():
    other = Comparison("other", ("captioning",), (300,), ("none",), seeds=(3, 4))
    long = Comparison("long", ("captioning",), (300,), ("none",), length=3)
    study = StudyConfig(
        comparisons=(DATA, other, long),
        test_time=TestTimePart(("captioning",), 300, "all"),
    )
    assert study.arms[Arm("captioning", 300, "none")] == (1, 2, 3, 4)
    assert study.arms[Arm("captioning", 300, "none", 3)] == (1, 2, 3)
    own = OptimizationSettings(batch_size=8, lr_decay_every=3, warmup_epochs=1)
    short, lasting = (study.optimization("captioning", 800, n, own) for n in (1, 3))
    assert lasting.epochs == 3 * short.epochs == 1350
    assert Arm("captioning", 300, "none", 3).corpus == "300x3"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seeds": (1, 1)}, "seeds are one or more different numbers"),
        ({"validations": 0}, "validations is at least 1"),
        ({"comparisons": (DATA, DATA)}, "two comparisons have one name"),
        (
            {"comparisons": (DATA,), "test_time": TestTimePart(("retrieval",), 300)},
            "no comparison trains retrieval under all on 300 clips",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_one_sentence(change, said):
    with pytest.raises(InputError, match=said):
        StudyConfig(**change)


@pytest.mark.parametrize(
    ("field", "values"), [("recipes", ()), ("clips", (0,)), ("clips", (5, 5))]
)
def test_a_comparison_names_different_things(field, values):
    given = {"name": "x", "tasks": ("captioning",), "clips": (5,), "recipes": ("a",)}
    with pytest.raises(InputError, match=field):
        Comparison(**(given | {field: values}))


def test_an_unknown_recipe_and_one_that_captioning_must_not_have_stop_before_any_job():
    part = {"name": "x", "tasks": ["captioning"], "clips": [10], "recipes": ["eda"]}
    for recipe, said in (("eda", "eda is for retrieval only"), ("odd", "not defined")):
        study = {"comparisons": [part | {"recipes": [recipe]}]}
        study["test_time"] = {"tasks": ["captioning"], "clips": 10, "recipe": recipe}
        with pytest.raises(InputError, match=said):
            load(overrides={"scale": "smoke", "study": study})


def test_only_the_length_differs_from_a_training_elsewhere():
    config = load(overrides={"scale": "study"})
    made = studied.captioner(config, "pairmix", 1, 300)
    assert made.recipe == config.recipe("pairmix")
    assert made.optimization.epochs == round(config.study.updates.captioning / 38)
    assert made.model.dropout == 0.1
    assert studied.caption_grid(config).test_time.grid.taus == (10, 25)
