"""How long the study's trainings are, and what of a plan makes no sense."""

import pytest

from workflow_src.config import load, studied
from workflow_src.errors import InputError
from workflow_src.study.settings import Comparison, StudyConfig, TestTimePart
from workflow_src.training.settings import OptimizationSettings

DATA = Comparison("data", ("captioning",), (100, 300), ("none", "all"))


@pytest.mark.parametrize("clips", [1, 7, 100, 1000, 49_838])
def test_every_corpus_gets_as_many_updates_as_whole_epochs_allow(clips):
    own = OptimizationSettings(batch_size=8, lr_decay_every=3, warmup_epochs=1)
    study = StudyConfig(validations=10)
    made = study.optimization("captioning", clips, own)
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
    assert study.trainings == [
        ("captioning", 100, "none"),
        ("captioning", 100, "all"),
        ("captioning", 300, "none"),
        ("captioning", 300, "all"),
        ("captioning", 300, "half"),
    ]


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
