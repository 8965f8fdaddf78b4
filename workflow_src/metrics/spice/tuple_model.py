"""How likely the official parser takes a candidate tuple: three log-linear models.

Each adds the weights of the features of a candidate tuple. The weights are learned by
`learn` from training captions of AudioCaps that the official tool parsed; a
feature is a plain text, so that `tuple_model.json.gz` can be read.
"""

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflow_src.metrics.spice import tuple_candidates
from workflow_src.metrics.spice.tuple_candidates import Sentence

LEARNED = Path(__file__).with_name("tuple_model.json.gz")
Weights = dict[str, float]


@dataclass(frozen=True)
class TupleModel:
    """Weights of the features of objects, attributes and relations."""

    objects: Weights
    attributes: Weights
    relations: Weights


@cache
def load(path: Path = LEARNED) -> TupleModel:
    """The learned weights."""
    return TupleModel(**json.loads(gzip.decompress(path.read_bytes())))


@cache
def version(path: Path = LEARNED) -> str:
    """Changes whenever the weights do."""
    return f"{zlib.crc32(gzip.decompress(path.read_bytes())):08x}"


def chance(weights: Weights, features: Iterable[str]) -> float:
    """Probability of a candidate tuple with these features."""
    total = sum([weights.get(feature, 0.0) for feature in features])
    return 1.0 / (1.0 + math.exp(-total)) if total > -30.0 else 0.0


def object_chances(weights: Weights, sentence: Sentence) -> list[float]:
    """Chance of each word to be an object."""
    return [
        chance(weights, object_features(sentence, place)) if is_word else 0.0
        for place, is_word in enumerate(sentence.is_word)
    ]


def tuples(
    model: TupleModel, sentence: Sentence, least: float
) -> list[tuple[tuple[str, ...], float]]:
    """(words, chance) of each candidate tuple whose chance is `least` or more.

    Last comes a tuple without words: the sum of the chances of the others.
    """
    words, tags = sentence.words, sentence.tags
    objects = object_chances(model.objects, sentence)
    names = [tuple_candidates.noun(*word) for word in zip(words, tags, strict=True)]
    likely: list[tuple[tuple[str, ...], float]] = [
        ((names[at],), p) for at, p in enumerate(objects) if p >= least
    ]
    rest = sum(p for p in objects if p < least)
    for first, second, path in tuple_candidates.attributes(sentence, objects):
        features = attribute_features(sentence, first, second, path, objects)
        p = chance(model.attributes, features)
        if p < least:
            rest += p
            continue
        attribute = tuple_candidates.verb(words[second], tags[second])
        likely.append(((names[first], attribute), p))
    for places in tuple_candidates.relations(sentence, objects):
        first, verb, preposition, second = places
        p = chance(model.relations, relation_features(sentence, *places, objects))
        if p < least:  # most of them
            rest += p
            continue
        parts = [tuple_candidates.verb(words[verb], tags[verb])] if verb >= 0 else []
        parts += [words[preposition]] if preposition >= 0 else []
        likely.append(((names[first], names[second], " ".join(parts)), p))
    return [*likely, ((), rest)]


def object_features(sentence: Sentence, place: int) -> list[str]:
    """Features of a word as an object: itself, its neighbours, the tree."""
    word, tag = sentence.words[place], sentence.tags[place]
    relation, head = sentence.relations[place], sentence.heads[place]
    (_, tag2), (word1, tag1), (next1, after1), (_, after2) = (
        _around(sentence, place + step) for step in (-2, -1, 1, 2)
    )
    head_word, head_tag = _around(sentence, head) if head != place else ("", "ROOT")
    below = ",".join(sorted({sentence.relations[k] for k in sentence.children[place]}))
    first = place == 0 and sentence.capital[place]
    finite = not {"VBZ", "VBP", "VBD"}.isdisjoint(sentence.tags)
    return [
        "bias",
        f"word {word}",
        f"tag {tag}",
        f"word {word} tag {tag}",
        f"word {word} relation {relation}",
        f"tag {tag} relation {relation} head {head_tag}",
        f"relation {relation} head {head_word}",
        f"tag {tag} below {below}",
        f"tags {tag1} _ {tag}",
        f"tags _ {tag} {after1}",
        f"tags {tag1} _ {tag} {after1}",
        f"tags {tag2} {tag1} _ {tag}",
        f"tags _ {tag} {after1} {after2}",
        f"tags {tag2} {tag1} _ {tag} {after1} {after2}",
        f"after {word1} tag {tag}",
        f"before {next1} tag {tag}",
        f"after {word1} word {word}",
        f"before {next1} word {word}",
        f"after tag {tag1} word {word}",
        f"before tag {after1} word {word}",
        f"after tag {tag1} before tag {after1} word {word}",
        f"first {first} tag {tag}",
        f"capital {sentence.capital[place]} word {word}",
        f"finite {finite} tag {tag} relation {relation}",
        f"last {place == len(sentence) - 1} tag {tag} relation {relation}",
        f"ending {word[-3:]} tag {tag}",
    ]


def attribute_features(
    sentence: Sentence, first: int, second: int, path: str, objects: Sequence[float]
) -> list[str]:
    """Features of the attribute `second` of the object `first`."""
    words, tags, names = sentence.words, sentence.tags, sentence.relations
    own, other = words[first], words[second]
    step = max(-5, min(5, second - first))
    low, high = min(first, second), max(first, second)
    between = " ".join(tags[low + 1 : high]) if high - low <= 4 else "many"
    (_, before), (next_word, after) = (
        _around(sentence, place) for place in (low - 1, high + 1)
    )
    kinds = f"{tags[first]} {tags[second]}"
    chances = _tenth(objects[first]), _tenth(objects[second])
    below = ",".join(sorted({names[k] for k in sentence.children[second]}))
    head = tags[sentence.heads[first]]
    return [
        "bias",
        f"path {path}",
        f"path {path} tags {kinds}",
        f"step {step} tags {kinds}",
        f"step {step} path {path}",
        f"path {path} object {own}",
        f"path {path} attribute {other}",
        f"path {path} attribute {other} of {tags[first]}",
        f"step {step} attribute {other}",
        f"attribute {other} object {own}",
        f"attribute {other} object {own} step {step}",
        f"attribute {other} of {tags[first]}",
        f"attribute {other} chance {chances[1]}",
        f"order {step > 0} tags {kinds} between {between}",
        f"step {step} tags {kinds} between {between} then {after}",
        f"step {step} tags {kinds} between {between} after {before}",
        f"step {step} tags {kinds} after {before} then {after}",
        f"step {step} tag {tags[second]} then {next_word}",
        f"path {path} chance {chances[0]} _",
        f"path {path} chance _ {chances[1]}",
        f"chances {chances[0]} {chances[1]}",
        f"chances {chances[0]} {chances[1]} step {step}",
        f"path {path} relations {names[first]} {names[second]}",
        f"path {path} below {below}",
        f"path {path} relation {names[first]} head {head}",
    ]


def relation_features(
    sentence: Sentence,
    first: int,
    verb: int,
    preposition: int,
    second: int,
    objects: Sequence[float],
) -> list[str]:
    """Features of a relation; `verb` or `preposition` is -1 where there is none."""
    words, tags = sentence.words, sentence.tags
    (verb_word, verb_tag), (small, _) = (
        _around(sentence, place) for place in (verb, preposition)
    )
    middle = verb if verb >= 0 else preposition
    last = preposition if preposition >= 0 else verb
    form = f"{'verb' * (verb >= 0)}{'prep' * (preposition >= 0)}"
    to_verb, to_second = sentence.path(first, middle), sentence.path(last, second)
    within = sentence.path(verb, preposition) if form == "verbprep" else ""
    straight = sentence.path(first, second)
    gap = (
        f"{_objects_between(first, middle, objects)} "
        f"{_objects_between(middle, second, objects)}"
    )
    order = f"{first < middle}{middle < second}"
    chances = _tenth(objects[first]), _tenth(objects[second])
    middle_chance = _tenth(objects[verb]) if verb >= 0 else ""
    return [
        "bias",
        f"{form} paths {to_verb} {within} {to_second}",
        f"{form} path {to_verb}",
        f"{form} path _ {to_second}",
        f"{form} straight {straight}",
        f"{form} paths {to_verb} {to_second} straight {straight}",
        f"prep {small} verb {verb_tag}",
        f"prep {small} verb {verb_word}",
        f"prep {small} path {to_verb}",
        f"prep {small} verb {verb_tag} paths {to_verb} {to_second}",
        f"{form} tags {tags[first]} {verb_tag} {tags[second]}",
        f"{form} gap {gap} order {order}",
        f"gap {gap} paths {to_verb} {to_second}",
        f"{form} gap {gap} prep {small}",
        f"{form} gap {gap} verb {verb_word}",
        f"path {to_verb} chance {chances[0]}",
        f"path {to_second} chance {chances[1]}",
        f"{form} gap {gap} chances {chances[0]} {chances[1]}",
        f"path {to_verb} verb chance {middle_chance}",
        f"prep {small} gap {gap} verb chance {middle_chance}",
        f"path {to_verb} first {words[first]}",
        f"path {to_second} second {words[second]}",
        f"prep {small} second {words[second]}",
        f"path {to_verb} verb {verb_word}",
        f"path {to_verb} first {sentence.relations[first]} prep {small}",
    ]


def _around(sentence: Sentence, place: int) -> tuple[str, str]:
    """Word and tag at a place, empty outside the sentence."""
    if 0 <= place < len(sentence):
        return sentence.words[place], sentence.tags[place]
    return "", ""


def _tenth(probability: float) -> int:
    return min(9, int(probability * 10))


def _objects_between(start: int, end: int, objects: Sequence[float]) -> str:
    """How many likely objects lie between, up to three; `back` in the other order."""
    if start > end:
        return "back"
    return str(min(3, sum(p > 0.5 for p in objects[start + 1 : end])))
