from pathlib import Path

import numpy as np
import pytest
import torch

from workflow_src.audio.frontend import ActLogMel, PannsLogMel, reflect

CLIP = Path(__file__).parent / "data" / "frontend.npz"
SHARED = Path(__file__).parents[3] / "shared" / "golden" / "frontend.npz"
# Front end, samples between frames, edges in Hz, dB below the peak, last frames off.
CASES = [
    pytest.param(ActLogMel, 640, (0, 16_000), 80, 1, id="act"),
    pytest.param(PannsLogMel, 320, (50, 14_000), None, 0, id="panns"),
]


def mel(hertz):
    return np.where(
        hertz < 1000,
        hertz * 3 / 200,
        15 + 27 * np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4),
    )


def reference(waveform, hop, edges, top_db, dropped):
    """The textbook's computation in double precision, frame by frame."""
    padded = np.pad(waveform.astype(np.float64), 512, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    frames = [
        np.abs(np.fft.rfft(window * padded[start : start + 1024])) ** 2
        for start in range(0, len(waveform) + 1, hop)
    ]
    # Corners found by bisection, to be independent of an inverse formula.
    grid = np.linspace(0, 16_000, 3_200_001)
    corners = np.interp(np.linspace(*mel(np.array(edges)), 66), mel(grid), grid)
    bins = np.arange(513) * 32_000 / 1024
    filters = np.zeros((64, 513))
    for band in range(64):
        left, peak, right = corners[band : band + 3]
        triangle = np.minimum(
            (bins - left) / (peak - left), (right - bins) / (right - peak)
        )
        filters[band] = np.maximum(triangle, 0) * 2 / (right - left)
    decibels = 10 * np.log10(np.maximum(np.array(frames) @ filters.T, 1e-10))
    if top_db is not None:
        decibels = np.maximum(decibels, decibels.max() - top_db)
    return decibels[: len(decibels) - dropped]


def sounds():
    rng = np.random.default_rng(0)
    seconds = np.arange(32_000) / 32_000
    tone = np.sin(2 * np.pi * 440.3 * seconds)
    return {
        "noise": rng.uniform(-1, 1, 32_000),
        "tone": 0.99 * tone,
        "clipped": np.clip(5 * tone, -1, 1),
        "silence": np.zeros(32_000),
        "a click in silence": np.eye(1, 32_000, 9_000)[0],
        "nearly silent": 1e-5 * rng.standard_normal(32_000),
        "constant": np.full(32_000, 0.5),
        "700 samples": rng.uniform(-1, 1, 700),
        "513 samples": rng.uniform(-1, 1, 513),
        "100 samples": rng.uniform(-1, 1, 100),
        "2 samples": np.array([0.5, -0.5]),
        "1 sample": np.array([0.5]),
    }


@pytest.mark.parametrize(("front_end", "hop", "edges", "top_db", "dropped"), CASES)
@pytest.mark.parametrize("name", sounds())
def test_equals_a_plain_reference(name, front_end, hop, edges, top_db, dropped):
    waveform = sounds()[name].astype(np.float32)
    expected = reference(waveform, hop, edges, top_db, dropped)
    found = front_end()(torch.from_numpy(waveform[None]))
    assert found.shape == (1, *expected.shape)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    ("front_end", "name"), [(ActLogMel, "act"), (PannsLogMel, "panns")]
)
def test_equals_the_published_one(front_end, name):
    clip = np.load(CLIP)
    waveform = torch.from_numpy(clip["waveform_int16"].astype(np.float32) / 32_768)
    found = front_end()(waveform[None])[0].numpy()
    assert found.shape == ({"act": 500, "panns": 1001}[name], 64)
    np.testing.assert_allclose(
        found[clip[f"{name}_frames"]], clip[name], rtol=0, atol=1e-3
    )


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared golden files")
@pytest.mark.parametrize(
    ("front_end", "name"), [(ActLogMel, "act"), (PannsLogMel, "panns")]
)
def test_equals_the_published_one_on_whole_clips(front_end, name):
    golden = np.load(SHARED)
    waveforms = golden["waveform_int16"].astype(np.float32) / 32_768
    found = front_end()(torch.from_numpy(waveforms))
    np.testing.assert_allclose(found, golden[f"{name}_logmel"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("front_end", [ActLogMel, PannsLogMel])
class TestBoth:
    def test_silence_is_the_floor(self, front_end):
        assert (front_end()(torch.zeros(2, 6_400)) == -100).all()

    def test_clips_do_not_touch_each_other(self, front_end):
        waveforms = torch.randn(3, 6_400) * torch.tensor([[1.0], [1e-3], [0.0]])
        whole = front_end()(waveforms)
        alone = torch.cat([front_end()(waveform[None]) for waveform in waveforms])
        assert torch.equal(whole, alone)

    def test_gradients_are_right(self, front_end):
        waveform = torch.randn(1, 2_000, dtype=torch.float64)
        module = front_end()
        waveform.requires_grad_()
        module.decibels(waveform).mean().backward()
        nudge = torch.randn_like(waveform)
        with torch.no_grad():
            up, down = (
                module.decibels(waveform + sign * 1e-6 * nudge).mean()
                for sign in (1, -1)
            )
        slope = (waveform.grad * nudge).sum()
        assert slope == pytest.approx(((up - down) / 2e-6).item(), rel=1e-4)

    def test_gradients_of_silence_are_finite(self, front_end):
        waveform = torch.zeros(1, 2_000, requires_grad=True)
        front_end()(waveform).sum().backward()
        assert waveform.grad.isfinite().all()

    def test_nothing_is_saved_and_nothing_loses_precision(self, front_end):
        module = front_end()
        waveform = torch.randn(1, 2_000)
        before = module(waveform)
        assert module.state_dict() == {}
        assert torch.equal(module.half()(waveform), before)

    def test_accepts_half_precision(self, front_end):
        waveform = torch.randn(1, 2_000).half()
        found = front_end()(waveform)
        assert torch.equal(found, front_end()(waveform.float()))

    @pytest.mark.parametrize("shape", [(320_000,), (1, 0), (1, 1, 640)])
    def test_refuses_other_shapes(self, front_end, shape):
        with pytest.raises(ValueError, match=r"\(clips, samples\)"):
            front_end()(torch.zeros(shape))

    def test_refuses_integers(self, front_end):
        with pytest.raises(ValueError, match="32768"):
            front_end()(torch.zeros(1, 640, dtype=torch.int16))

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_is_the_same_on_a_gpu(self, front_end):
        waveforms = torch.randn(20, 32_000) * 0.1
        found = front_end().cuda()(waveforms.cuda())
        assert found.device.type == "cuda"
        torch.testing.assert_close(
            found.cpu(), front_end()(waveforms), rtol=0, atol=1e-4
        )


@pytest.mark.parametrize("samples", [1, 2, 3, 4, 5, 100])
@pytest.mark.parametrize("margin", [1, 3, 512])
def test_reflects_as_numpy(samples, margin):
    waveform = np.random.default_rng(1).standard_normal((2, samples))
    expected = np.pad(waveform, ((0, 0), (margin, margin)), mode="reflect")
    assert np.array_equal(reflect(torch.from_numpy(waveform), margin), expected)
