"""Captions as words and word numbers, by the rules of the captioning baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workflow_src.errors import InputError
from workflow_src.files import write_atomically

# The metrics take their words from here, and need no torch.
if TYPE_CHECKING:
    from torch import Tensor

START = "<sos>"
END = "<eos>"
# What the captioning baseline drops from its words.
DROPPED_PUNCTUATION = str.maketrans("", "", ',.!?;:"')


def tokenize(caption: str) -> list[str]:
    """Split a caption into words: lower case, without `,.!?;:"`, at white space.

    These are the words of a captioner's vocabulary. Penn Treebank tokens, of which
    the metrics of the tables are, are those of `workflow_src.metrics.tokenization`.
    """
    return caption.lower().translate(DROPPED_PUNCTUATION).split()


class Words(Protocol):
    """What trainings and searches use of a captioner's words.

    Attributes:
        sos: number that begins a caption.
        eos: number that ends a caption, and pads it.
    """

    sos: int
    eos: int

    def __len__(self) -> int: ...

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of words, up to the first `eos`."""

    def batch(
        self, captions: Sequence[str], clips: Sequence[str] | None = None
    ) -> Tensor:
        """Encode captions, (B, W) int64, padded at the end with `eos`."""

    def padding(self, tokens: Tensor) -> Tensor:
        """True where (B, W) tokens are padding."""

    def known(self, caption: str) -> str:
        """What of a caption these words can say; perhaps nothing."""


class Vocabulary:
    """All words of the training captions; there is no token for unknown words.

    Padding is `<eos>`, as in the published code: `padding` tells it from the one
    that ends a caption.

    Args:
        words: each once; the position is the word's number. `<sos>` and `<eos>`
            must be among them, anywhere.

    Raises:
        InputError: if one of the two is missing, or a word is there twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.numbers = {word: number for number, word in enumerate(self.words)}
        for special in (START, END):
            if special not in self.numbers:
                raise InputError(f"the vocabulary has no {special}")
        if len(self.numbers) < len(self.words):
            twice = next(w for n, w in enumerate(self.words) if self.numbers[w] != n)
            raise InputError(f"the vocabulary has the word {twice!r} twice")
        self.sos = self.numbers[START]
        self.eos = self.numbers[END]

    @classmethod
    def from_captions(cls, captions: Iterable[str]) -> Vocabulary:
        """`<sos>`, `<eos>`, then all words by first appearance."""
        words = (word for caption in captions for word in tokenize(caption))
        return cls(list(dict.fromkeys([START, END, *words])))

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Read a file of one word a line.

        Raises:
            InputError: if it is missing or no vocabulary.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise InputError(
                f"{path} is damaged: it is not UTF-8; delete it, and it is made again"
            ) from None
        try:
            return cls(lines[:-1] if lines[-1] == "" else lines)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

    def save(self, path: str | Path) -> None:
        """Write one word a line; makes the folder."""
        write_atomically(path, "".join(f"{word}\n" for word in self.words))

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, caption: str, clip: str | None = None) -> list[int]:
        """Numbers of `<sos>`, the caption's words and `<eos>`.

        Args:
            caption: text.
            clip: whose caption it is, for the error.

        Raises:
            InputError: if a word is not in the vocabulary, or there is no word.
        """
        words = tokenize(caption)
        of_clip = "" if clip is None else f" of {clip}"
        if not words:
            raise InputError(f"the caption {caption!r}{of_clip} has no words")
        for word in words:
            if word not in self.numbers or word in (START, END):
                raise InputError(
                    f"the word {word!r} in the caption{of_clip} is not among the "
                    f"{len(self) - 2} words of the training captions"
                )
        return [self.sos, *(self.numbers[word] for word in words), self.eos]

    def known(self, caption: str) -> str:
        """The caption's words that are in the vocabulary, one space between."""
        return " ".join(
            word
            for word in tokenize(caption)
            if word in self.numbers and word not in (START, END)
        )

    def decode(self, numbers: Iterable[int]) -> str:
        """The words up to the first `<eos>`, without `<sos>`, one space between."""
        words = []
        for number in numbers:
            if number == self.eos:
                break
            if number != self.sos:
                words.append(self.words[number])
        return " ".join(words)

    def batch(
        self, captions: Sequence[str], clips: Sequence[str] | None = None
    ) -> Tensor:
        """Encode captions, (B, W) int64, padded at the end with `<eos>`."""
        names = [None] * len(captions) if clips is None else clips
        rows = [
            self.encode(caption, name)
            for caption, name in zip(captions, names, strict=True)
        ]
        import torch

        longest = max(map(len, rows))
        return torch.tensor([row + [self.eos] * (longest - len(row)) for row in rows])

    def padding(self, tokens: Tensor) -> Tensor:
        """True where (B, W) tokens are padding: after the first `<eos>`."""
        ended = (tokens == self.eos).cumsum(dim=1)
        return (ended - (tokens == self.eos).long()) > 0
