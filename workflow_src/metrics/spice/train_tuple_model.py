"""Learns the weights of `tuple_model` from captions that the official SPICE parsed.

    python -m workflow_src.metrics.spice.train_tuple_model train.csv --corenlp FOLDER

`train.csv` is the training split of AudioCaps as published.
Java parses about 20 captions a second; they stay in the cache of parsed captions.
"""

import argparse
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special

from workflow_src import wordnet
from workflow_src.corpus.captions import read_captions
from workflow_src.metrics.spice import Settings, official, tuple_candidates, tuple_model
from workflow_src.metrics.spice.approximate import spacy_pipeline
from workflow_src.metrics.spice.cache import Tuples
from workflow_src.metrics.spice.tuple_candidates import Sentence
from workflow_src.metrics.spice.tuple_model import TupleModel, Weights

Example = tuple[list[str], bool]
Parsed = list[tuple[Sentence, Tuples]]
# A feature of fewer candidate tuples is left out; so is a weight that rounds to zero.
RARE = 4
# Strength of the L1 penalty, which makes most weights zero.
PENALTY = 1.0


def captions(path: Path, count: int, seed: int) -> list[str]:
    """A sample of different captions."""
    texts = sorted({text for _, text in read_captions(path)})
    random.Random(seed).shuffle(texts)
    return texts[:count]


def learn(parsed: Parsed) -> TupleModel:
    """The weights of all three models.

    Attributes and relations see the chances of objects. Those come from the half
    of the captions that the caption is not in, or they would be too good.
    """
    halves = [parsed[0::2], parsed[1::2]]
    other = [fit(_objects(half)) for half in reversed(halves)]
    return TupleModel(
        fit(_objects(parsed)),
        fit(e for half in (0, 1) for e in _attributes(halves[half], other[half])),
        fit(e for half in (0, 1) for e in _relations(halves[half], other[half])),
    )


def _objects(parsed: Parsed) -> Iterator[Example]:
    for sentence, tuples in parsed:
        objects = {words[0] for words in tuples}
        objects |= {words[1] for words in tuples if len(words) == 3}
        for place, is_word in enumerate(sentence.is_word):
            if is_word:
                features = tuple_model.object_features(sentence, place)
                yield features, not forms(sentence.words[place]).isdisjoint(objects)


def _attributes(parsed: Parsed, weights: Weights) -> Iterator[Example]:
    for sentence, tuples in parsed:
        objects = tuple_model.object_chances(weights, sentence)
        official = [words for words in tuples if len(words) == 2]
        for first, second, path in tuple_candidates.attributes(sentence, objects):
            own, other = (forms(sentence.words[place]) for place in (first, second))
            yield (
                tuple_model.attribute_features(sentence, first, second, path, objects),
                any(a in own and b in other for a, b in official),
            )


def _relations(parsed: Parsed, weights: Weights) -> Iterator[Example]:
    for sentence, tuples in parsed:
        objects = tuple_model.object_chances(weights, sentence)
        official = [words for words in tuples if len(words) == 3]
        for places in tuple_candidates.relations(sentence, objects):
            first, verb, preposition, second = places
            own, other = (forms(sentence.words[place]) for place in (first, second))
            yield (
                tuple_model.relation_features(sentence, *places, objects),
                any(
                    a in own
                    and b in other
                    and _says(words, sentence, verb, preposition)
                    for a, b, words in official
                ),
            )


def _says(predicate: str, sentence: Sentence, verb: int, preposition: int) -> bool:
    """Whether a predicate like `speak`, `into` or `blow into` is of these words."""
    first, *rest = predicate.split(" ")
    if verb < 0:
        return predicate == sentence.words[preposition]
    if first not in forms(sentence.words[verb]):
        return False
    # A particle may stand between: `fly away in`.
    return (
        rest[-1] == sentence.words[preposition]
        if preposition >= 0 and rest
        else (preposition < 0 and not rest)
    )


@cache
def forms(word: str) -> frozenset[str]:
    """The word and what any lemmatiser may make of it."""
    found = {word, *wordnet.exceptions().get(word, ())}
    for ending, base in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word.removesuffix(ending) + base
            found.add(stem)
            if len(stem) > 2 and stem[-1] == stem[-2]:
                found.add(stem[:-1])  # "humming"
    return frozenset(found)


_ENDINGS = [("s", ""), ("es", ""), ("es", "e"), ("ies", "y"), ("men", "man")]
_ENDINGS += [("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", ""), ("ing", "e")]


def fit(examples: Iterable[Example]) -> Weights:
    """Logistic regression with an L1 penalty, by L-BFGS-B on w = up - down."""
    rows, answers = zip(*examples, strict=True)
    counts = Counter(feature for row in rows for feature in row)
    names = [feature for feature, count in counts.items() if count >= RARE]
    number = {feature: place for place, feature in enumerate(names)}
    cells = [[number[f] for f in set(row) if f in number] for row in rows]
    ends = np.cumsum([0, *map(len, cells)])
    places = np.concatenate([np.asarray(row, np.int32) for row in cells])
    matrix = sparse.csr_matrix(
        (np.ones(len(places)), places, ends), (len(rows), len(names))
    )
    sign = np.where(answers, 1.0, -1.0)
    penalty = np.full(len(names), PENALTY)
    penalty[number["bias"]] = 0.0

    def loss(parts: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        up, down = np.split(parts, 2)
        margin = sign * (matrix @ (up - down))
        slope = matrix.T @ (-sign * special.expit(-margin))
        value = np.logaddexp(0.0, -margin).sum() + penalty @ (up + down)
        return value, np.concatenate([slope + penalty, penalty - slope])

    start = np.zeros(2 * len(names))
    found = optimize.minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=optimize.Bounds(0.0, np.inf),
        options={"maxiter": 400, "maxfun": 500},
    )
    up, down = np.split(found.x, 2)
    weights = np.round(up - down, 2)
    return {names[n]: float(weights[n]) for n in np.flatnonzero(weights)}


def main(arguments: list[str] | None = None) -> None:
    """Parse, learn and write `tuple_model.json.gz`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("--corenlp", type=Path, required=True)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--count", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=tuple_model.LEARNED)
    options = parser.parse_args(arguments)
    settings = Settings("java", options.corenlp, options.cache)
    texts = captions(options.captions, options.count, options.seed)
    tuples = official.parse(texts, settings)
    documents = spacy_pipeline(settings.pipeline).pipe(texts, batch_size=256)
    parsed = [
        (Sentence.of(document), tuples[text])
        for text, document in zip(texts, documents, strict=True)
    ]
    content = json.dumps(vars(learn(parsed)), indent=0, sort_keys=True)
    options.output.write_bytes(gzip.compress(content.encode(), mtime=0))


if __name__ == "__main__":
    main()
