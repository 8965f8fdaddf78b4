import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.models.published import DATA, SHARED, golden_shapes, recipe_weights
from workflow_src.audio.frontend import PannsLogMel
from workflow_src.errors import InputError
from workflow_src.models.checkpoint import translate
from workflow_src.models.panns import NAMES, ResNet38

CLIP = DATA.parents[1] / "audio" / "data" / "frontend.npz"


def small(**options):
    torch.manual_seed(0)
    return ResNet38(**({"width": 4, "blocks": (1, 2, 1, 1), "dropout": 0.0} | options))


def log_mels(clips, frames=96):
    return torch.randn(clips, frames, 64) * 20 - 40


def published(model):
    """Random weights for a model, under the published names."""
    shapes = {
        translate(n, NAMES): tuple(t.shape) for n, t in model.state_dict().items()
    }
    return recipe_weights(shapes)


def plain_resnet(w, x, blocks):
    """The published network in evaluation, function by function, in double."""

    def norm(name, x):
        return F.batch_norm(
            x,
            *(w[f"{name}.{part}"] for part in ("running_mean", "running_var")),
            *(w[f"{name}.{part}"] for part in ("weight", "bias")),
        )

    def conv(name, x):
        weight = w[f"{name}.weight"]
        return F.conv2d(x, weight, padding=weight.shape[-1] // 2)

    def block(name, x):
        x = norm(f"{name}.bn1", conv(f"{name}.conv1", x)).relu()
        return norm(f"{name}.bn2", conv(f"{name}.conv2", x)).relu()

    w = {name: tensor.double() for name, tensor in w.items()}
    x = norm("bn0", x.double().unsqueeze(1).transpose(1, 3)).transpose(1, 3)
    x = F.avg_pool2d(block("conv_block1", x), 2)
    for group, count in enumerate(blocks, start=1):
        for n in range(count):
            name = f"resnet.layer{group}.{n}"
            short = x
            if group > 1 and n == 0:
                x = F.avg_pool2d(x, 2)
                short = norm(f"{name}.downsample.2", conv(f"{name}.downsample.1", x))
            y = norm(f"{name}.bn1", conv(f"{name}.conv1", x)).relu()
            x = (norm(f"{name}.bn2", conv(f"{name}.conv2", y)) + short).relu()
    x = block("conv_block_after1", F.avg_pool2d(x, 2)).mean(3)
    return x.max(2).values + x.mean(2)


@pytest.mark.slow
def test_equals_the_published_full_size_model_from_the_waveform_on():
    golden = np.load(DATA / "resnet38.npz")
    weights = recipe_weights(golden_shapes(golden))
    model = ResNet38()
    model.load_upstream({"model": weights})
    waveform = np.load(CLIP)["waveform_int16"].astype(np.float32) / 32_768
    with torch.no_grad():
        found = model.eval()(PannsLogMel()(torch.from_numpy(waveform[None])))
    np.testing.assert_allclose(found[0], golden["embedding"], rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared golden files")
def test_equals_the_published_full_size_model_on_both_clips():
    golden = np.load(SHARED / "resnet38.npz")
    model = ResNet38()
    model.load_upstream(recipe_weights(golden_shapes(golden)))
    waveforms = np.load(SHARED / "frontend.npz")["waveform_int16"] / np.float32(32_768)
    with torch.no_grad():
        found = model.eval()(PannsLogMel()(torch.from_numpy(waveforms)))
    np.testing.assert_allclose(found, golden["embedding"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("width", "blocks", "frames"),
    [(2, (1, 1, 1, 1), 32), (4, (1, 2, 1, 1), 101), (40, (1, 1, 1, 1), 32)],
)
def test_equals_a_plain_reference(width, blocks, frames):
    model = small(width=width, blocks=blocks)
    weights = published(model)
    model.load_upstream(weights)
    clips = log_mels(2, frames)
    with torch.no_grad():
        found = model.eval()(clips)
    assert found.shape == (2, 32 * width) == (2, model.width_out)
    expected = plain_resnet(weights, clips, blocks).float()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-5)


def test_says_what_it_skipped(capsys):
    model = small()
    weights = published(model)
    weights["fc1.weight"] = torch.zeros(2, 2)
    weights["spectrogram_extractor.stft.conv_real.weight"] = torch.zeros(1)
    report = model.load_upstream(weights)
    skipped = ("fc1.weight", "spectrogram_extractor.stft.conv_real.weight")
    assert report.skipped == skipped
    assert f"skipped: {', '.join(skipped)}" in capsys.readouterr().err


def test_lists_missing_extra_and_misshapen_keys():
    model = small()
    weights = published(model)
    del weights["bn0.weight"]
    weights["resnet.layer5.0.conv1.weight"] = torch.zeros(1)
    weights["conv_block1.bn1.bias"] = torch.zeros(3)
    with pytest.raises(InputError) as error:
        model.load_upstream(weights)
    for name in ("bn0.weight", "resnet.layer5.0.conv1.weight", "conv_block1.bn1.bias"):
        assert name in str(error.value)


@pytest.mark.parametrize("stage", small().stage_names)
def test_the_chain_can_be_cut_at_any_stage(stage):
    model, clips = small().eval(), log_mels(2)
    with torch.no_grad():
        middle = model(clips, stop=stage)
        whole = model(clips)
        rest = model(middle, start=stage) if stage != "pool" else middle
    torch.testing.assert_close(rest, whole)


def test_refuses_a_stage_that_is_none():
    with pytest.raises(ValueError, match="no stage layer1; its stages: norm, conv1"):
        small()(log_mels(1), stop="layer1")


@pytest.mark.parametrize("shape", [(1, 31, 64), (96, 64)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="ResNet38 reads"):
        small()(torch.zeros(shape))


def test_the_mask_comes_right_after_the_normalisation():
    model, clips = small().eval(), log_mels(2)
    with torch.no_grad():
        found = model(clips, spec_augment=lambda x: x * 0)
        expected = model(torch.zeros_like(clips), start="norm")
    assert torch.equal(found, expected)


def test_clips_do_not_touch_each_other():
    model, clips = small().eval(), log_mels(3)
    with torch.no_grad():
        alone = torch.cat([model(clip[None]) for clip in clips])
        torch.testing.assert_close(model(clips), alone, atol=1e-5, rtol=1e-5)


def test_every_parameter_learns():
    model = small().train()
    # A residual block's last BatchNorm starts at zero, and what is before it waits.
    for group in range(1, 5):
        for block in model.stages[f"group{group}"]:
            torch.nn.init.ones_(block.bn2.weight)
    model(log_mels(4)).square().mean().backward()
    still = [
        n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()
    ]
    assert still == []


def test_parameters_at_full_size():
    with torch.device("meta"):
        model = ResNet38()
    assert sum(p.numel() for p in model.parameters()) == 68_507_072
