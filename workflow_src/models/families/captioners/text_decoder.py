"""Any audio encoder with a text decoder of transformers that attends to it.

BART's decoder, GPT-2 with cross attention, and whatever else
`AutoModelForCausalLM` makes with `add_cross_attention`. Words are those of its own
tokenizer.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.decoding.hypothesis import LayerCache
from workflow_src.errors import InputError, in_one_line
from workflow_src.models.caption_model import CaptionModel
from workflow_src.models.families.audio_encoder import (
    AUDIO,
    AudioEncoder,
    audio_encoder,
)
from workflow_src.models.families.hub import check_sizes, model_of, tokenizer_of
from workflow_src.models.families.memory import FramesMemory
from workflow_src.models.families.model import TEXT, Making
from workflow_src.models.families.registry import CAPTIONERS
from workflow_src.models.families.settings import PartSettings
from workflow_src.models.families.words import TokenizerWords


@dataclass(frozen=True)
class TextDecoderSizes:
    """See `workflow_src.models.caption_model.DecoderSizes`."""

    vocabulary: int
    decoder_width: int
    decoder_layers: int


class TextDecoderState:
    """Keys and values of N captions under way, in the form of transformers' caches.

    Args:
        memory: (N, M, D).

    Attributes:
        memory: (N, M, D).
        self_attention_cache: of each layer, of the words so far; before the first
            word, one empty layer that says how many rows there are.
        cross_attention_cache: of each layer, of the audio; none before the first word.
    """

    def __init__(self, memory: Tensor) -> None:
        self.memory = memory
        empty = memory[:, None, :0]
        self.self_attention_cache: list[LayerCache] = [(empty, empty)]
        self.cross_attention_cache: list[LayerCache] = []

    def select(self, rows: Tensor) -> None:
        """Make row i what row rows[i] was."""
        self.memory = self.memory[rows]
        for name in ("self_attention_cache", "cross_attention_cache"):
            chosen = [
                tuple(own[rows] for own in layer) for layer in getattr(self, name)
            ]
            setattr(self, name, chosen)


@CAPTIONERS.register("text_decoder")
class FramesWithTextDecoder(CaptionModel):
    """An audio encoder's frames as the memory of a pre-trained text decoder.

    Args:
        making: the entry; `text.kind` is a `model_type` of transformers.

    Raises:
        InputError: no text part, or one that is no decoder.
    """

    copies_memory = True

    def __init__(self, making: Making) -> None:
        super().__init__()
        text = making.entry.text
        if text is None:
            raise InputError(f"model {making.entry.name} has no text part")
        self.words = TokenizerWords(tokenizer_of(text, making.word_pieces))
        self.decoder = text_decoder(text, self.words, making.weights)
        sizes = self.decoder.config
        self.config = TextDecoderSizes(
            sizes.vocab_size,
            sizes.hidden_size,
            getattr(sizes, "decoder_layers", sizes.num_hidden_layers),
        )
        self.encoder = FramesMemory(
            audio_encoder(making.entry.audio, making.audio, making.weights),
            self.config.decoder_width,
            making.entry.positions,
        )

    @property
    def audio(self) -> AudioEncoder:
        """The audio encoder."""
        return self.encoder.audio

    @property
    def compiled_layers(self) -> list[nn.Module]:
        """None: transformers decides how its layers run."""
        return []

    def encode(
        self, log_mel: Tensor, spec_augment: SpectrogramTransform | None = None
    ) -> Tensor:
        """(B, L, F) of the front end -> (B, M, width of the decoder)."""
        memory: Tensor = self.encoder(log_mel, spec_augment)
        return memory

    def decode(
        self, memory: Tensor, tokens: Tensor, padding: Tensor | None = None
    ) -> Tensor:
        """(B, M, D), (B, W) -> (B, W, vocabulary); padding stands at the end."""
        seen = None if padding is None else (~padding).long()
        logits: Tensor = self.decoder(
            input_ids=tokens,
            attention_mask=seen,
            encoder_hidden_states=memory.contiguous(),
            use_cache=False,
        ).logits
        return logits

    def start(self, memory: Tensor) -> TextDecoderState:
        """Begin N captions from memories (N, M, D)."""
        return TextDecoderState(memory)

    def step(self, tokens: Tensor, state: TextDecoderState) -> Tensor:
        """Append a word (N,) to each caption, and score the next: (N, vocabulary)."""
        from transformers import DynamicCache, EncoderDecoderCache

        begun = bool(state.cross_attention_cache)
        caches = EncoderDecoderCache(
            DynamicCache(state.self_attention_cache if begun else None),
            DynamicCache(state.cross_attention_cache if begun else None),
        )
        out = self.decoder(
            input_ids=tokens.unsqueeze(1),
            encoder_hidden_states=state.memory,
            past_key_values=caches,
            use_cache=True,
        )
        state.self_attention_cache = _layers(caches.self_attention_cache)
        state.cross_attention_cache = _layers(caches.cross_attention_cache)
        scores: Tensor = out.logits[:, -1]
        return scores

    def memory_positions(self, frames: int) -> int:
        """The most that the entry allows."""
        return self.encoder.positions

    def save_form(self, folder: Path) -> None:
        """Write both parts' configs, the extractor and the tokenizer."""
        self.audio.save_form(folder / AUDIO)
        self.decoder.config.save_pretrained(folder / TEXT)
        self.words.save(folder / TEXT)


def text_decoder(part: PartSettings, words: TokenizerWords, weights: bool) -> Any:
    """Make the decoder of a text part, with cross attention.

    Args:
        part: its settings.
        words: how many there are, where the decoder has no checkpoint.
        weights: whether the checkpoint's weights are read.

    Raises:
        InputError: the kind is none of transformers, or none that attends to an
            encoder.
    """
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    )

    attending = {"is_decoder": True, "add_cross_attention": True}
    if part.checkpoint is None:
        try:
            kind: Any = type(AutoConfig.for_model(part.kind))
        except ValueError:
            raise InputError(f"text.kind {part.kind} is none of transformers") from None
        check_sizes(part, kind)
        config = kind(
            vocab_size=len(words),
            bos_token_id=words.sos,
            eos_token_id=words.eos,
            pad_token_id=words.eos,
            decoder_start_token_id=words.sos,
            **part.sizes,
        )
    else:
        name, revision = part.place
        try:
            config = AutoConfig.from_pretrained(name, revision=revision)
        except (OSError, ValueError) as error:
            raise InputError(
                f"checkpoint {part.checkpoint} cannot be read: {in_one_line(error)}"
            ) from error
    two_sided = copy.deepcopy(config) if config.is_encoder_decoder else None
    for key, value in attending.items():
        setattr(config, key, value)
    if config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise InputError(f"text.kind {part.kind} writes no text in transformers")
    if two_sided is not None and part.checkpoint is not None and weights:
        # Its file may have the words' vectors once, as the encoder's and the
        # decoder's: so the whole is read, and its decoder taken.
        whole = model_of(part, AutoModel, two_sided, weights)
        decoder = model_of(part, AutoModelForCausalLM, config, weights=False)
        decoder.get_decoder().load_state_dict(whole.get_decoder().state_dict())
        decoder.tie_weights()
    else:
        decoder = model_of(part, AutoModelForCausalLM, config, weights)
    if not any(name in own for own, _ in decoder.named_modules() for name in CROSS):
        raise InputError(
            f"text.kind {part.kind} has no cross attention in transformers: bart and "
            "gpt2 have"
        )
    return decoder


# How models of transformers call their cross attention.
CROSS = ("crossattention", "encoder_attn", "cross_attn")


def _layers(cache: Any) -> list[LayerCache]:
    """Keys and values of each layer of a cache of transformers."""
    return [(layer.keys, layer.values) for layer in cache.layers]
