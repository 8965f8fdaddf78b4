"""The words of a captioner that brings a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import torch
from torch import Tensor

from workflow_src.errors import InputError

_tokenizing = Lock()  # a fast tokenizer refuses a second thread


class TokenizerWords:
    """A tokenizer of transformers, as the trainings and the searches read words.

    A caption is `sos`, its pieces, `eos`; padding is `eos`, as for ACT's vocabulary.
    Some tokenizers have one token for both ends.

    Args:
        tokenizer: its own begin and end, or those of BERT.

    Raises:
        InputError: it has no token that ends a text.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        ends = (tokenizer.eos_token_id, tokenizer.sep_token_id)
        eos = next((own for own in ends if own is not None), None)
        if eos is None:
            raise InputError("the tokenizer has no token that ends a text")
        begins = (tokenizer.bos_token_id, tokenizer.cls_token_id, eos)
        self.eos = int(eos)
        self.sos = int(next(own for own in begins if own is not None))

    def __len__(self) -> int:
        return len(self.tokenizer)

    def encode(self, caption: str, clip: str | None = None) -> list[int]:
        """Numbers of the beginning, the caption's pieces and the end.

        Args:
            caption: text.
            clip: whose caption it is, for the error.

        Raises:
            InputError: the caption has no piece.
        """
        with _tokenizing:
            pieces = self.tokenizer.encode(caption.strip(), add_special_tokens=False)
        if not pieces:
            of_clip = "" if clip is None else f" of {clip}"
            raise InputError(f"the caption {caption!r}{of_clip} has no words")
        return [self.sos, *pieces, self.eos]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text up to the end, without special tokens, spaces at its ends cut."""
        own: list[int] = []
        for number in numbers:
            if number == self.eos:
                break
            own.append(number)
        text: str = self.tokenizer.decode(own, skip_special_tokens=True)
        return " ".join(text.split())

    def batch(
        self, captions: Sequence[str], clips: Sequence[str] | None = None
    ) -> Tensor:
        """Encode captions, (B, W) int64, padded at the end with `eos`."""
        names = [None] * len(captions) if clips is None else clips
        rows = [
            self.encode(caption, name)
            for caption, name in zip(captions, names, strict=True)
        ]
        longest = max(map(len, rows))
        return torch.tensor([row + [self.eos] * (longest - len(row)) for row in rows])

    def known(self, caption: str) -> str:
        """The caption: a tokenizer cuts what it does not know into smaller pieces."""
        return caption.strip()

    def padding(self, tokens: Tensor) -> Tensor:
        """True where (B, W) tokens are padding: after the `eos` that ends a caption.

        A first token that begins a caption ends none, also where it is `eos`.
        """
        ends = tokens == self.eos
        if self.sos == self.eos:
            ends[:, 0] = False  # a caption has a piece at least: it does not end here
        ended = ends.cumsum(dim=1)
        return (ended - ends.long()) > 0

    def save(self, folder: Path) -> None:
        """Write the tokenizer into a folder, in the hub's layout."""
        self.tokenizer.save_pretrained(folder)
