"""What every search reads and returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch


class DecoderState(Protocol):
    """What a decoder keeps between steps, a row a hypothesis.

    words: keys and values (or whatever grows) of the words so far: for each
        layer some tensors whose first dimension is the rows.
    """

    words: list[tuple[torch.Tensor, ...]]

    def select(self, rows: torch.Tensor) -> None:
        """Make row i what row rows[i] was; rows (N',) may repeat.

        Replaces the state's tensors: shallow copies of the state keep theirs.
        """


# (tokens (N,), state of N rows) -> logits (N, V); the state grows by a position.
Step = Callable[[torch.Tensor, DecoderState], torch.Tensor]


@dataclass(frozen=True)
class Hypothesis:
    """A caption that a search found.

    words: word ids, without `<sos>` and `<eos>`.
    score: mean log-probability of the words and of the `<eos>` that ends them
        (of the words alone where the best-first search gave up before the end).
    """

    words: tuple[int, ...]
    score: float


@dataclass(frozen=True)
class SearchSettings:
    """What both orders of search need to know; one object a run.

    sos, eos: word ids that begin and end a caption.
    beams: hypotheses kept (beam), or words tried (best-first), at each step.
    max_words: most words in a caption, `<eos>` not counted.
    """

    sos: int
    eos: int
    beams: int = 3
    max_words: int = 30

    def __post_init__(self) -> None:
        for key in ("beams", "max_words"):
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1, not {getattr(self, key)}")
