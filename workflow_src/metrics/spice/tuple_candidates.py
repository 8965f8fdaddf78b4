"""Candidate tuples of a caption's scene graph, from its dependency parse.

SPICE (Section 3.1) takes objects, attributes and relations from a parse by rules.
The parser here, spaCy's, reads many captions otherwise than the official one ("a
man speaking" is often a compound noun to that one), so the rules list every
tuple that some reading has: any word as an object, a neighbour in the tree or in
the sentence as its attribute, two objects joined by a verb, by a preposition or by
both. `tuple_model` then says how likely the official parser takes each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workflow_src import wordnet

if TYPE_CHECKING:
    from spacy.tokens import Doc

VERBS = frozenset(["VB", "VBD", "VBG", "VBN", "VBP", "VBZ"])
PREPOSITIONS = frozenset(["IN", "TO", "RP", "RB"])
# Parts of speech that are no attribute in any reading.
FUNCTION = frozenset(
    ["DT", "CC", "IN", "TO", "PRP$", "WDT", "WRB", "MD", "EX", "POS", "RP", "WP"]
)
# An object less likely than this takes no part in other tuples.
LEAST = 0.1
# Words further apart make no tuple, so that long texts take linear time.
REACH = 25


@dataclass
class Sentence:
    """A parsed caption: for each word its tag, its head's place and its relation."""

    words: list[str]  # lower case
    tags: list[str]  # Penn Treebank
    relations: list[str]  # to the head
    heads: list[int]  # the root's is its own place
    capital: list[bool]

    @classmethod
    def of(cls, document: "Doc") -> "Sentence":
        """From a spaCy document."""
        return cls(
            [token.lower_ for token in document],
            [token.tag_ for token in document],
            [token.dep_ for token in document],
            [token.head.i for token in document],
            [token.text[0].isupper() for token in document],
        )

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def children(self) -> list[list[int]]:
        """Places of the words whose head is each word."""
        found: list[list[int]] = [[] for _ in self.words]
        for place, head in enumerate(self.heads):
            if head != place:
                found[head].append(place)
        return found

    @cached_property
    def is_word(self) -> list[bool]:
        """Whether each has a letter or digit."""
        return [any(map(str.isalnum, word)) for word in self.words]

    def path(self, start: int, end: int) -> str:
        """The way in the tree from one word to another, up to two steps and back."""
        heads, names = self.heads, self.relations
        up, down = heads[start], heads[end]
        if down == start:
            return f"-{names[end]}"
        if up == end:
            return f"+{names[start]}"
        if up == down:
            return f"+{names[start]}-{names[end]}"
        if heads[down] == start:
            return f"-{names[down]}-{names[end]}"
        if heads[up] == end:
            return f"+{names[start]}+{names[up]}"
        if heads[up] == down:
            return f"+{names[start]}+{names[up]}-{names[end]}"
        if heads[down] == up:
            return f"+{names[start]}-{names[down]}-{names[end]}"
        return "far"


def attributes(
    sentence: Sentence, objects: Sequence[float]
) -> Iterator[tuple[int, int, str]]:
    """(object, attribute, path): near in the tree or within three words."""
    for first in range(len(sentence)):
        if objects[first] < LEAST:
            continue
        reach = range(max(0, first - REACH), min(len(sentence), first + REACH + 1))
        for second in reach:
            if first == second or not sentence.is_word[second]:
                continue
            if sentence.tags[second] not in FUNCTION:
                path = sentence.path(first, second)
                if path != "far" or abs(first - second) <= 3:
                    yield first, second, path


def relations(
    sentence: Sentence, objects: Sequence[float]
) -> Iterator[tuple[int, int, int, int]]:
    """(object, verb, preposition, object); -1 for no verb or no preposition."""
    likely = [place for place, chance in enumerate(objects) if chance >= LEAST]
    for second in likely:
        near = [first for first in likely if abs(first - second) <= REACH]
        for verb, preposition in predicates(sentence, second):
            for first in near:
                # Without a verb the first object comes first.
                if first not in (second, verb, preposition) and (
                    first < second or verb >= 0
                ):
                    yield first, verb, preposition, second


def predicates(sentence: Sentence, place: int) -> set[tuple[int, int]]:
    """(verb, preposition) that may govern an object: up the tree, or to its left."""
    found = _above(sentence, place) | _left_of(sentence, place)
    return {pair for pair in found if place not in pair and pair != (-1, -1)}


def _above(sentence: Sentence, place: int) -> set[tuple[int, int]]:
    """From the object up to four heads, as far as its preposition."""
    heads, tags, names = sentence.heads, sentence.tags, sentence.relations
    found = set()
    for _ in range(4):
        head = heads[place]
        if head == place:
            break
        if tags[head] in PREPOSITIONS or names[head] in ("prep", "agent"):
            verb = heads[head]
            found |= {(-1, head), (verb, head)}
            if names[verb] == "prep" or tags[heads[verb]] in VERBS:
                found.add((heads[verb], head))
            break
        if tags[head] in VERBS or names[head] in ("ROOT", "advcl", "conj"):
            found.add((head, -1))
            for mark in sentence.children[head]:  # "as", "while" of its clause
                if names[mark] in ("mark", "advmod", "prep") and tags[mark] in (
                    *("IN", "WRB", "RB"),
                ):
                    found |= {(-1, mark), (heads[head], mark)}
        place = head
    return found


def _left_of(sentence: Sentence, place: int) -> set[tuple[int, int]]:
    """The last preposition and the last two verbs before the object."""
    before = range(place - 1, max(-1, place - 9), -1)
    verbs = [at for at in before if sentence.tags[at] in VERBS][:2]
    found = {(verb, -1) for verb in verbs}
    for at in [at for at in before if sentence.tags[at] == "IN"][:1]:
        found |= {(-1, at), (sentence.heads[at], at)}
        found |= {(verb, at) for verb in verbs if verb < at}
    return found


def noun(word: str, tag: str) -> str:
    """The word as an object: singular, and a gerund as it is."""
    if tag == "VBG" or word.endswith("ing"):
        return word
    return _base(word, "s")


def verb(word: str, tag: str) -> str:
    """The word as an attribute or predicate: a verb without its ending."""
    return word if tag in ("RB", "IN") else _base(word, "s", "ed", "ing")


def _base(word: str, *endings: str) -> str:
    regular = word.endswith(endings) or word in wordnet.exceptions()
    return next(iter(wordnet.base_forms(word)), word) if regular else word
