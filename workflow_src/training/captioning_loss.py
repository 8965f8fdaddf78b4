"""What a captioner learns from a mini-batch: teacher forcing, whole or in parts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from workflow_src.corpus.text import Words
from workflow_src.models.act import ACT, label_smoothing_loss
from workflow_src.training.batches import Batch
from workflow_src.training.compute import Compute, padded_width
from workflow_src.training.ranks import ALONE, Ranks


def numbered(
    words: Words,
    captions: Sequence[str],
    clips: Sequence[str],
    loss_on_padding: bool,
    few_widths: bool = False,
) -> dict[str, Tensor]:
    """Turn captions into what `ACT.decode` and the loss read.

    Args:
        words: the vocabulary.
        captions: B of them.
        clips: whose they are, for errors.
        loss_on_padding: whether padding counts, as in the published code.
        few_widths: pad to one of a few widths, so that compiled layers are compiled
            for few shapes. The loss does not count what that adds.

    Returns:
        `given` and `right`, (B, W) int64: words, and the word after each; `unseen`
        (B, W) bool: padding among `given`; `padding` (B, W) bool, where some
        positions do not count.
    """
    tokens = words.batch(captions, clips)
    own = tokens.shape[1] - 1
    if few_widths:
        more = padded_width(own) - own
        tokens = nn.functional.pad(tokens, (0, more), value=words.eos)
    given, right = tokens[:, :-1], tokens[:, 1:]
    added = torch.arange(given.shape[1]) >= own
    # As the published code: no word attends to padding, not even padding.
    arrays = {"given": given, "right": right, "unseen": words.padding(given) | added}
    if not loss_on_padding:
        arrays["padding"] = words.padding(right) | added
    elif added.any():
        arrays["padding"] = added.expand_as(right)
    return arrays


def loss_in_parts(
    model: ACT,
    batch: Batch,
    smoothing: float,
    compute: Compute,
    size: int,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Compute the loss and its gradient with few clips in memory at once.

    Beyond the normalisation of the mel bins, which is of the whole mini-batch here
    too, no clip sees another: the gradients of the parts add up to that of the whole,
    whether one process computes them or several.

    Args:
        model: the captioner; gets the gradients.
        batch: with the arrays of `numbered`.
        smoothing: of the labels.
        compute: in which precision.
        size: clips in a part.
        ranks: that have a share of the clips each.

    Returns:
        The loss of the whole mini-batch, without a graph; of several ranks, what comes
        to it, and the gradients to its gradient, once they are averaged.
    """
    normalised = model.encoder.normalise(batch.log_mels, batch.spec_augment)
    inputs = normalised.detach().requires_grad_()
    total = torch.zeros((), device=inputs.device)
    padding = batch.text.get("padding")
    own_clips = ranks.share(len(batch))
    for first in own_clips[::size]:
        rows = slice(first, min(first + size, own_clips.stop))
        text = {name: array[rows] for name, array in batch.text.items()}
        own = text.get("padding")
        share = len(text["given"]) / len(batch)
        weight = (
            inputs.new_tensor(share)
            if padding is None or own is None
            else ((~own).sum() / (~padding).sum())
        )
        with compute.autocast():
            memory = model.encode_normalised(inputs[rows])
            logits = model.decode(memory, text["given"], text["unseen"])
        part = label_smoothing_loss(logits.float(), text["right"], smoothing, own)
        part = part * (weight * ranks.count)
        part.backward()
        total += part.detach()
    normalised.backward(inputs.grad)
    return total
