"""Says in one sentence what is heard in a scene, in the manner of AudioCaps."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.inflection import article, participle, third_person
from workflow_src.corpus.embedded.scenes import MOVING, Event, Scene, pick
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.words import (
    ADJECTIVES,
    ADVERBS,
    CALLS,
    MOTIONS,
    SEVERAL,
    TWO,
    WORDS,
    Words,
)

# {n:s} is a sentence of event n, {n:p} its participle, {n:b} the same as a
# background: "a dog barks", "a dog barking", "a dog barking in the background".
# In a scene over a background, the background is the last event. How often each
# stands here follows AudioCaps (docs/embedded_corpus.md): 49 % of its captions have
# an "and", 15 % a "followed by", 8 % a "while".
TEMPLATES: dict[str, tuple[str, ...]] = {
    "alone": (
        *("{0:s}", "{0:p}") * 5,
        "{0:p} can be heard",
        "the sound of {0:p}",
    ),
    "over": (
        "{0:s} and {1:s}",
        "{0:s} and {1:s}",
        "{1:s} and {0:s}",
        "{1:s} and {0:s}",
        "{0:p} and {1:p}",
        "{1:p} and {0:p}",
        "{0:s} as {1:s}",
        "{1:s} as {0:s}",
        "{0:s} while {1:s}",
        "{0:s} with {1:b}",
        "{0:p} with {1:b}",
        "{1:p} with {0:p}",
    ),
    "together": (
        "{0:s} and {1:s}",
        "{1:s} and {0:s}",
        "{0:p} and {1:p}",
        "{1:p} and {0:p}",
        "{0:s} as {1:s}",
        "{1:s} while {0:s}",
    ),
    "then": (
        "{0:s} followed by {1:p}",
        "{0:p} followed by {1:p}",
        "{0:p} followed by {1:p}",
        "{0:s} and then {1:s}",
        "{0:s}, then {1:s}",
        "{0:s} before {1:s}",
    ),
    "over_then": (
        "{2:s} and {0:s} followed by {1:p}",
        "{0:s} followed by {1:p} as {2:s}",
        "{0:p} followed by {1:p} with {2:b}",
        "{2:s} while {0:s} and then {1:s}",
        "{2:s} as {0:s}, then {1:s}",
        "{0:s} and {2:s}, then {1:s}",
    ),
    "then_then": (
        "{0:s} followed by {1:p} and then {2:p}",
        "{0:p} followed by {1:p} and {2:p}",
        "{0:s}, then {1:s}, then {2:s}",
        "{0:s}, then {1:s} and finally {2:s}",
    ),
}
# Chance that a caption mentions a manner, or how often something calls.
MENTION = 0.7


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """Draw one caption; every statement in it is true of the scene."""
    clauses = [Clause(event, rng) for event in scene.events]
    text = pick(rng, TEMPLATES[scene.relation]).format(*clauses)
    return text[0].upper() + text[1:]


def captions(scene: Scene, rng: np.random.Generator, number: int) -> list[str]:
    """Draw captions that all differ.

    Args:
        scene: what is heard.
        rng: of the draws.
        number: of captions.

    Raises:
        RuntimeError: the grammar has too few sentences for this scene.
    """
    chosen: list[str] = []
    for _ in range(200):
        if len(chosen) == number:
            return chosen
        text = caption(scene, rng)
        if text not in chosen:
            chosen.append(text)
    raise RuntimeError(f"fewer than {number} captions say what is heard in {scene}")


class Clause:
    """An event in words, chosen once; the template asks for a form of it.

    Args:
        event: what is heard.
        rng: of the choice, and of the forms.
    """

    def __init__(self, event: Event, rng: np.random.Generator) -> None:
        self.rng = rng
        options = [words for words in WORDS[event.kind] if _nouns(words, event.sources)]
        words = pick(rng, options)
        self.verb = pick(rng, words.verbs)
        mentioned = rng.random() < MENTION
        manner = event.manner or "" if mentioned else ""
        described = words.adjectives and manner in ADJECTIVES and rng.random() < 0.35
        adjective = pick(rng, ADJECTIVES[manner]) if described else ""
        noun = pick(rng, _nouns(words, event.sources))
        self.subject, self.plural = _subject(noun, event.sources, adjective, rng)
        calls = event.calls if KINDS[event.kind].countable else None
        tail = []
        if calls is not None and rng.random() < MENTION:
            tail.append(pick(rng, CALLS[min(calls, 4)]))
        self.counted = bool(tail)
        self.moving = manner if manner in MOVING else ""
        self.placed = manner in ("near", "far")
        if manner and not described and not self.moving:
            adverb = pick(rng, ADVERBS[manner])
            # "Moos softly again and again", but "moos twice in the distance".
            tail.insert(0 if adverb.endswith("ly") else 1, adverb)
        self.tail = " ".join(tail)

    def __format__(self, form: str) -> str:
        if form == "b":
            # "Nearby in the background" would contradict itself.
            return f"{self:p}" if self.placed else f"{self:p} in the background"
        if form == "p":
            verb = participle(self.verb)
        # "Is barking twice" is no English that people write.
        elif not self.counted and self.rng.random() < 0.25:
            verb = f"{'are' if self.plural else 'is'} {participle(self.verb)}"
            form = "p"
        else:
            verb = self.verb if self.plural else third_person(self.verb)
        text = f"{self.subject} {verb} {self.tail}".strip()
        return text + self._motion(form) if self.moving else text

    def _motion(self, form: str) -> str:
        verb = pick(self.rng, MOTIONS[self.moving])
        if form == "p":
            verb = participle(verb)
        elif not self.plural:
            verb = third_person(verb)
        return f" and {verb}"


def _nouns(words: Words, sources: int) -> list[str]:
    """Nouns that can name so many individuals."""
    if sources == 1:
        return list(words.nouns)
    return [noun for noun in words.nouns if noun.partition("|")[2]]


def _subject(
    noun: str, sources: int, adjective: str, rng: np.random.Generator
) -> tuple[str, bool]:
    """Noun phrase and whether it is plural."""
    if noun.startswith("="):
        return noun[1:], False
    one, bar, many = noun.partition("|")
    if sources > 1:
        number = pick(rng, TWO if sources == 2 else SEVERAL)
        return " ".join(filter(None, (number, adjective, many))), True
    if bar and not one:
        return " ".join(filter(None, (adjective, many))), True
    phrase = " ".join(filter(None, (adjective, one)))
    return (article(phrase) if bar else phrase), False
