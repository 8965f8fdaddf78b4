"""Draws scenes: which sounds, how many, how, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from workflow_src.corpus.embedded.kinds import Kind
from workflow_src.corpus.embedded.pairs import fits, held_out, partners
from workflow_src.corpus.embedded.sounds import KINDS

# How a sound is heard, beside its number. Loud, faint, near and far set level
# and distance; the others change how a texture is made.
LOUD = ("loud", "near", "heavy")
QUIET = ("faint", "far", "light")
MOVING = ("approach", "recede")
PACE = ("fast", "slow")
MANNERS = (*LOUD, *QUIET, *MOVING, *PACE, "roof")

# How the events of a scene relate, and how many they are. A background is
# always named last.
RELATIONS = {
    "alone": 1,
    "over": 2,
    "then": 2,
    "together": 2,
    "over_then": 3,
    "then_then": 3,
}
GAP = 0.3  # seconds of silence between events in sequence


@dataclass(frozen=True)
class Event:
    """One kind of sound, heard for a while.

    Attributes:
        kind: a key of KINDS.
        start: seconds from the clip's beginning.
        seconds: the stretch it has; calls may leave some of it silent.
        sources: individuals heard: 1, 2, or 3 and more.
        calls: how often the one individual calls, or None: as time allows.
        manner: one of MANNERS, or None.
    """

    kind: str
    start: float
    seconds: float
    sources: int = 1
    calls: int | None = None
    manner: str | None = None


@dataclass(frozen=True)
class Scene:
    """Events, and how they relate.

    Attributes:
        relation: one of RELATIONS.
        events: in the order in which a caption counts on them.
    """

    relation: str
    events: tuple[Event, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds in the order of the events."""
        return tuple(event.kind for event in self.events)

    @property
    def held_out(self) -> bool:
        """Whether a held-out pair of kinds is heard."""
        kinds = self.kinds
        return any(held_out(a, b) for a in kinds for b in kinds if a < b)


T = TypeVar("T")


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def draw_scene(
    rng: np.random.Generator, anchor: str, novel: bool, seconds: float
) -> Scene:
    """Draw a scene around one kind of sound.

    Args:
        rng: the source of all randomness.
        anchor: the kind that the scene must contain.
        novel: True for a scene with a held-out pair, False for one without;
            True needs two events, so a scene alone is then not drawn.
        seconds: length of the clip.
    """
    while True:
        relation = _draw_relation(rng, KINDS[anchor].background, novel)
        kinds = _draw_kinds(rng, anchor, relation, novel)
        if kinds is None:
            continue
        stretches = _stretches(rng, relation, seconds)
        if all(
            KINDS[kind].texture or KINDS[kind].call_seconds <= length
            for kind, (_, length) in zip(kinds, stretches, strict=True)
        ):
            return Scene(relation, _draw_events(rng, relation, kinds, stretches))


def _draw_relation(rng: np.random.Generator, background: bool, novel: bool) -> str:
    shares = {
        "alone": 0.0 if novel else 0.25,
        "over": 0.3,
        "then": 0.2,
        "together": 0.0 if background else 0.1,
        "over_then": 0.1,
        "then_then": 0.06,
    }
    names = list(shares)
    weights = np.array(list(shares.values()))
    return names[rng.choice(len(names), p=weights / weights.sum())]


def _draw_kinds(
    rng: np.random.Generator, anchor: str, relation: str, novel: bool
) -> list[str] | None:
    """Draw kinds in the order of the relation, or None if the draw fails."""
    chosen = [anchor]
    while len(chosen) < RELATIONS[relation]:
        if len(chosen) == 1:
            beside = partners(anchor, novel)
        else:
            beside = tuple(
                kind
                for kind in KINDS
                if all(fits(kind, other) for other in chosen)
                and (novel or not any(held_out(kind, other) for other in chosen))
            )
        options = [kind for kind in beside if _may_join(kind, chosen, relation)]
        if not options:
            return None
        chosen.append(pick(rng, options))
    chosen = [chosen[place] for place in rng.permutation(len(chosen))]
    if relation.startswith("over"):
        chosen.sort(key=lambda kind: KINDS[kind].background)
    return chosen


def _may_join(kind: str, chosen: list[str], relation: str) -> bool:
    """Whether a scene can still get its background, or do without one."""
    if relation == "together":
        return not KINDS[kind].background
    if relation.startswith("over") and not KINDS[kind].background:
        last = len(chosen) == RELATIONS[relation] - 1
        return not last or any(KINDS[other].background for other in chosen)
    return True


def _stretches(
    rng: np.random.Generator, relation: str, total: float
) -> list[tuple[float, float]]:
    """Start and length of each event, in seconds."""

    def between(first: float, last: float) -> tuple[float, float]:
        return first, last - first

    whole = (0.0, total)
    if relation == "alone":
        return [whole]
    if relation == "over":
        start = rng.uniform(0.03, 0.25) * total
        return [between(start, rng.uniform(start + 0.45 * total, total)), whole]
    if relation == "together":
        return [
            between(rng.uniform(0, 0.1) * total, rng.uniform(0.9, 1) * total)
            for _ in range(2)
        ]
    if relation == "then_then":
        edges = [0.0, rng.uniform(0.3, 0.36), rng.uniform(0.64, 0.7), 1.0]
    else:
        edges = [0.0, rng.uniform(0.42, 0.58), 1.0]
    parts = [
        between(first * total, last * total - (GAP if last < 1 else 0))
        for first, last in pairwise(edges)
    ]
    return [*parts, whole] if relation == "over_then" else parts


def _draw_events(
    rng: np.random.Generator,
    relation: str,
    kinds: Sequence[str],
    stretches: Sequence[tuple[float, float]],
) -> tuple[Event, ...]:
    events: list[Event] = []
    # Backwards, so that the background is known when the foreground is drawn.
    beneath_loud = False
    for name, (start, seconds) in reversed(list(zip(kinds, stretches, strict=True))):
        kind = KINDS[name]
        sources = _draw_sources(rng, kind, seconds)
        calls = _draw_calls(rng, kind, seconds) if sources == 1 else None
        if relation == "together":
            calls = None
        manner = None
        if rng.random() < 0.5:
            unheard = beneath_loud or relation == "together"
            options = [
                manner
                for manner in kind.manners
                if not (unheard and manner in QUIET)
                and not (seconds < 0.4 * stretches[-1][1] and manner in MOVING)
            ]
            manner = pick(rng, options) if options else None
        if relation.startswith("over") and kind.background:
            beneath_loud = manner in (*LOUD, *MOVING)
        events.append(Event(name, start, seconds, sources, calls, manner))
    return tuple(reversed(events))


def _draw_sources(rng: np.random.Generator, kind: Kind, seconds: float) -> int:
    shares = [1.0] if kind.sources == 1 else [0.55, 0.25] + [0.2] * (kind.sources > 2)
    number = 1 + int(rng.choice(len(shares), p=np.array(shares) / sum(shares)))
    if number == 3:
        number = int(rng.integers(3, kind.sources + 1))
    # Each individual must be heard.
    heard = min(number, 2) if not kind.once else number
    fits_in = (heard - 1) * kind.interval[0] + kind.call_seconds <= seconds
    return number if fits_in else 1


def _draw_calls(rng: np.random.Generator, kind: Kind, seconds: float) -> int | None:
    if kind.once:
        return 1
    if not kind.countable or rng.random() < 0.15:
        return None
    most = 1 + int((seconds - kind.call_seconds) / kind.interval[0])
    number = int(rng.integers(1, 5))
    if number == 4:
        number = int(rng.integers(4, 8))
    return min(number, most)
