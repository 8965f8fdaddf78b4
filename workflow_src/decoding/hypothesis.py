"""What every search reads and returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch

from workflow_src.errors import InputError

# Keys and values (or whatever grows) of one layer, each with a row a hypothesis.
LayerCache = tuple[torch.Tensor, ...]


class NeverFinished(InputError):
    """A search has found no caption for a clip.

    Attributes:
        clip: its number in the batch.
    """

    def __init__(self, clip: int) -> None:
        super().__init__(
            f"clip {clip} of the batch: no caption could be finished, the decoder's "
            "word distributions are not finite"
        )
        self.clip = clip


class DecoderState(Protocol):
    """What a decoder keeps between steps, a row a hypothesis.

    Attributes:
        self_attention_cache: of each layer, what it keeps of the words so far.
    """

    self_attention_cache: list[LayerCache]

    def select(self, rows: torch.Tensor) -> None:
        """Make row i what row rows[i] was.

        Replaces the state's tensors: shallow copies of the state keep theirs.

        Args:
            rows: (N',), may repeat.
        """


State = TypeVar("State", bound=DecoderState)
# (tokens (N,), state of N rows) -> logits (N, V); the state grows by a position.
Step = Callable[[torch.Tensor, State], torch.Tensor]


@dataclass(frozen=True)
class Hypothesis:
    """A caption that a search found.

    Attributes:
        words: word ids, without `<sos>` and `<eos>`.
        score: mean log-probability of the words and of the `<eos>` that ends them
            (of the words alone where the best-first search gave up before the end).
    """

    words: tuple[int, ...]
    score: float


@dataclass(frozen=True)
class SearchSettings:
    """What both orders of search need to know; one object a run.

    Attributes:
        sos: word id that begins a caption.
        eos: word id that ends a caption.
        beams: hypotheses kept (beam), or words tried (best-first), at each step.
        max_words: most words in a caption, `<eos>` not counted.

    Raises:
        ValueError: `beams` or `max_words` is below 1.
    """

    sos: int
    eos: int
    beams: int = 3
    max_words: int = 30

    def __post_init__(self) -> None:
        for key in ("beams", "max_words"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, not {getattr(self, key)}")
