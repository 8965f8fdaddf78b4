"""Kinds of sound: how each is synthesised, and what a caption may state of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from workflow_src.corpus.embedded.synth import Signal, Synth

# A texture fills a stretch of time: (synth, seconds, manner) -> signal.
Texture = Callable[[Synth, float, str | None], Signal]
# Makes one call of an individual each time: a bark, a knock.
Call = Callable[[], Signal]
# Makes an individual of a given size: 0 is large and low, 1 small and high.
Caller = Callable[[Synth, float], Call]


class KindFacts(TypedDict, total=False):
    """The attributes of `Kind` beside its sound."""

    background: bool
    interval: tuple[float, float]
    call_seconds: float
    countable: bool
    sources: int
    once: bool
    manners: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """One kind of sound.

    Attributes:
        name: the tag, for example `dog`.
        family: for example `animals`.
        texture: makes a stretch of sound; None for a sound made of calls.
        caller: makes an individual; None for a texture.
        background: heard through the whole clip, below the others.
        interval: seconds from one call's onset to the next, least and most.
        call_seconds: the longest call (what must fit into the clip).
        countable: a listener can count the calls, so a caption may.
        sources: how many individuals at most are heard in an event.
        once: each individual is heard once (a car that passes).
        manners: how it may be heard (see `scenes.MANNERS`).
    """

    name: str
    family: str
    texture: Texture | None = None
    caller: Caller | None = None
    background: bool = False
    interval: tuple[float, float] = (0.5, 1.0)
    call_seconds: float = 0.5
    countable: bool = False
    sources: int = 1
    once: bool = False
    manners: tuple[str, ...] = ()


@dataclass
class Family:
    """Collects the kinds of one file, in the order of their definition.

    Attributes:
        name: of the family.
        kinds: so far.
    """

    name: str
    kinds: list[Kind] = field(default_factory=list)

    def texture(
        self, name: str, **facts: Unpack[KindFacts]
    ) -> Callable[[Texture], Texture]:
        """Register a function that fills a stretch of time."""

        def register(function: Texture) -> Texture:
            self.kinds.append(Kind(name, self.name, texture=function, **facts))
            return function

        return register

    def calls(
        self, name: str, **facts: Unpack[KindFacts]
    ) -> Callable[[Caller], Caller]:
        """Register a function that makes an individual that calls."""

        def register(function: Caller) -> Caller:
            self.kinds.append(Kind(name, self.name, caller=function, **facts))
            return function

        return register
