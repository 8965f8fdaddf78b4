"""ACT's decoder layers, and what they keep between words.

`workflow_src.models.act` has the whole model. A layer attends to the words so far,
then to the audio; the keys and values of both are computed once and kept.
"""

import math

import torch
from torch import Tensor, nn

from workflow_src.decoding.hypothesis import LayerCache
from workflow_src.models.attention import Attention
from workflow_src.models.settings import ActConfig


class DecoderState:
    """Keys and values of N captions under way, for `ACT.step`.

    Args:
        cross_attention_cache: of each layer, keys and values of the audio.

    Attributes:
        cross_attention_cache: of each layer, keys and values of the audio,
            (M, heads, 126, d): each serves N / M consecutive rows, the beams of a clip.
        self_attention_cache: of each layer, those of the words so far,
            (N, heads, W, d). Searches take it apart.
        source: (N,), which row of `cross_attention_cache` each row attends to.
    """

    def __init__(self, cross_attention_cache: list[LayerCache]) -> None:
        self.cross_attention_cache = cross_attention_cache
        self.self_attention_cache: list[LayerCache] = [
            (keys[:, :, :0], values[:, :, :0]) for keys, values in cross_attention_cache
        ]
        keys = cross_attention_cache[0][0]
        self.source = torch.arange(len(keys), device=keys.device)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def length(self) -> int:
        """Words so far, <sos> included."""
        return self.self_attention_cache[0][0].shape[2]

    def append(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values of new words to a layer; gives those of all words."""
        old_keys, old_values = self.self_attention_cache[layer]
        keys = torch.cat([old_keys, keys], dim=2)
        values = torch.cat([old_values, values], dim=2)
        self.self_attention_cache[layer] = (keys, values)
        return keys, values

    def select(self, rows: Tensor) -> None:
        """Keep `rows` (N',), in that order, in place; a row may come twice."""
        self.self_attention_cache = _rows(self.self_attention_cache, rows)
        # The audio's part is the large one, and the same for all beams of a clip.
        source = self.source[rows]
        kept, counts = source.unique_consecutive(return_counts=True)
        if len(kept) * int(counts.max()) != len(rows):
            kept = source
        clips = len(self.cross_attention_cache[0][0])
        if len(kept) != clips or (kept.diff() != 1).any():
            self.cross_attention_cache = _rows(self.cross_attention_cache, kept)
        beams = len(rows) // len(kept)
        numbers = torch.arange(len(kept), device=rows.device)
        self.source = numbers.repeat_interleave(beams)


def _rows(cache: list[LayerCache], rows: Tensor) -> list[LayerCache]:
    return [(keys[rows], values[rows]) for keys, values in cache]


class DecoderLayer(nn.Module):
    """Post-norm Transformer layer: the words so far, then the audio.

    Args:
        config: the sizes of ACT.
    """

    def __init__(self, config: ActConfig) -> None:
        super().__init__()
        width, heads = config.decoder_width, config.decoder_heads
        sizes = (width, heads, width // heads, config.dropout)
        self.self_attention = Attention(*sizes)
        self.self_norm = nn.LayerNorm(width)
        self.cross_attention = Attention(*sizes)
        self.cross_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, config.decoder_feedforward),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.decoder_feedforward, width),
        )
        self.mlp_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, audio: LayerCache, allowed: Tensor) -> Tensor:
        """Transform whole captions: teacher forcing.

        Args:
            x: (N, W, width), their words.
            audio: keys and values of `audio`.
            allowed: which words a word attends to, as `Attention.attend` takes it.

        Returns:
            (N, W, width).
        """
        keys, values = self.self_attention.keys_values(x)
        # In one piece, as a search has them: attention then rounds alike.
        words = (keys.contiguous(), values.contiguous())
        return self._attend(x, words, audio, allowed)

    def audio(self, memory: Tensor) -> LayerCache:
        """Project the memory (N, M, width) to keys and values, (N, heads, M, d)."""
        keys, values = self.cross_attention.keys_values(memory)
        # Every step of a search reads all of them: in one piece that takes half the
        # time.
        return keys.contiguous(), values.contiguous()

    def advance(self, x: Tensor, state: DecoderState, layer: int) -> Tensor:
        """Transform a new word, and append its keys and values to the state.

        Args:
            x: (N, 1, width), the new word.
            state: of the N captions; is changed.
            layer: number of this layer.

        Returns:
            (N, 1, width).
        """
        words = state.append(layer, *self.self_attention.keys_values(x))
        return self._attend(x, words, state.cross_attention_cache[layer], None)

    def _attend(
        self, x: Tensor, words: LayerCache, audio: LayerCache, allowed: Tensor | None
    ) -> Tensor:
        attention = self.self_attention
        mixed = attention.attend(attention.queries(x), *words, allowed)
        x = self.self_norm(x + self.dropout(mixed))
        attention = self.cross_attention
        # All beams of a clip at once: its keys and values are read once.
        keys, values = audio
        queries = attention.queries(x.reshape(len(keys), -1, x.shape[2]))
        mixed = attention.attend(queries, keys, values).view_as(x)
        x = self.cross_norm(x + self.dropout(mixed))
        out: Tensor = self.mlp_norm(x + self.dropout(self.mlp(x)))
        return out


def sinusoids(length: int, width: int) -> Tensor:
    """Make the positions of Vaswani et al. 2017: sines and cosines in turn.

    Returns:
        (length, width).
    """
    steps = torch.arange(0, width, 2, dtype=torch.float32)
    angles = torch.arange(length).unsqueeze(1) * torch.exp(
        steps * (-math.log(10_000) / width)
    )
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
