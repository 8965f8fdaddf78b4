"""Settings are read strictly, written whole, and named by what they say."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workflow_src
from tests.records import record
from workflow_src import config
from workflow_src.config import corpus, modelled, steps, studied
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import Evaluated, Scores
from workflow_src.layout import FRONT_ENDS
from workflow_src.settings import (
    KeyComplaint,
    Settings,
    differences,
    digest,
    plain,
    read,
    read_json,
    to_json,
)


@dataclass(frozen=True)
class Inner(Settings):
    count: int = 1
    rate: float = 0.5

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InputError(f"count is at least 1, not {self.count}")


@dataclass(frozen=True)
class Outer(Settings):
    name: str
    inner: Inner
    kind: Literal["red", "green"] = "red"
    pair: tuple[float, float] = (0.0, 1.0)
    either: float | tuple[float, ...] | None = None
    flag: bool = False
    perhaps: Inner | None = None
    named: dict[str, Inner] = field(default_factory=dict)
    listed: tuple[Inner, ...] = ()


GOOD = {"name": "x", "inner": {}}


def test_lists_become_tuples_and_whole_numbers_do_for_rates():
    made = read(Outer, GOOD | {"pair": [1, 2], "inner": {"rate": 2}})
    assert made.pair == (1.0, 2.0)
    assert made.inner.rate == 2.0
    assert isinstance(made.inner.rate, float)


@pytest.mark.parametrize(
    ("change", "path", "sentence"),
    [
        ({"nmae": 1}, "nmae", "nmae is not a known key; did you mean name?"),
        ({"zebra": 1}, "zebra", "zebra is not a known key; known: name, inner, kind,"),
        (
            {"inner": {"cuont": 1}},
            "inner.cuont",
            "inner.cuont is not a known key; did you mean count?",
        ),
        (
            {"perhaps": {"cuont": 1}},
            "perhaps.cuont",
            "perhaps.cuont is not a known key; did you mean count?",
        ),
        (
            {"named": {"none": {"cuont": 1}}},
            "named.none.cuont",
            "named.none.cuont is not a known key; did you mean count?",
        ),
        (
            {"listed": [{}, {"cuont": 1}]},
            "listed.1.cuont",
            "listed.1.cuont is not a known key; did you mean count?",
        ),
        ({"inner": {"count": "1"}}, "inner.count", 'must be an integer, not "1"'),
        ({"inner": {"count": 1.5}}, "inner.count", "must be an integer, not 1.5"),
        ({"inner": {"count": True}}, "inner.count", "must be an integer, not true"),
        ({"inner": {"rate": "x"}}, "inner.rate", 'must be a number, not "x"'),
        ({"inner": 5}, "inner", "inner must be a mapping, not 5"),
        ({"inner": None}, "inner", "inner must be a mapping, not null"),
        ({"named": []}, "named", "named must be a mapping, not []"),
        ({"named": {"int": {"count": "x"}}}, "named.int.count", "must be an integer"),
        ({"flag": 1}, "flag", "flag must be true or false, not 1"),
        ({"name": 1}, "name", "name must be a text, not 1"),
        ({"pair": "x"}, "pair", 'pair must be a list, not "x"'),
        ({"pair": [1, "x"]}, "pair.1", 'pair.1 must be a number, not "x"'),
        ({"either": "x"}, "either", 'either must be a number or a list, not "x"'),
        ({"kind": "blue"}, "kind", 'kind is one of red, green, not "blue"'),
        ({"inner": {"count": 0}}, "inner", "inner: count is at least 1, not 0"),
    ],
)
def test_each_kind_of_error_is_a_sentence_with_the_dotted_key(change, path, sentence):
    with pytest.raises(KeyComplaint) as raised:
        read(Outer, GOOD | change, "a.yaml")
    assert str(raised.value).startswith("a.yaml: ")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.path == tuple(path.split("."))


def test_a_missing_key_and_what_is_no_mapping_at_all():
    with pytest.raises(InputError, match=r"^a: inner is missing$"):
        read(Outer, {"name": "x"}, "a")
    with pytest.raises(InputError, match=r"^a: named\.b\.x is not a known key"):
        read(Outer, GOOD | {"named": {"b": {"x": 1}}}, "a")
    for values in ([1], None, "text", 3):
        with pytest.raises(InputError, match=r"^a: must be a mapping, not "):
            read(Outer, values, "a")
    with pytest.raises(InputError, match=r"^count is at least 1, not 0$"):
        read(Inner, {"count": 0})


def test_text_that_is_no_json():
    assert read_json(Inner, '{"count": 3}') == Inner(3)
    with pytest.raises(InputError, match=r"^--settings is not JSON: "):
        read_json(Inner, "{count: 3}")
    with pytest.raises(InputError, match=r"^own is not JSON: "):
        read_json(Inner, "", "own")


def test_a_long_value_is_cut_in_the_sentence():
    with pytest.raises(InputError) as raised:
        read(Inner, {"count": "x" * 1000})
    assert len(str(raised.value)) < 150


def test_differences_name_each_value_with_its_key():
    old = {"a": {"b": 1, "c": [1, 2]}, "same": 1, "gone": None, "left": "x"}
    new = {"a": {"b": 2, "c": [1, 3]}, "same": 1, "came": {"d": 1}, "left": None}
    assert differences(old, new) == [
        "a.b was 1, is 2",
        "a.c was [1, 2], is [1, 3]",
        'left was "x", is null',
        'came was null, is {"d": 1}',
    ]
    assert differences(old, old) == []
    assert differences(1, 2) == ["it was 1, is 2"]
    assert differences(1.0, 1) == []


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


def without_nulls(value):
    """A mapping without what is null: a key that is null is as good as none."""
    if isinstance(value, Mapping):
        kept = {key: without_nulls(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner not in (None, {})}
    return value


@given(values, values)
def test_there_is_a_difference_exactly_where_values_differ(old, new):
    found = differences(old, new)
    if without_nulls(old) != without_nulls(new):
        assert found
    if old == new:
        assert not found
    assert len(found) == len(differences(new, old))


@given(st.dictionaries(st.text(max_size=3), values, max_size=4), st.randoms())
def test_a_digest_does_not_depend_on_the_order_of_keys(content, random):
    items = list(content.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(content)
    assert re.fullmatch("[0-9a-f]{8}", digest(content))
    assert digest(content, 12).startswith(digest(content))


def test_a_digest_notices_a_value():
    assert digest(Inner()) == digest({"count": 1, "rate": 0.5})
    assert digest(Inner()) != digest(Inner(2)) != digest(Inner(2, 0.25))


def inside(value: Any) -> Iterator[Settings]:
    """All settings in a value, itself first."""
    if isinstance(value, Settings):
        yield value
    if is_dataclass(value):
        value = {part.name: getattr(value, part.name) for part in fields(value)}
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from inside(part)


def of_the_workflow(scale: str) -> list[Settings]:
    """The settings of every step, as a config makes them, and all in them."""
    own = config.load(
        overrides={"scale": scale, "captioning": {"training": {"epochs": 7}}}
    )
    tasks = {"captioning": steps.captioner, "retrieval": steps.retriever}
    made: list[Any] = [own, corpus.mirror_settings(own), own.audiocaps.options]
    made += [corpus.ingest_settings(own, split) for split in ("train", "test")]
    for name in FRONT_ENDS.values():
        made += [steps.front_end(own, name), steps.pretraining(own, name)]
    for recipe, content in own.all_recipes.items():
        for task, make in tasks.items():
            if task == "retrieval" or content.eda is None:
                made.append(make(own, recipe, 20))
    made += [
        steps.table(own, name, split) for name in own.tables for split in ("test", "x")
    ]
    made += [
        make(own)
        for make in (
            steps.corpus_identity,
            steps.embedded_corpus,
            steps.caption_grid,
            steps.retrieval_grid,
            steps.figure4,
            steps.layer_search,
            steps.sweep,
            steps.audiocaps_captions,
            steps.pictures,
            steps.page,
            steps.examples,
            steps.viewed,
            studied.caption_grid,
            studied.retrieval_grid,
            studied.tables,
        )
    ]
    made.append(steps.caption_statistics(own, similarity=True))
    made += [
        make(own)
        for make in (
            modelled.caption_grid,
            modelled.retrieval_grid,
            modelled.likelihood,
            modelled.table,
            modelled.likelihood_table,
        )
    ]
    for entry in own.models.entries:
        made.append(modelled.features(own, modelled.features_name(entry)))
        made += [modelled.training(own, entry.name, r, 20) for r in own.models.recipes]
    said = Scores(Evaluated.of(record(), "test", "tta-10"), 4, {"CIDEr": 1.5})
    return list(inside([*made, record(), said]))


@pytest.mark.parametrize("scale", ["demo", "smoke", "paper"])
def test_settings_of_every_step_come_back_from_json_as_they_were(scale):
    for settings in of_the_workflow(scale):
        kind = type(settings)
        assert read(kind, plain(settings)) == settings
        text = to_json(settings)
        again = read_json(kind, text)
        assert again == settings
        assert to_json(again) == text
        assert "\n" not in text
        assert digest(again) == digest(settings) == digest(json.loads(text))


def all_kinds() -> set[type]:
    """Every settings class of the package."""
    for module in pkgutil.walk_packages(workflow_src.__path__, "workflow_src."):
        # The page of `serve` alone needs gradio, which is an extra; it has no settings.
        if not module.name.endswith(("__main__", "serving.page")):
            importlib.import_module(module.name)
    found, left = set(), [Settings]
    while left:
        for kind in left.pop().__subclasses__():
            left.append(kind)
            if kind.__module__.startswith("workflow_src.") and is_dataclass(kind):
                found.add(kind)
    return found


def test_every_settings_class_of_the_package_was_tried():
    tried = {type(own) for scale in ("demo", "paper") for own in of_the_workflow(scale)}
    # Noise is NoiseSettings with the work, and so on: no other keys.
    left = {kind for kind in all_kinds() if not tried & set(kind.__mro__)}
    # What is only a base of others is no settings of anything.
    bases = {"EffectSettings", "_Effect", "OptimizationSettings", "TrainingSettings"}
    assert {kind.__name__ for kind in left} <= bases


def test_defaults_have_the_type_of_their_field():
    """10 in place of 10.0 would give equal settings other lines and other digests."""
    for kind in all_kinds():
        for part in fields(kind):
            if part.type in ("float", float):
                assert not isinstance(part.default, int), f"{kind}: {part.name}"
