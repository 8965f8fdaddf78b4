"""EDA, easy data augmentation of captions (Wei and Zou 2019)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from workflow_src.augment.generators import numpy_generator, or_default
from workflow_src.augment.settings import EDASettings
from workflow_src.augment.wordnet import synonyms
from workflow_src.errors import InputError

PUNCTUATION = ",.!?;:\"'()"

# Function words: EDA leaves them alone when it looks for synonyms.
FUNCTION_WORDS = """
    a about above after again against all am among an and another any are around as
    at away be because been before behind being below beside between both but by can
    could did do does doing down during each either else every few followed for from
    further had has have having he her here hers herself him himself his how i if in
    into is it its itself just like many may me might more most much must my myself
    near nearby neither no nor not of off on once one only onto or other others our
    ours out over own same several shall she should so some someone something such
    than that the their theirs them themselves then there these they this those
    though through to together too toward towards under until up upon us very was we
    were what when where whether which while who whom whose why will with within
    without would you your yours
"""
STOP_WORDS = frozenset(FUNCTION_WORDS.split())

Operation = Callable[[list[str], float, np.random.Generator], list[str]]


@dataclass(frozen=True)
class EDA(EDASettings):
    """Changes each caption by one of four operations, drawn with equal chance.

    As published: of a caption of l words, n = max(1, ⌊rate · l⌋) are replaced by
    a synonym, get a synonym inserted somewhere, or are swapped in pairs; deletion
    takes each word with probability `rate`. Synonyms are WordNet's and never
    those of function words. An operation of rate 0 is never drawn. What cannot be
    done (no word has a synonym, one word has no partner) leaves the caption as it
    is, and deletion always leaves one word.

    Words are what whitespace separates; a replaced word keeps the punctuation
    around it.

        >>> import torch
        >>> from workflow_src.augment import EDA
        >>> eda = EDA(0, 0, random_swap=0.1, random_deletion=0)
        >>> eda(["a dog barks"], torch.Generator().manual_seed(2))
        ['barks dog a']

    Attributes and errors are those of `EDASettings`.
    """

    def __call__(
        self, captions: Sequence[str], generator: torch.Generator | None = None
    ) -> list[str]:
        """Augments each caption; the same generator state gives the same captions.

        Args:
            captions: a list, also of one.
            generator: of every draw; None takes torch's default generator.

        Raises:
            InputError: a caption is empty, or `captions` is a single string.
        """
        if isinstance(captions, str):
            raise InputError(f"eda: captions are a list, not the string {captions!r}")
        rng = numpy_generator(or_default(generator))
        operations: list[tuple[Operation, float]] = [
            (operation, rate)
            for operation, rate in (
                (replace_synonyms, self.synonym_replacement),
                (insert_synonyms, self.random_insertion),
                (swap_words, self.random_swap),
                (delete_words, self.random_deletion),
            )
            if rate > 0
        ]
        return [self._augment(caption, operations, rng) for caption in captions]

    @staticmethod
    def _augment(
        caption: str,
        operations: list[tuple[Operation, float]],
        rng: np.random.Generator,
    ) -> str:
        words = caption.split()
        if not words:
            raise InputError(f"eda: the caption {caption!r} is empty")
        operation, rate = operations[rng.integers(len(operations))]
        return " ".join(operation(words, rate, rng))


def replace_synonyms(
    words: list[str], rate: float, rng: np.random.Generator
) -> list[str]:
    """Replaces n different words that have synonyms by one of theirs."""
    out = list(words)
    places = _places_with_synonyms(words)
    count = min(_count(words, rate), len(places))
    for place in rng.choice(places, count, replace=False):
        out[place] = words[place].replace(
            _bare(words[place]), _random_synonym(words[place], rng), 1
        )
    return out


def insert_synonyms(
    words: list[str], rate: float, rng: np.random.Generator
) -> list[str]:
    """Inserts a synonym of a random word at a random place, n times."""
    out = list(words)
    places = _places_with_synonyms(words)
    if places:
        for _ in range(_count(words, rate)):
            synonym = _random_synonym(words[rng.choice(places)], rng)
            out.insert(rng.integers(len(out) + 1), synonym)
    return out


def swap_words(words: list[str], rate: float, rng: np.random.Generator) -> list[str]:
    """Swaps two words at different random places, n times."""
    out = list(words)
    if len(out) > 1:
        for _ in range(_count(words, rate)):
            i, j = rng.choice(len(out), 2, replace=False)
            out[i], out[j] = out[j], out[i]
    return out


def delete_words(words: list[str], rate: float, rng: np.random.Generator) -> list[str]:
    """Deletes each word with probability `rate`; a random one stays at least."""
    kept = [w for w, u in zip(words, rng.random(len(words)), strict=True) if u >= rate]
    return kept or [words[rng.integers(len(words))]]


def _count(words: list[str], rate: float) -> int:
    return max(1, int(rate * len(words)))


def _bare(word: str) -> str:
    return word.strip(PUNCTUATION)


def _places_with_synonyms(words: list[str]) -> list[int]:
    bare = [_bare(word).lower() for word in words]
    return [i for i, w in enumerate(bare) if w not in STOP_WORDS and synonyms(w)]


def _random_synonym(word: str, rng: np.random.Generator) -> str:
    choices = synonyms(_bare(word).lower())
    return choices[rng.integers(len(choices))]
