"""Precision and compiler change the rounding of a step, and nothing else."""

import copy

import pytest
import torch

from workflow_src.corpus.text import Vocabulary
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.panns import ResNet38
from workflow_src.training.batches import Batch
from workflow_src.training.captioning import caption_loss
from workflow_src.training.captioning_loss import loss_in_parts, numbered
from workflow_src.training.compute import WIDTHS, Compute, padded_width
from workflow_src.training.settings import TrainingOptions

CPU = torch.device("cpu")
EAGER = Compute(CPU, "fp32", compiled=False)
WORDS = Vocabulary(["<sos>", "<eos>", "a", "dog", "barks", "loudly"])
CAPTIONS = ["a dog barks", "a dog", "a dog barks loudly", "loudly", "dog barks", "a"]
SIZES = ActConfig(
    vocabulary=len(WORDS),
    encoder_width=16,
    encoder_layers=2,
    encoder_heads=2,
    encoder_feedforward=16,
    tag_classes=8,
    decoder_width=16,
    decoder_layers=2,
    decoder_heads=2,
    decoder_feedforward=16,
    dropout=0.0,
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ACT(SIZES).train()


def batch(loss_on_padding=True, few_widths=False):
    generator = torch.Generator().manual_seed(1)
    clips = 20 * torch.randn(len(CAPTIONS), 32, 64, generator=generator) - 40
    names = [f"{i}.wav" for i in range(len(CAPTIONS))]
    text = numbered(WORDS, CAPTIONS, names, loss_on_padding, few_widths)
    return Batch(clips, CAPTIONS, [(name,) for name in names], None, text)


def gradients(model):
    return {name: own.grad.clone() for name, own in model.named_parameters()}


def whole(model, own, compute=EAGER):
    model.zero_grad()
    loss = caption_loss(model, own, 0.1, compute)
    loss.backward()
    return loss.detach(), gradients(model)


def assert_alike(one, other, tolerance):
    torch.testing.assert_close(one[0], other[0], rtol=tolerance, atol=tolerance)
    for name, own in one[1].items():
        torch.testing.assert_close(
            own, other[1][name], rtol=tolerance, atol=tolerance, msg=name
        )


def test_padded_widths_are_few():
    widths = {padded_width(own) for own in range(1, 257)}
    assert widths == {*WIDTHS, 128, 192, 256}
    assert all(padded_width(own) >= own for own in range(1, 257))


@pytest.mark.parametrize("padding", [True, False])
def test_a_wider_padding_changes_neither_loss_nor_gradient(model, padding):
    narrow, wide = batch(padding), batch(padding, few_widths=True)
    assert wide.text["given"].shape[1] == 16 > narrow.text["given"].shape[1]
    assert_alike(whole(model, narrow), whole(model, wide), 1e-6)


@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize("size", [1, 4, 6])
def test_parts_add_up_to_the_whole_gradient(model, padding, size):
    own = batch(padding)
    other = copy.deepcopy(model)
    expected = whole(other, own)
    loss = loss_in_parts(model, own, 0.1, EAGER, size)
    assert_alike((loss, gradients(model)), expected, 1e-6)
    # The statistics of the mel bins are those of the whole mini-batch, seen once.
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        ours, theirs = (getattr(m.encoder.norm, name) for m in (model, other))
        assert torch.equal(ours, theirs)


def test_bf16_is_near_fp32_and_its_loss_is_fp32(model):
    own = batch()
    fast = Compute(CPU, "bf16", compiled=False)
    loss, found = whole(model, own, fast)
    expected, _ = whole(model, own)
    assert loss.dtype == torch.float32
    assert all(own.dtype == torch.float32 for own in found.values())
    assert loss != expected
    torch.testing.assert_close(loss, expected, rtol=0.02, atol=0.02)


def test_what_auto_comes_to_without_a_gpu():
    assert Compute.of(TrainingOptions(), CPU) == EAGER
    on = Compute.of(TrainingOptions(precision="bf16", compile=True), CPU)
    assert on == Compute(CPU, "bf16", compiled=True)
    assert on.environment == {"precision": "bf16", "compiled": "yes"}
    assert not Compute.of(TrainingOptions(compile="off"), CPU).compiled
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_layers_are_compiled_whole(model):
    """Each in one graph, forward and backward; without the C++ compiler, so fast."""
    other = copy.deepcopy(model)
    for layer in [*other.encoder.blocks, *other.layers]:
        layer.compile(dynamic=False, fullgraph=True, backend="aot_eager")
    own = batch(few_widths=True)
    assert other.state_dict().keys() == model.state_dict().keys()
    assert_alike(whole(other, own), whole(model, own), 1e-5)


@pytest.mark.parametrize(("kind", "count"), [("ConvBlock", 2), ("ResidualBlock", 5)])
def test_the_blocks_that_are_compiled_are_all_convolutions(kind, count):
    model = ResNet38(width=2, blocks=(1, 2, 1, 1))
    found = [own for own in model.layers if type(own).__name__ == kind]
    assert len(found) == count
