"""The retriever's text encoder: any of transformers, or a small BERT of our own."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

from torch import Tensor, nn

from workflow_src.errors import InputError
from workflow_src.models import pretrained
from workflow_src.models.settings import RetrieverConfig
from workflow_src.models.word_pieces import MAX_PIECES

# Importing transformers takes seconds.
if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


# Models that take a mask of who may look at whom, (B, 1, W, W) bool. Of one that says
# which pieces are padding, (B, W), they ask whether any is: a GPU would be waited for.
READ_WHOLE_MASKS = ("bert", "roberta", "distilbert")

_tokenizing = Lock()  # a fast tokenizer refuses a second thread


class TextEncoder(nn.Module):
    """A transformers encoder with its tokenizer: captions -> first token's vector.

    Args:
        model: any encoder that gives `last_hidden_state`; a pooler is dropped.
        tokenizer: its tokenizer.

    Attributes:
        width: of the vector.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        super().__init__()
        if getattr(model, "pooler", None) is not None:
            model.register_module("pooler", None)
        self.model = model
        self.tokenizer = tokenizer
        self.width: int = model.config.hidden_size

    @classmethod
    def from_pretrained(cls, name: str, dropout: float) -> Self:
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
    def small(cls, config: RetrieverConfig) -> Self:
        """Make a BERT of the sizes of `config`, from scratch, on our own WordPieces.

        Args:
            config: the sizes, and the folder of the WordPieces.

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
    def from_form(cls, folder: str | PathLike[str]) -> Self:
        """Make an encoder of the form that `save_form` wrote; its weights are random.

        Args:
            folder: that `save_form` wrote to.

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

    def save_form(self, folder: str | PathLike[str]) -> None:
        """Write the tokenizer and the sizes of the model, without its weights."""
        self.tokenizer.save_pretrained(folder)
        self.model.config.save_pretrained(folder)

    def pieces(
        self, captions: Sequence[str], few_widths: bool = False
    ) -> dict[str, Tensor]:
        """Cut captions into WordPieces, on the CPU; several threads may.

        Args:
            captions: B of them.
            few_widths: pad to a multiple of 16 pieces.

        Returns:
            `input_ids` (B, W) int64 and, unless all captions are equally long,
            `attention_mask`, as `encode` takes it.
        """
        with _tokenizing:
            cut = self.tokenizer(
                list(captions),
                padding=True,
                truncation=True,
                max_length=MAX_PIECES,
                pad_to_multiple_of=16 if few_widths else None,
                return_tensors="pt",
            )
        pieces: dict[str, Tensor] = {"input_ids": cut["input_ids"]}
        mask: Tensor = cut["attention_mask"]
        if not mask.all():
            pieces["attention_mask"] = mask
            if self.model.config.model_type in READ_WHOLE_MASKS:
                words = mask.shape[1]
                whole = mask.bool()[:, None, None, :].expand(-1, 1, words, words)
                pieces["attention_mask"] = whole
        return pieces

    @property
    def layers(self) -> list[nn.Module]:
        """The Transformer's layers, all alike; none where they cannot be found."""
        lists = (own for own in self.model.modules() if isinstance(own, nn.ModuleList))
        return list(max(lists, key=len, default=[]))

    def encode(
        self, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Give the first token's vector of each of B captions.

        Args:
            input_ids: (B, W), on the device of the model.
            attention_mask: what `pieces` gave, there too; None: no padding.

        Returns:
            (B, width).
        """
        hidden: Tensor = self.model(
            input_ids=input_ids, attention_mask=attention_mask
        ).last_hidden_state
        return hidden[:, 0]

    def forward(self, captions: Sequence[str]) -> Tensor:
        """Give the first token's vector of each of B captions: (B, width)."""
        device = next(self.model.parameters()).device
        pieces = self.pieces(captions)
        return self.encode(**{name: own.to(device) for name, own in pieces.items()})
