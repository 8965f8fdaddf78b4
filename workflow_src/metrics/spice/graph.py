"""Scene graphs of captions and the F-score between two of them (SPICE, Section 3).

A scene graph holds objects, attributes of objects and relations between objects.
Concepts that share a word or a WordNet synset count as one, also while a graph is
built. Given the tuples of the official tool, the F-score equals the official one.

A tuple may carry the chance that it belongs to the graph. Then the score is the
ratio of the expected counts; chances of one make it the F-score of the paper.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from workflow_src import wordnet

# Words of one tuple, (object,), (object, attribute) or (object, object, relation),
# and its chance.
Weighted = tuple[Sequence[str], float]


@dataclass
class Concept:
    """Words with one meaning in a graph.

    Attributes:
        words: that name it.
        synsets: all that the words may have.
    """

    words: set[str]
    synsets: set[str]

    @classmethod
    def of(cls, *words: str) -> "Concept":
        """A concept of given words."""
        return cls(set(words), set().union(*map(synsets_of, words)))

    def similar(self, other: "Concept") -> bool:
        """Whether they share a word or a synset."""
        return not (
            self.words.isdisjoint(other.words)
            and self.synsets.isdisjoint(other.synsets)
        )

    def add(self, other: "Concept") -> None:
        """Take the other's words and synsets in."""
        self.words |= other.words
        self.synsets |= other.synsets


@cache
def synsets_of(words: str) -> frozenset[str]:
    """Synsets of a word or expression and of its base forms."""
    term = words.replace(" ", "_")
    synsets = wordnet.synsets()
    return frozenset().union(
        *(synsets.get(form, ()) for form in (term, *wordnet.base_forms(term)))
    )


@dataclass
class Part:
    """An object, attribute or relation.

    Attributes:
        concepts: of its tuple: one to three.
        absent: the chance that it is not there.
    """

    concepts: tuple[Concept, ...]
    absent: float = 1.0

    @property
    def chance(self) -> float:
        """The chance that it is there."""
        return 1.0 - self.absent


@dataclass
class Group:
    """Parts whose last concepts differ: all objects, or all attributes of one.

    Attributes:
        parts: by their places.
        places: words -> place of the part that they stand for.
    """

    parts: list[Part] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def part(self, words: str, owners: tuple[Concept, ...] = ()) -> Part:
        """The part that the words stand for; added if none is similar.

        Args:
            words: of the last concept.
            owners: the concepts before it: the objects of an attribute or relation.
        """
        if words not in self.places:
            concept = Concept.of(words)
            for place, part in enumerate(self.parts):
                if part.concepts[-1].similar(concept):
                    part.concepts[-1].add(concept)
                    self.places[words] = place
                    break
            else:
                self.places[words] = len(self.parts)
                self.parts.append(Part((*owners, concept)))
        return self.parts[self.places[words]]


@dataclass
class SceneGraph:
    """A graph to which the tuples of one caption after the other are added.

    Attributes:
        objects: all objects.
        others: attributes and relations of the objects, by the objects' places.
        unnamed: expected number of tuples that are only counted.
    """

    objects: Group = field(default_factory=Group)
    # Attributes and relations of the objects, by their numbers.
    others: dict[tuple[int, ...], Group] = field(default_factory=dict)
    unnamed: float = 0.0

    def add(self, tuples: Iterable[Weighted]) -> None:
        """Add a caption. A tuple found twice in it counts once, by its larger chance.

        An attribute or relation brings its objects along. What stands for a tuple
        without words is a number of tuples that match nothing.
        """
        chances: dict[int, tuple[Part, float]] = {}
        for words, chance in tuples:
            if not words:
                self.unnamed += chance
                continue
            for part in self._parts_of(words):
                if chance > chances.get(id(part), (part, 0.0))[1]:
                    chances[id(part)] = (part, chance)
        for part, chance in chances.values():
            part.absent *= 1.0 - chance

    def parts(self) -> list[Part]:
        """All objects, attributes and relations that have a chance to be there."""
        groups = (self.objects, *self.others.values())
        return [part for group in groups for part in group.parts if part.absent < 1.0]

    def _parts_of(self, words: Sequence[str]) -> list[Part]:
        """The part that a tuple stands for, after the objects in it."""
        names = words[:1] if len(words) < 3 else words[:2]
        parts = [self.objects.part(name) for name in names]
        if len(words) > 1:
            numbers = tuple(self.objects.places[name] for name in names)
            owners = tuple(part.concepts[0] for part in parts)
            group = self.others.setdefault(numbers, Group())
            parts.append(group.part(words[-1], owners))
        return parts


def f_score(candidate: SceneGraph, references: SceneGraph) -> float:
    """2 x matches / (size of the candidate + size of the references); 0 for nothing.

    A part of the candidate matches if the references have one of the same kind
    whose concepts are similar, one by one (Equations 4 to 6).
    """
    ours, theirs = candidate.parts(), references.parts()
    matches = sum(part.chance * (1.0 - _unmatched(part, theirs)) for part in ours)
    size = sum(part.chance for part in (*ours, *theirs))
    size += candidate.unnamed + references.unnamed
    return 2.0 * matches / size if size else 0.0


def _unmatched(part: Part, references: Sequence[Part]) -> float:
    """The chance that no reference matches the part."""
    chance = 1.0
    for other in references:
        if len(other.concepts) == len(part.concepts) and all(
            map(Concept.similar, part.concepts, other.concepts)
        ):
            chance *= other.absent
    return chance
