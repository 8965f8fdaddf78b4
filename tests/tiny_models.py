"""Models of every family at sizes that a test makes in milliseconds."""

from dataclasses import replace
from pathlib import Path

import torch

from workflow_src.audio.settings import AudioForm
from workflow_src.corpus.text import Vocabulary
from workflow_src.models.families.model import Making
from workflow_src.models.families.settings import ModelEntry, PartSettings
from workflow_src.models.word_pieces import train_wordpieces

FORM = AudioForm(seconds=1.0)
CAPTIONS = ["a dog barks and rain falls", "a man speaks", "a car idles while it rains"]
SMALL = {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
PARTS = {
    "ast": PartSettings(
        "ast",
        sizes={
            "hidden_size": 16,
            "max_length": 96,
            "num_mel_bins": 32,
            "frequency_stride": 16,
            "time_stride": 16,
            **SMALL,
        },
    ),
    "whisper": PartSettings(
        "whisper",
        sizes={
            "d_model": 16,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16,
            "max_source_positions": 75,
            "num_mel_bins": 20,
        },
    ),
    "wav2vec2": PartSettings(
        "wav2vec2",
        sizes={
            "hidden_size": 16,
            "conv_dim": [8] * 7,
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 2,
            **SMALL,
        },
    ),
    "clap": PartSettings(
        "clap",
        sizes={
            "projection_dim": 16,
            "text_config": {"hidden_size": 16, "projection_dim": 16, **SMALL},
            "audio_config": {
                "patch_embeds_hidden_size": 8,
                "hidden_size": 16,
                "depths": [1, 1],
                "num_attention_heads": [1, 2],
                "patch_size": 16,
                "patch_stride": [16, 16],
                "projection_dim": 16,
            },
        },
    ),
    "bert": PartSettings("bert", sizes={"hidden_size": 16, **SMALL}),
    "act": PartSettings(
        "act",
        sizes={
            "decoder_width": 16,
            "decoder_layers": 2,
            "decoder_heads": 2,
            "decoder_feedforward": 16,
        },
    ),
    "bart": PartSettings(
        "bart",
        sizes={
            "d_model": 16,
            "decoder_layers": 2,
            "decoder_attention_heads": 2,
            "decoder_ffn_dim": 16,
            "max_position_embeddings": 64,
        },
    ),
    "gpt2": PartSettings(
        "gpt2", sizes={"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    ),
}
# Family, audio part, text part.
RETRIEVERS = [
    ("clap", "clap", None),
    ("frames", "ast", "bert"),
    ("frames", "clap", "bert"),
]
CAPTIONERS = [
    ("act_decoder", "ast", "act"),
    ("text_decoder", "whisper", "bart"),
    ("text_decoder", "wav2vec2", "gpt2"),
]


def entry(task, family, audio, text, **changes):
    """The entry of a model of these parts."""
    own = ModelEntry(
        "_".join(filter(None, (family, audio, text))),
        task,
        family,
        PARTS[audio],
        PARTS[text] if text else None,
        positions=8,
        embedding=16,
    )
    return replace(own, **changes)


def making(folder: Path, own: ModelEntry, weights: bool = True) -> Making:
    """What a model of an entry is made from; words are those of `CAPTIONS`."""
    pieces, vocabulary = folder / "word_pieces", folder / "vocabulary.txt"
    if not vocabulary.exists():
        train_wordpieces(CAPTIONS, 60, pieces)
        Vocabulary.from_captions(CAPTIONS).save(vocabulary)
    torch.manual_seed(3)
    return Making(own, FORM, vocabulary, pieces, weights)


def waveforms(clips=2, seed=0):
    """One second each of noise with a tone: (clips, 32,000)."""
    generator = torch.Generator().manual_seed(seed)
    noise = 0.05 * torch.randn(clips, FORM.samples, generator=generator)
    time = torch.arange(FORM.samples) / FORM.sample_rate
    tones = 200.0 * (2 + torch.arange(clips))[:, None]
    return (noise + 0.3 * torch.sin(2 * torch.pi * tones * time)).clamp(-1, 1)
