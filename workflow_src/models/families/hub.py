"""Parts of models in the layout of the Hugging Face hub: read, and made from sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from workflow_src.errors import InputError, in_one_line
from workflow_src.models.families.settings import PartSettings

# What transformers raises where a checkpoint cannot be read.
UNREADABLE = (OSError, ValueError, RuntimeError, KeyError)


def config_of(part: PartSettings, kind: Any, **changes: Any) -> Any:
    """The config of a part: read from its checkpoint, or made from its sizes.

    Args:
        part: whose config it is.
        kind: its config class in transformers.
        changes: values that stand above those of the checkpoint.

    Raises:
        InputError: the checkpoint cannot be read, or a size is none of its config.
    """
    if part.checkpoint is None:
        check_sizes(part, kind)
        return kind(**part.sizes | changes)
    name, revision = part.place
    try:
        return kind.from_pretrained(name, revision=revision, **changes)
    except UNREADABLE as error:
        raise _unreadable(part, error) from error


def check_sizes(part: PartSettings, kind: Any) -> None:
    """Refuse sizes that a config class does not have: it would keep them in silence.

    Raises:
        InputError: names the first.
    """
    own = kind()
    for name in part.sizes:
        if not hasattr(own, name):
            raise InputError(f"sizes: {name} is no key of {kind.__name__}")


def model_of(part: PartSettings, kind: Any, config: Any, weights: bool) -> Any:
    """The model of a part, in float32.

    Args:
        part: whose model it is.
        kind: its class in transformers, perhaps an Auto class.
        config: of `config_of`.
        weights: whether the checkpoint's weights are read, where there is one.

    Raises:
        InputError: the checkpoint cannot be read, or lacks weights of the model; see
            `MAY_LACK`.
    """
    if part.checkpoint is None or not weights:
        if hasattr(kind, "from_config"):  # an Auto class
            return kind.from_config(config, dtype=torch.float32)
        return kind(config)
    name, revision = part.place
    try:
        model, report = kind.from_pretrained(
            name,
            revision=revision,
            config=config,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except UNREADABLE as error:
        raise _unreadable(part, error) from error
    missing = [own for own in report["missing_keys"] if not _comes_new(own)]
    if missing:
        raise InputError(
            f"checkpoint {part.checkpoint} has no {sorted(missing)[0]} (weights that "
            f"it lacks: {len(missing)}): is it a {config.model_type}?"
        )
    return model


def tokenizer_of(part: PartSettings, learned: Path) -> Any:
    """The tokenizer of a text part: its checkpoint's, or WordPieces of the captions.

    Args:
        part: whose words it cuts.
        learned: folder of the WordPieces.

    Raises:
        InputError: neither is there.
    """
    from transformers import AutoTokenizer

    name, revision = (str(learned), None) if part.checkpoint is None else part.place
    if part.checkpoint is None and not (learned / "tokenizer.json").is_file():
        raise InputError(f"{learned}: no WordPieces there")
    try:
        return AutoTokenizer.from_pretrained(name, revision=revision)
    except UNREADABLE as error:
        raise _unreadable(part, error) from error


def extractor_of(part: PartSettings, kind: Any, **sizes: Any) -> Any:
    """The feature extractor of a part: its checkpoint's, or one of given sizes.

    Args:
        part: whose front end it is.
        kind: its class in transformers.
        sizes: of one without a checkpoint.

    Raises:
        InputError: the checkpoint has none.
    """
    if part.checkpoint is None:
        return kind(**sizes)
    name, revision = part.place
    try:
        return kind.from_pretrained(name, revision=revision)
    except UNREADABLE as error:
        raise _unreadable(part, error) from error


# Weights that a checkpoint may lack: of a cross attention, which GPT-2 was published
# without; of BERT's pooler, which is not read; and of wav2vec 2.0's own masking, which
# is off.
MAY_LACK = ("crossattention", "ln_cross_attn", "masked_spec_embed")
POOLER = "pooler."


def _comes_new(weight: str) -> bool:
    """Whether a checkpoint may lack a weight."""
    return weight.startswith(POOLER) or any(name in weight for name in MAY_LACK)


def _unreadable(part: PartSettings, error: Exception) -> InputError:
    at = f" at {part.revision}" if part.revision else ""
    return InputError(
        f"checkpoint {part.checkpoint}{at} cannot be read: {in_one_line(error)}"
    )
