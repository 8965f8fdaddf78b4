"""ACT, the Audio Captioning Transformer: the captioning baseline, whole.

X. Mei et al., "Audio Captioning Transformer", DCASE 2021, reference [13] of the
paper; the sizes below are those of its published code ("m" decoder; 107,951,367
parameters with 4,984 words). A log-mel spectrogram (B, 500, 64) is cut into 125
patches of 4 frames; a DeiT-shaped encoder makes of them, and of a class token,
the memory (B, 126, D); a decoder attends to it and predicts word after word.

The encoder is in `act_encoder`, the decoder's layers are in `act_decoder`.
"""

import math
from os import PathLike
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.errors import InputError
from workflow_src.models.act_decoder import DecoderLayer, DecoderState, sinusoids
from workflow_src.models.act_encoder import Encoder
from workflow_src.models.caption_model import CaptionModel
from workflow_src.models.checkpoint import LoadReport, StateDict
from workflow_src.models.settings import ACT_PATCH_FRAMES, ActConfig
from workflow_src.progress import say

__all__ = ["ACT", "ActConfig", "DecoderState", "label_smoothing_loss"]

MAX_WORDS = 2_000  # the decoder's positions are computed


class ActDecoder(CaptionModel):
    """A captioning model whose words ACT's decoder writes, whatever its encoder is.

    A subclass makes its encoder, and then calls `_add_decoder`.
    """

    positions: Tensor

    def _add_decoder(self, config: ActConfig) -> None:
        """Make the decoder.

        Args:
            config: sizes; those of the encoder are not read.

        Raises:
            InputError: the vocabulary is empty.
        """
        if config.vocabulary < 1:
            raise InputError("ACT needs a vocabulary of at least one word")
        self.config = config
        width = config.decoder_width
        self.embedding = nn.Embedding(config.vocabulary, width)
        self.register_buffer("positions", sinusoids(MAX_WORDS, width), persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        layers = [DecoderLayer(config) for _ in range(config.decoder_layers)]
        self.layers = nn.ModuleList(layers)
        self.output = nn.Linear(width, config.vocabulary)
        for layer in layers:
            for attention in (layer.self_attention, layer.cross_attention):
                nn.init.xavier_uniform_(attention.qkv.weight)
                nn.init.zeros_(attention.qkv.bias)
                nn.init.zeros_(attention.out.bias)

    def load_word_vectors(self, vectors: Tensor) -> None:
        """Start the word embeddings from vectors (vocabulary, decoder_width).

        Raises:
            ValueError: the vectors have another shape.
        """
        if vectors.shape != self.embedding.weight.shape:
            raise ValueError(
                f"word vectors {tuple(vectors.shape)} do not fit embeddings "
                f"{tuple(self.embedding.weight.shape)}"
            )
        with torch.no_grad():
            self.embedding.weight.copy_(vectors)

    def decode(
        self, memory: Tensor, tokens: Tensor, padding: Tensor | None = None
    ) -> Tensor:
        """Score the word after each given word: teacher forcing.

        Args:
            memory: (B, M, decoder_width), of `encode`.
            tokens: (B, W) integers, from <sos> on.
            padding: (B, W), True where `tokens` is padding, which no word then
                attends to; the first word must not be.

        Returns:
            (B, W, vocabulary), before the softmax.
        """
        words = tokens.shape[1]
        allowed = torch.ones(
            words, words, dtype=torch.bool, device=tokens.device
        ).tril()
        if padding is not None:
            allowed = allowed & ~padding[:, None, None, :]
        audio = [layer.audio(memory) for layer in self._layers()]
        x = self._embed(tokens, 0)
        for layer, own in zip(self._layers(), audio, strict=True):
            x = layer(x, own, allowed)
        scores: Tensor = self.output(x)
        return scores

    def start(self, memory: Tensor) -> DecoderState:
        """Project the memory (N, M, decoder_width) once, for `step`."""
        return DecoderState([layer.audio(memory) for layer in self._layers()])

    def step(self, tokens: Tensor, state: DecoderState) -> Tensor:
        """Append a word to each caption under way, and score the next one.

        Args:
            tokens: (N,), the words.
            state: of the N captions; is changed.

        Returns:
            (N, vocabulary), before the softmax.
        """
        x = self._embed(tokens.unsqueeze(1), state.length)
        for index, layer in enumerate(self._layers()):
            x = layer.advance(x, state, index)
        scores: Tensor = self.output(x)
        return scores.squeeze(1)

    def _embed(self, tokens: Tensor, start: int) -> Tensor:
        words = tokens.shape[1]
        if start + words > MAX_WORDS:
            raise ValueError(f"a caption has at most {MAX_WORDS} words")
        x = self.embedding(tokens) * math.sqrt(self.config.decoder_width)
        embedded: Tensor = self.dropout(x + self.positions[start : start + words])
        return embedded

    def _layers(self) -> list[DecoderLayer]:
        # A ModuleList does not say what is in it.
        return cast(list[DecoderLayer], list(self.layers))


class ACT(ActDecoder):
    """The captioning model: `encode` once, then `decode`, or `start` and `step`.

    Args:
        config: the sizes.

    Raises:
        InputError: the vocabulary is empty.
    """

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.memory = nn.Linear(config.tag_classes, config.decoder_width)
        self._add_decoder(config)

    @classmethod
    def from_upstream(
        cls,
        source: str | PathLike[str] | StateDict,
        encoder_heads: int | None = None,
        decoder_heads: int | None = None,
        dropout: float = 0.2,
        trust_pickle: bool = False,
    ) -> "ACT":
        """Read a whole published checkpoint.

        Arguments and errors are those of `act_upstream.from_upstream`.
        """
        from workflow_src.models.act_upstream import from_upstream

        return from_upstream(
            source, encoder_heads, decoder_heads, dropout, trust_pickle
        )

    def load_encoder(
        self, source: str | PathLike[str] | StateDict, trust_pickle: bool = False
    ) -> LoadReport:
        """Start the encoder from `deit.pth`, `audioset_deit.pth` or a whole ACT.

        What was skipped is said on stderr. Arguments, result and errors are those of
        `act_upstream.load_encoder`.
        """
        from workflow_src.models.act_upstream import load_encoder

        report = load_encoder(self.encoder, source, trust_pickle)
        say(f"ACT's encoder: {report}")
        return report

    def encode(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """Encode clips to the memory that the decoder attends to.

        Args:
            log_mel: (B, L, 64), dB; see `act_encoder.Encoder`.
            spec_augment: SpecAugment, applied to the normalised spectrogram.

        Returns:
            (B, 1 + L / 4, decoder_width).
        """
        return self.encode_normalised(self.encoder.normalise(log_mel, spec_augment))

    def encode_normalised(self, normalised: Tensor) -> Tensor:
        """Encode clips that `encoder.normalise` gave: -> as `encode`."""
        return F.relu(self.memory(self.encoder.scores(normalised)))

    def memory_positions(self, frames: int) -> int:
        """The class token and the patches."""
        return 1 + frames // ACT_PATCH_FRAMES


def label_smoothing_loss(
    logits: Tensor,
    tokens: Tensor,
    smoothing: float = 0.1,
    padding: Tensor | None = None,
) -> Tensor:
    """Compute the cross entropy against smoothed labels ([13]).

    The right word has 1 - s, each other word s / (V - 1).

    Args:
        logits: (B, W, V).
        tokens: (B, W), the right words.
        smoothing: s.
        padding: (B, W), True where a position shall not count; None counts every
            position, as the published code does.

    Returns:
        The mean over the positions that count.
    """
    log_probabilities = F.log_softmax(logits, dim=-1)
    right = log_probabilities.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    others = log_probabilities.sum(dim=-1) - right
    losses = -(1 - smoothing) * right - smoothing / (logits.shape[-1] - 1) * others
    if padding is None:
        return losses.mean()
    if padding.device.type == "cpu":
        return losses[~padding].mean()
    # How many positions count is a shape above; on a GPU the host would wait for it.
    return losses.masked_fill(padding, 0).sum() / (~padding).sum()
