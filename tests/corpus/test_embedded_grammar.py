"""Captions are English, differ where they must, and say what is in the scene."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.corpus.embedded.grammar import caption, captions
from workflow_src.corpus.embedded.inflection import article, participle, third_person
from workflow_src.corpus.embedded.plan import plan_split
from workflow_src.corpus.embedded.scenes import MANNERS, Event, Scene, draw_scene
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.words import (
    ADJECTIVES,
    ADVERBS,
    CALLS,
    MOTIONS,
    WORDS,
)


def alone(kind: str, **facts) -> Scene:
    return Scene("alone", (Event(kind, 0.0, 10.0, **facts),))


def many(scene: Scene, number: int = 200) -> list[str]:
    rng = np.random.default_rng(0)
    return [caption(scene, rng) for _ in range(number)]


@pytest.mark.parametrize(
    ("verb", "third", "ing"),
    [
        ("bark", "barks", "barking"),
        ("pass by", "passes by", "passing by"),
        ("cry", "cries", "crying"),
        ("play the piano", "plays the piano", "playing the piano"),
        ("cut wood", "cuts wood", "cutting wood"),
        ("go off", "goes off", "going off"),
        ("crash", "crashes", "crashing"),
        ("type on a keyboard", "types on a keyboard", "typing on a keyboard"),
        ("buzz", "buzzes", "buzzing"),
        ("whir", "whirs", "whirring"),
    ],
)
def test_verbs_are_inflected(verb, third, ing):
    assert third_person(verb) == third
    assert participle(verb) == ing


def test_articles_follow_the_sound_of_the_noun():
    assert article("engine") == "an engine"
    assert article("loud engine") == "a loud engine"


def test_every_kind_and_manner_has_words():
    assert set(WORDS) == set(KINDS)
    assert {manner for kind in KINDS.values() for manner in kind.manners} <= set(
        MANNERS
    )
    assert set(ADVERBS) | set(MOTIONS) == set(MANNERS)
    for kind in KINDS.values():
        if kind.sources > 1:
            nouns = [noun for words in WORDS[kind.name] for noun in words.nouns]
            assert any(re.fullmatch(r"[^|]+\|[^|]+", noun) for noun in nouns)


@pytest.mark.parametrize("kind", KINDS)
def test_the_barest_scene_has_five_captions(kind):
    texts = captions(alone(kind), np.random.default_rng(0), 5)
    assert len({text.lower() for text in texts}) == 5


def test_too_few_sentences_are_an_error():
    with pytest.raises(RuntimeError, match="fewer than 500 captions"):
        captions(alone("clock"), np.random.default_rng(0), 500)


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        (1, r"\b[Aa] dog (barks|is barking|barking)\b"),
        (2, r"\b([Tt]wo|[Aa] couple of) dogs|\b[Dd]ogs (bark|are)"),
        (3, r"\b([Ss]everal|[Ss]ome) dogs|\b[Dd]ogs (bark|are)"),
        (4, r"\b([Ss]everal|[Ss]ome) dogs|\b[Dd]ogs (bark|are)"),
    ],
)
def test_the_number_of_dogs_is_the_scenes(sources, wanted):
    texts = many(alone("dog", sources=sources))
    assert all(re.search(wanted, text) for text in texts)


@pytest.mark.parametrize("calls", [1, 2, 3, 5, None])
def test_the_number_of_calls_is_the_scenes(calls):
    true = CALLS[min(calls, 4)] if calls else ()
    false = {phrase for phrases in CALLS.values() for phrase in phrases} - set(true)
    texts = many(alone("bell", calls=calls))
    assert not any(phrase in text for text in texts for phrase in false)
    told = sum(any(phrase in text for phrase in true) for text in texts)
    assert told == 0 if calls is None else 120 < told < 195


def said_manners(text: str) -> set[str]:
    """Manners of which some phrase is in the text."""
    found = set()
    for table in (ADVERBS, ADJECTIVES, MOTIONS):
        for manner, phrases in table.items():
            for phrase in phrases:
                head, *rest = phrase.split(" ")
                tail = " ".join(rest)
                forms = (
                    [
                        f"and {verb} {tail}"
                        for verb in (head, third_person(head), participle(head))
                    ]
                    if table is MOTIONS
                    else [phrase]
                )
                if any(re.search(rf"\b{form}\b", text.lower()) for form in forms):
                    found.add(manner)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_manner_is_the_scenes(kind):
    # `softly` says light of the rain and faint of a voice.
    alike = {"light": {"faint"}, "faint": {"light"}}
    for manner in {*KINDS[kind].manners, None}:
        texts = many(alone(kind, manner=manner), 60)
        true = {manner} | alike.get(manner, set())
        assert all(said_manners(text) <= true for text in texts)
        if manner:
            assert sum(manner in said_manners(text) for text in texts) > 30


@pytest.mark.parametrize("relation", ["then", "over_then"])
def test_the_order_is_the_scenes(relation):
    events = [
        Event("dog", 0.0, 4.0),
        Event("siren", 5.0, 5.0),
        Event("rain", 0.0, 10.0),
    ]
    scene = Scene(relation, tuple(events[: 3 if relation == "over_then" else 2]))
    for text in many(scene):
        dog_first = text.lower().index("dog") < text.lower().index("siren")
        assert dog_first != (" after " in text)
        assert re.search(r"\b(then|followed by|before|after)\b", text)
        assert ("rain" in text.lower()) == (relation == "over_then")


def test_three_in_sequence_are_told_in_order():
    events = tuple(
        Event(kind, start, 3.0)
        for kind, start in (("dog", 0.0), ("siren", 3.5), ("glass", 7.0))
    )
    for text in many(Scene("then_then", events)):
        places = [text.lower().index(word) for word in ("dog", "siren", "glass")]
        assert places == sorted(places)


def test_a_background_that_is_near_or_far_is_not_also_in_the_background():
    scene = Scene("over", (Event("dog", 2.0, 7.0), Event("engine", 0.0, 10.0)))
    assert sum("in the background" in text for text in many(scene)) > 20
    for manner in ("near", "far"):
        engine = Event("engine", 0.0, 10.0, manner=manner)
        texts = many(Scene("over", (scene.events[0], engine)))
        assert not any(
            said_manners(text) and "in the background" in text for text in texts
        )


def test_what_overlaps_is_not_told_as_a_sequence():
    events = (Event("dog", 0.0, 9.0), Event("siren", 0.0, 9.0))
    for relation in ("together", "over"):
        for text in many(Scene(relation, events)):
            assert not re.search(r"\b(then|followed|before|after|first)\b", text)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from(list(KINDS)),
    st.booleans(),
    st.integers(0, 9),
)
def test_captions_read_like_the_official_ones(seed, anchor, novel, again):
    scene = draw_scene(np.random.default_rng(seed), anchor, novel, 10.0)
    text = caption(scene, np.random.default_rng(again))
    assert re.fullmatch(r"[A-Z][a-z]*(,? [a-z]+)*", text)
    assert 2 <= len(text.split()) <= 35
    assert not re.search(r"\b(\w+) \1\b", text)
    assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text.lower())
    for kind in scene.kinds:
        nouns = [noun.lstrip("=") for words in WORDS[kind] for noun in words.nouns]
        names = [name for noun in nouns for name in noun.split("|") if name]
        assert any(re.search(rf"\b{name}\b", text.lower()) for name in names)


def test_a_small_corpus_is_diverse_and_its_words_nearly_cover_the_test_captions():
    corpus = EmbeddedSettings(train_clips=1000, val_clips=100, test_clips=200)
    texts = {
        split: [text for clip in plan_split(corpus, split) for text in clip.captions]
        for split in ("train", "val", "test")
    }
    words = {
        split: Counter(
            word for text in of for word in re.findall(r"[a-z]+", text.lower())
        )
        for split, of in texts.items()
    }
    assert [len(texts[split]) for split in texts] == [1000, 500, 1000]
    assert len(set(texts["train"])) > 900
    assert 200 <= len(words["train"]) <= 350
    for split in ("val", "test"):
        unseen = sum(
            n for word, n in words[split].items() if word not in words["train"]
        )
        assert unseen / words[split].total() < 0.01
    # Five captions of a clip share their scene, not their wording.
    test = [texts["test"][first : first + 5] for first in range(0, 1000, 5)]
    assert all(len(set(five)) == 5 for five in test)
