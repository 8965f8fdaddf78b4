"""The retrieval baseline, whole: ResNet38 and BERT, meeting in one space.

X. Mei et al., "On Metric Learning for Audio-Text Cross-Modal Retrieval",
Interspeech 2022, reference [14] of the paper: 187 M trainable parameters. The
clip vector and the [CLS] vector of a caption each pass a two-layer head; clips
and captions are compared by cosine, and trained with NT-Xent.
"""

import json
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.errors import InputError
from workflow_src.models import pretrained
from workflow_src.models.panns import ResNet38
from workflow_src.models.settings import RetrieverConfig

__all__ = [
    "AudioTextRetriever",
    "RetrieverConfig",
    "TextEncoder",
    "ntxent",
    "train_wordpieces",
]

SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_PIECES = 512  # BERT has no positions beyond; longer captions are cut


class TextEncoder(nn.Module):
    """A transformers encoder with its tokenizer: captions -> first token's vector.

    Args:
        model: any encoder that gives `last_hidden_state`; a pooler is dropped.
        tokenizer: its tokenizer.
    """

    def __init__(self, model: nn.Module, tokenizer: Callable) -> None:
        super().__init__()
        if getattr(model, "pooler", None) is not None:
            model.pooler = None
        self.model = model
        self.tokenizer = tokenizer
        self.width = model.config.hidden_size

    @classmethod
    def from_pretrained(cls, name: str, dropout: float) -> "TextEncoder":
        """Read an encoder by its name on the Hugging Face hub, or from a folder.

        Args:
            name: such as `bert-base-uncased`, or a folder; see also
                `pretrained.text_encoder`.
            dropout: of hidden states and of attention weights, in training.

        Raises:
            InputError: if it is neither there nor to be had.
        """
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        name = pretrained.text_encoder(name)
        try:
            config = AutoConfig.from_pretrained(name)
            # The names of BERT and its kin, and those of DistilBERT.
            for key in (
                *("hidden_dropout_prob", "attention_probs_dropout_prob"),
                *("dropout", "attention_dropout"),
            ):
                if hasattr(config, key):
                    setattr(config, key, dropout)
            model = AutoModel.from_pretrained(name, config=config)
            tokenizer = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError) as error:
            raise InputError(
                f"text_encoder: {name} can neither be read as a folder nor fetched: "
                + str(error).splitlines()[0]
            ) from error
        return cls(model, tokenizer)

    @classmethod
    def small(cls, config: RetrieverConfig) -> "TextEncoder":
        """A BERT of the sizes of `config`, from scratch, on our own WordPieces.

        Raises:
            InputError: there are no WordPieces.
        """
        from transformers import AutoTokenizer, BertConfig, BertModel

        word_pieces = config.word_pieces
        if word_pieces is None:
            raise InputError(
                "without text_encoder, word_pieces must name the folder that "
                "train_wordpieces wrote"
            )
        if not (Path(word_pieces) / "tokenizer.json").is_file():
            raise InputError(f"{word_pieces}: no WordPieces there")
        tokenizer = AutoTokenizer.from_pretrained(word_pieces)
        sizes = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.text_width,
            num_hidden_layers=config.text_layers,
            num_attention_heads=config.text_heads,
            intermediate_size=4 * config.text_width,
            hidden_dropout_prob=config.text_dropout,
            attention_probs_dropout_prob=config.text_dropout,
            max_position_embeddings=MAX_PIECES,
            # BERT's 0.02 suits a width of 768. At 128, two captions would start
            # with a mean cosine of 0.9998 between their vectors; so, with 0.94.
            initializer_range=config.text_width**-0.5,
        )
        return cls(BertModel(sizes, add_pooling_layer=False), tokenizer)

    @classmethod
    def from_form(cls, folder: str | PathLike) -> "TextEncoder":
        """Make an encoder of the form that `save_form` wrote; its weights are random.

        Raises:
            InputError: the folder holds no such form.
        """
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        try:
            config = AutoConfig.from_pretrained(folder)
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{folder} holds no text encoder: {str(error).splitlines()[0]}"
            ) from error
        return cls(AutoModel.from_config(config), tokenizer)

    def save_form(self, folder: str | PathLike) -> None:
        """Write the tokenizer and the sizes of the model, without its weights."""
        self.tokenizer.save_pretrained(folder)
        self.model.config.save_pretrained(folder)

    def forward(self, captions: list[str]) -> Tensor:
        """Captions -> (B, width)."""
        pieces = self.tokenizer(
            captions,
            padding=True,
            truncation=True,
            max_length=MAX_PIECES,
            return_tensors="pt",
        )
        device = next(self.model.parameters()).device
        hidden = self.model(
            input_ids=pieces["input_ids"].to(device),
            attention_mask=pieces["attention_mask"].to(device),
        ).last_hidden_state
        return hidden[:, 0]


class Head(nn.Module):
    """Two layers into the common space, then unit length."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, 2 * embedding),
            nn.ReLU(),
            nn.Linear(2 * embedding, embedding),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, width) -> (B, embedding), each row of length 1."""
        return F.normalize(self.layers(x), dim=1)


class AudioTextRetriever(nn.Module):
    """Clips and captions -> vectors whose dot product is their cosine.

    Args:
        config: the sizes.
        text_encoder: used instead of the one `config` names.
    """

    def __init__(
        self, config: RetrieverConfig, text_encoder: TextEncoder | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.audio_encoder = ResNet38(
            config.audio_width, config.audio_blocks, config.audio_dropout
        )
        if text_encoder is not None:
            self.text_encoder = text_encoder
        elif config.text_encoder is None:
            self.text_encoder = TextEncoder.small(config)
        else:
            self.text_encoder = TextEncoder.from_pretrained(
                config.text_encoder, config.text_dropout
            )
        self.audio_head = Head(self.audio_encoder.width_out, config.embedding)
        self.text_head = Head(self.text_encoder.width, config.embedding)
        for encoder in self._frozen():
            encoder.requires_grad_(False)
        self.train()

    def _frozen(self) -> list[nn.Module]:
        chosen = (
            (self.config.freeze_audio, self.audio_encoder),
            (self.config.freeze_text, self.text_encoder),
        )
        return [encoder for frozen, encoder in chosen if frozen]

    def train(self, mode: bool = True) -> "AudioTextRetriever":
        """As always, but frozen encoders stay as in evaluation.

        So their BatchNorm statistics stay too, and they have no dropout.
        """
        super().train(mode)
        for encoder in self._frozen():
            encoder.eval()
        return self

    def embed_audio(
        self, log_mel: Tensor, mask: Callable[[Tensor], Tensor] | None = None
    ) -> Tensor:
        """Log-mel (B, L, 64), dB -> (B, embedding), each row of length 1.

        `mask` is applied to the normalised spectrogram: SpecAugment.
        """
        return self.audio_head(self.audio_encoder(log_mel, mask))

    def embed_text(self, captions: list[str]) -> Tensor:
        """Captions -> (B, embedding), each row of length 1."""
        return self.text_head(self.text_encoder(captions))


def ntxent(audio: Tensor, text: Tensor, temperature: float = 0.07) -> Tensor:
    """NT-Xent: each row's partner against all others, mean of both directions.

    Args:
        audio: (B, D); rows need not have length 1.
        text: (B, D); row i belongs to row i of `audio`.
        temperature: divides the cosines.

    Raises:
        ValueError: if the shapes differ.
    """
    if audio.shape != text.shape or audio.ndim != 2:
        raise ValueError(
            f"NT-Xent needs (B, D) twice, not {tuple(audio.shape)} and "
            f"{tuple(text.shape)}"
        )
    cosines = F.normalize(audio, dim=1) @ F.normalize(text, dim=1).T
    scores = cosines / temperature
    partner = torch.arange(len(audio), device=audio.device)
    both = F.cross_entropy(scores, partner) + F.cross_entropy(scores.T, partner)
    return both / 2


def train_wordpieces(
    captions: Iterable[str], pieces: int, folder: str | PathLike
) -> None:
    """Learn a WordPiece vocabulary, and write it as a transformers tokenizer.

    The same captions give the same files.

    Args:
        captions: the training captions.
        pieces: size of the vocabulary, the five special pieces included; fewer if
            the captions have no more.
        folder: where tokenizer.json and tokenizer_config.json go; is made.
    """
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from tokenizers.trainers import WordPieceTrainer

    captions = list(captions)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the letters inside words in an order that differs from
    # process to process, and breaks ties by number: so we number them.
    letters = sorted(set(tokenizer.normalizer.normalize_str(" ".join(captions))))
    inside = [f"##{letter}" for letter in letters if not letter.isspace()]
    trainer = WordPieceTrainer(
        vocab_size=pieces, special_tokens=SPECIAL_PIECES + inside, show_progress=False
    )
    tokenizer.train_from_iterator(captions, trainer)
    vocabulary = tokenizer.get_vocab()
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    numbers = {piece: number for number, piece in enumerate(ordered)}
    final = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    final.normalizer = tokenizer.normalizer
    final.pre_tokenizer = tokenizer.pre_tokenizer
    final.add_special_tokens(SPECIAL_PIECES)
    final.post_processor = processors.BertProcessing(
        ("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"])
    )
    final.decoder = decoders.WordPiece()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    final.save(str(folder / "tokenizer.json"))
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_PIECES,
        **dict(zip(names, SPECIAL_PIECES, strict=True)),
    }
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
