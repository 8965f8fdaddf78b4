"""Multi-TTA for models that write word by word.

The encoder's outputs are averaged in groups, and at each step of one search the
groups' word distributions are averaged (Section 3): the output layer of Eq. 2 is
the decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workflow_src.augment.generators import or_default
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.errors import InputError
from workflow_src.tta.levels import (
    check_layers,
    means_at,
    members,
    run_layer,
    weights,
)
from workflow_src.tta.multi import (
    Augment,
    Layers,
    as_list,
    batched,
    checked_batch_size,
    rows_of,
    strategy_of,
    views,
)
from workflow_src.tta.strategy import Strategy


@dataclass(frozen=True)
class Ensemble:
    """What a decoder reads of one input: some encodings of it, decoded together.

    Attributes:
        memories: (M, ...), what the encoder gave, averaged in groups; the
            un-augmented input's comes first, where it is included.
        weights: of each in the word distribution; their sum is 1.
    """

    memories: Tensor
    weights: list[float]


class GenerationTTA:
    """Multi-TTA up to the decoder: an input -> the `Ensemble` that it reads.

    The ensemble goes to `generate`, for models of transformers, or to our search:

        beam_search(model.step, model.start(ensemble.memories), [ensemble.weights],
                    sos=sos, eos=eos)

    For example:

        >>> import torch
        >>> from workflow_src.augment import SpecAugment
        >>> from workflow_src.tta import GenerationTTA
        >>> encode = torch.nn.Linear(64, 16)
        >>> tta = GenerationTTA(encode, SpecAugment(), group_sizes=(5, 4))
        >>> ensemble = tta(torch.rand(1, 500, 64))
        >>> ensemble.memories.shape, ensemble.weights[:2]
        (torch.Size([5, 500, 16]), [0.5, 0.125])

    Args:
        layers: f_1 .. f_(H-1), the encoder, as for `MultiTTA`: usually one callable,
            view (1, ...) -> encoding (1, ...).
        augment: (input, generator) -> a view.
        group_sizes: as for `MultiTTA`; the last counts the groups that the decoder
            reads. Or a `Strategy` of H layers.
        include_original: stabilise: half of the weight is the un-augmented input's.
        batch_size: most views that are encoded at once; None: one.
        generator: of all views, in turn; None takes torch's default generator.

    Raises:
        InputError: there is not one layer less than group sizes.
    """

    def __init__(
        self,
        layers: Layers,
        augment: Augment,
        group_sizes: Sequence[int] | Strategy = (5, 20),
        include_original: bool = True,
        *,
        batch_size: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        self.layers = as_list(layers)
        self.augment = augment
        self.strategy = strategy_of(group_sizes)
        check_layers(self.strategy, len(self.layers) + 1)
        self.include_original = include_original
        self.batch_size = checked_batch_size(batch_size)
        self.generator = generator

    @torch.no_grad()
    def __call__(self, value: Tensor) -> Ensemble:
        """One input (1, ...) -> its ensemble.

        Raises:
            InputError: another number of rows than one, of the input or of an
                encoding.
        """
        if rows_of(value) != 1:
            raise InputError(f"an ensemble is of one input (1, ...), not {len(value)}")
        size = self.batch_size or 1
        first, *rest = (batched(layer, size, 1) for layer in self.layers)
        stream = views(
            value,
            self.augment,
            self.strategy.tau,
            self.include_original,
            or_default(self.generator),
        )
        found = means_at(
            run_layer(first, stream, size),
            rest,
            [self.strategy],
            include_original=self.include_original,
            size=size,
        )
        own = [found[key] for key in members(self.strategy, self.include_original)]
        return Ensemble(torch.cat(own), weights(self.strategy, self.include_original))


@torch.no_grad()
def generate(model: nn.Module, ensembles: Sequence[Ensemble], **options: Any) -> Tensor:
    """Generates with an encoder-decoder of transformers: one text an ensemble.

    The encodings of an ensemble are decoded side by side, and at each step all get
    the weighted mean of their distributions as their scores, before anything else
    that `generate` does with scores. So they write the same words: those of the
    first are returned. Greedy and beam search work, with all their options.

    Args:
        model: has `generate`, and takes `encoder_outputs`; in evaluation mode.
        ensembles: of inputs whose encodings have one shape.
        options: of `model.generate`, such as `num_beams` and `max_new_tokens`.

    Returns:
        Token ids (N, W), N = inputs · num_return_sequences.

    Raises:
        InputError: sampling is asked for, which would take the encodings apart; no
            ensembles; or encodings of several shapes.
    """
    from transformers.modeling_outputs import BaseModelOutput

    shapes = {tuple(ensemble.memories.shape[1:]) for ensemble in ensembles}
    if len(shapes) != 1:
        raise InputError(
            "generate needs ensembles whose encodings have one shape, not "
            + (", ".join(map(str, sorted(shapes))) or "none")
        )
    settings: Any = options.get("generation_config", model.generation_config)
    if options.get("do_sample", settings.do_sample):
        raise InputError("an ensemble is searched, not sampled: leave out do_sample")
    memories = torch.cat([ensemble.memories for ensemble in ensembles])
    averaging = Ensembles.from_weights(
        [ensemble.weights for ensemble in ensembles], memories.device
    )

    def average(_: nn.Module, __: Any, output: Any) -> None:
        output.logits = averaged(output.logits, averaging)

    handle = model.register_forward_hook(average)
    try:
        encoded = BaseModelOutput(last_hidden_state=memories)
        found: Any = model.generate(encoder_outputs=encoded, **options)  # type: ignore[operator]
    finally:
        handle.remove()
    texts: Tensor = found if isinstance(found, Tensor) else found.sequences
    texts = texts.reshape(len(memories), -1, texts.shape[1])
    firsts = torch.tensor([0, *averaging.sizes[:-1]]).cumsum(0)
    chosen = texts[firsts.to(texts.device)]
    if not torch.equal(chosen[averaging.owner], texts):
        raise InputError("the encodings of an ensemble wrote different words")
    return chosen.flatten(0, 1)


def averaged(logits: Tensor, ensembles: Ensembles) -> Tensor:
    """Gives every member the log of its ensemble's mean distribution.

    Args:
        logits: (M · K, W, V) of M members with K hypotheses each.
        ensembles: of the M members.

    Returns:
        The same shape, float32.
    """
    rows, words, vocabulary = logits.shape
    members = len(ensembles.owner)
    mean = ensembles.log_average(logits.reshape(members, -1, vocabulary))
    return mean[ensembles.owner].reshape(rows, words, vocabulary)
