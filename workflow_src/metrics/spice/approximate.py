"""SPICE-py: an approximation of SPICE without Java, after the paper.

A spaCy pipeline parses the captions, `tuple_candidates` lists the tuples that they
may hold, `tuple_model` gives each the chance that the official parser takes it,
`graph` scores the expected counts. It is not SPICE: its figures against the official
tool are in docs/spice.md.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from workflow_src.errors import InputError
from workflow_src.metrics.spice import Settings, default_cache, tuple_model
from workflow_src.metrics.spice.cache import TupleCache
from workflow_src.metrics.spice.graph import SceneGraph, Weighted, f_score
from workflow_src.metrics.spice.tuple_candidates import Sentence

if TYPE_CHECKING:
    from spacy.language import Language

# Changes with the rules, so that captions parsed by other rules are not taken.
RULES = 1
# Tuples less likely than this are counted, not compared: they match next to nothing.
LEAST = 0.1
BATCH = 256


def score(
    pairs: list[tuple[str, int]], references: list[list[str]], settings: Settings
) -> list[float]:
    """Expected F of each pair.

    Args:
        pairs: a candidate, and the number of its list of references.
        references: lists of captions.
        settings: pipeline and cache.

    Raises:
        InputError: the spaCy pipeline is not installed, or the cache is unusable.
    """
    parsed = parse(
        [text for text, _ in pairs]
        + [text for own in {own for _, own in pairs} for text in references[own]],
        settings,
    )
    graphs = {own: _graph(parsed, references[own]) for own in {own for _, own in pairs}}
    candidates = {text: _graph(parsed, [text]) for text, _ in pairs}
    return [f_score(candidates[text], graphs[own]) for text, own in pairs]


def parse(captions: list[str], settings: Settings) -> dict[str, list[Weighted]]:
    """Caption -> its likely tuples, from the cache as far as they are there."""
    name, pipeline_version = installed(settings.pipeline)
    parser = f"SPICE-py {RULES} {tuple_model.version()} {name} {pipeline_version}"
    cache: TupleCache[list[Weighted]] = TupleCache(
        settings.cache or default_cache(), parser
    )
    tuples = cache.get(captions)
    new = [text for text in dict.fromkeys(captions) if text not in tuples]
    if new:
        weights = tuple_model.load()
        documents = spacy_pipeline(name).pipe(new, batch_size=BATCH)
        parsed: dict[str, list[Weighted]] = {
            text: [
                (words, round(chance, 3))
                for words, chance in tuple_model.tuples(
                    weights, Sentence.of(document), LEAST
                )
            ]
            for text, document in zip(new, documents, strict=True)
        }
        cache.put(parsed)
        tuples |= parsed
    return tuples


def _graph(parsed: dict[str, list[Weighted]], captions: list[str]) -> SceneGraph:
    graph = SceneGraph()
    for caption in captions:
        graph.add(parsed[caption])
    return graph


def installed(name: str) -> tuple[str, str]:
    """The pipeline's package and version, without loading it.

    Raises:
        InputError: it is not installed.
    """
    try:
        return name, metadata.version(name.replace("_", "-"))
    except metadata.PackageNotFoundError:
        raise InputError(
            f"SPICE-py needs the spaCy pipeline {name!r}, which is not installed"
        ) from None


@cache
def spacy_pipeline(name: str) -> "Language":
    """The pipeline with no more than tags and dependencies."""
    needs = metadata.requires(name.replace("_", "-")) or []
    with (
        nullcontext() if any("transformers" in need for need in needs) else _no_torch()
    ):
        import spacy

    unused = ["ner", "senter", "lemmatizer", "attribute_ruler"]
    return spacy.load(name, exclude=unused)


@contextmanager
def _no_torch() -> Iterator[None]:
    """Where torch is not imported yet, keep spaCy from it: 1.3 s and 200 MB saved."""
    if "torch" in sys.modules:
        yield
        return
    # None is how the import system marks what must not be imported; its type omits it.
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]
