"""A training step at full size never makes the host wait for the device.

Run on torch's `meta` device, which has shapes and no numbers: whatever needs a number
on the host fails there, `.item()`, `bool(tensor)`, `nonzero`, boolean indexing, and so
does an operation on tensors of two devices. Copies from the host are counted.
"""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from workflow_src import config
from workflow_src.audio.frontend import ActLogMel, PannsLogMel
from workflow_src.augment.recipe import Recipe
from workflow_src.augment.spectrogram import Stripes
from workflow_src.corpus.text import Vocabulary
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.retrieval import AudioTextRetriever
from workflow_src.models.settings import RetrieverConfig
from workflow_src.models.text_encoder import TextEncoder
from workflow_src.models.word_pieces import train_wordpieces
from workflow_src.training.batches import Batches
from workflow_src.training.captioning import caption_loss
from workflow_src.training.captioning_loss import loss_in_parts, numbered
from workflow_src.training.compute import Compute
from workflow_src.training.loop import Training, optimizer_step
from workflow_src.training.retrieval import contrastive_loss
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import (
    CaptioningOptimization,
    RetrievalOptimization,
)

META = torch.device("meta")
COMPUTE = Compute(META, "fp32", compiled=False)
CONFIG = config.load(Path(__file__).parents[2] / "config.yaml", {"scale": "paper"})
PAIRS = 120
CAPTIONS = [
    (f"{i}.wav", "a dog barks and a man talks " + "loudly " * (i % 5))
    for i in range(PAIRS)
]
RECIPES = [
    *("none", "specaugment", "all", "reverb", "noise"),
    *("specaugment_waveform", "specaugment_spectrogram", "specaugment_concat"),
]


class Zeros:
    """A store of silent clips that takes no memory."""

    def __init__(self, shape, dtype):
        self.shape = (PAIRS, *shape)
        self.dtype = np.dtype(dtype)
        self.names = [name for name, _ in CAPTIONS]

    def read(self, rows, out=None):
        return np.zeros((len(rows), *self.shape[1:]), self.dtype)


class Copies(TorchDispatchMode):
    """Counts copies from the host to the device, and refuses what mixes both."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        given = [
            own
            for own in torch.utils._pytree.tree_leaves((args, kwargs))
            if isinstance(own, torch.Tensor) and own.ndim
        ]
        devices = {own.device.type for own in given}
        out = function(*args, **kwargs)
        name = function.overloadpacket
        arrived = isinstance(out, torch.Tensor) and out.device.type == "meta"
        if arrived and "cpu" in devices:
            assert name in (torch.ops.aten._to_copy, torch.ops.aten.copy_), function
            self.shapes.append(tuple(out.shape))
        return out


@cache
def captioner():
    with META:
        model = ACT(ActConfig(vocabulary=4984))
    words = sorted({word for _, text in CAPTIONS for word in text.split()})
    rest = [f"word{i}" for i in range(4984 - 2 - len(words))]
    return model, Vocabulary(["<sos>", "<eos>", *words, *rest])


@pytest.fixture(scope="module")
def retriever(tmp_path_factory):
    from transformers import AutoTokenizer, BertConfig, BertModel

    folder = tmp_path_factory.mktemp("pieces")
    train_wordpieces([text for _, text in CAPTIONS], 100, folder)
    with META:
        bert = BertModel(BertConfig(), add_pooling_layer=False)
        text = TextEncoder(bert, AutoTokenizer.from_pretrained(folder))
        return AudioTextRetriever(RetrieverConfig(), text)


def batches(recipe, log_mels, front_end, batch_size, text, **options):
    return Batches(
        CAPTIONS,
        Zeros((320_000,), "<i2"),
        Zeros(log_mels, "<f2"),
        Recipe.of(CONFIG.recipe(recipe)),
        batch_size,
        seed=1,
        front_end=front_end,
        device=META,
        text=text,
        **options,
    )


def first(made):
    """The first mini-batch, and the shapes of what was copied for it."""
    steps = made.epoch(0)
    with Copies() as copies:
        batch = next(steps)
    return batch, copies.shapes


def take_a_step(model, own, batch, loss, gradients=None, micro_batch=None):
    """A whole step: forward, loss, backward, clipping, optimizer, schedule."""
    optimizer, scheduler = optimizer_and_schedule(model, own, 1)
    training = Training(
        model=model.train(),
        optimizer=optimizer,
        scheduler=scheduler,
        batches=lambda *_: [batch],
        steps=1,
        loss=loss,
        validate=dict,
        settings=own,
        seed=1,
        record=SimpleNamespace(),
        gradients=gradients,
        micro_batch=micro_batch,
    )
    with Copies() as copies:
        found, norm = optimizer_step(training, batch)
    assert not copies.shapes
    assert batch.log_mels.device == found.device == norm.device == META
    assert all(own.grad is not None for own in model.parameters())


def caption_batches(recipe, padding=True, few_widths=False, **options):
    _, words = captioner()

    def text(captions, names):
        return numbered(words, captions, names, padding, few_widths)

    return batches(recipe, (500, 64), ActLogMel(), 32, text, **options)


def caption_step(batch, padding=True, size=None):
    model, _ = captioner()
    take_a_step(
        model,
        CaptioningOptimization(loss_on_padding=padding),
        batch,
        lambda batch: caption_loss(model, batch, 0.1, COMPUTE),
        lambda batch, size: loss_in_parts(model, batch, 0.1, COMPUTE, size),
        size,
    )


def retrieval_batches(retriever, recipe):
    def text(captions, _):
        return retriever.text_encoder.pieces(captions)

    return batches(recipe, (1001, 64), PannsLogMel(), 64, text)


CLIPS = ((500, 64), (1001, 64), (320_000,))


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("task", ["captioning", "retrieval"])
def test_making_a_mini_batch_waits_for_nothing(retriever, task, recipe):
    made = (
        caption_batches(recipe)
        if task == "captioning"
        else retrieval_batches(retriever, recipe)
    )
    batch, copied = first(made)
    # Every small array in one piece, and the clips that are not on the device.
    small = [shape for shape in copied if shape[1:] not in CLIPS]
    assert len(small) == 1
    assert len(copied) <= 3
    # What a step is given is alike for all recipes but for SpecAugment.
    size, frames = (32, 500) if task == "captioning" else (64, 1001)
    assert batch.log_mels.shape == (size, frames, 64)
    assert batch.log_mels.dtype == torch.float32
    assert batch.log_mels.device == META
    assert all(own.device == META for own in batch.text.values())
    masks = "specaugment" in CONFIG.recipes[recipe]
    assert isinstance(batch.spec_augment, Stripes if masks else type(None))


def test_a_step_of_the_captioner_waits_for_nothing():
    batch, _ = first(caption_batches("all"))
    caption_step(batch)


def test_nor_does_one_in_parts_that_does_not_count_padding():
    batch, _ = first(caption_batches("all", padding=False, few_widths=True))
    assert batch.text["given"].shape == (32, 24)
    caption_step(batch, padding=False, size=16)


def test_a_step_of_the_retriever_waits_for_nothing(retriever):
    batch, _ = first(retrieval_batches(retriever, "all"))
    take_a_step(
        retriever,
        RetrievalOptimization(),
        batch,
        lambda batch: contrastive_loss(retriever, batch, 0.07, COMPUTE),
    )


@pytest.mark.parametrize("recipe", ["none", "all", "specaugment_concat"])
def test_of_resident_clips_only_row_numbers_are_sent(recipe):
    _, copied = first(caption_batches(recipe, resident="all"))
    assert len(copied) == 1


def test_what_waits_is_found():
    """The test of the tests."""
    for waits in (
        lambda x: x.sum().item(),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: bool(x.any()),
        lambda x: x + torch.zeros(4, 4),
    ):
        with pytest.raises((RuntimeError, NotImplementedError)), Copies():
            waits(torch.zeros(4, 4, device="meta"))
    with pytest.raises(AssertionError), Copies():
        torch.zeros(4, 4, device="meta")[torch.tensor([0, 1])]
    with Copies() as copies:
        torch.zeros(3).to("meta")
    assert copies.shapes == [(3,)]
