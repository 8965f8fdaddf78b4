import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.augment.generators import torch_generator
from workflow_src.augment.waveform import Noise, Reverb, convolve
from workflow_src.errors import InputError


def clips(count: int, samples: int = 8000, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(count, samples, generator=torch_generator(seed))


def rms(waveforms: torch.Tensor) -> torch.Tensor:
    return waveforms.double().square().mean(1).sqrt()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.floats(-10, 40), span=st.floats(0, 20))
def test_noise_has_the_drawn_ratio(seed, low, span):
    noise = Noise(1.0, (low, low + span))
    waveforms = clips(4, seed=seed).double()
    drawn = noise.draw(4, torch_generator(seed))
    out = noise.apply(waveforms, drawn, torch_generator(seed, "noise"))
    measured = 20 * (rms(waveforms) / rms(out - waveforms)).log10()
    assert torch.allclose(measured, drawn.double(), atol=1e-3)
    assert (measured > low - 0.01).all()
    assert (measured < low + span + 0.01).all()


def test_noise_is_white_and_gaussian():
    noise = Noise(1.0, (0.0, 0.0))
    waveforms = clips(1, 65536).double()
    added = (noise(waveforms, torch_generator(3)) - waveforms)[0]
    added = added / added.std()
    assert abs(added.pow(4).mean() - 3) < 0.1
    bands = torch.fft.rfft(added).abs().square()[1:].unflatten(0, (16, -1)).mean(1)
    assert (bands / bands.mean() - 1).abs().max() < 0.15


@pytest.mark.parametrize("direct_to_tail_db", [None, (0.0, 10.0)])
@settings(max_examples=10, deadline=None)
@given(rt60=st.floats(0.1, 0.8), seed=st.integers(0, 2**32 - 1))
def test_reverberation_time_measured_back_from_an_impulse(
    direct_to_tail_db, rt60, seed
):
    """Schroeder's backward integration, fitted from -5 to -25 dB (ISO 3382's T20)."""
    reverb = Reverb(1.0, (rt60, rt60), direct_to_tail_db)
    impulse = torch.zeros(1, 32_000, dtype=torch.float64)
    impulse[0, 0] = 1
    heard = reverb(impulse, torch_generator(seed))[0].square()
    tail = heard if direct_to_tail_db is None else heard[1:]
    decay = 10 * tail.flip(0).cumsum(0).flip(0).clamp_min(1e-30).log10().numpy()
    decay -= decay[0]
    fitted = np.flatnonzero((decay <= -5) & (decay >= -25))
    slope = np.polyfit(fitted / 32_000, decay[fitted], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), low=st.floats(-5, 15), span=st.floats(0, 10))
def test_ratio_of_the_direct_path_to_the_tail(seed, low, span):
    reverb = Reverb(1.0, (0.05, 0.1), (low, low + span))
    rt60 = torch.full((6,), 0.08, dtype=torch.float64)
    responses = reverb.impulse_responses(rt60, torch_generator(seed))
    direct, tail = responses[:, 0].square(), responses[:, 1:].square().sum(1)
    ratios = 10 * (direct / tail).log10()
    assert ((ratios > low - 1e-6) & (ratios < low + span + 1e-6)).all()
    assert (responses[:, 0] == 1).all()
    if span > 1:
        assert ratios.std() > 0.02 * span


def test_the_direct_path_is_not_shifted():
    click = torch.zeros(4, 4000)
    click[:, 1000] = 1
    out = Reverb(1.0, (0.05, 0.1))(click, torch_generator(3))
    assert (out[:, :999].abs() < 1e-5).all()
    assert (out.abs().argmax(1) == 1000).all()
    assert torch.allclose(rms(out), rms(click), rtol=1e-5)


def test_a_shortest_response_leaves_the_clip():
    waveforms = clips(2, 100)
    out = Reverb(1.0, (1e-6, 1e-6))(waveforms, torch_generator(0))
    assert torch.allclose(out, waveforms, atol=1e-6)


def test_the_diffuse_form_is_what_it_was():
    """Its draws, and with them old runs, do not depend on the direct path's."""
    strength = torch.tensor([0.05, 0.03])
    reverb = Reverb(1.0, (0.02, 0.05), direct_to_tail_db=None)
    found = reverb.impulse_responses(strength, torch_generator(2))
    time = torch.arange(1600) / 32_000
    noise = torch.randn(2, 1600, generator=torch_generator(2))
    expected = noise * 10 ** (-3 * time / strength[:, None])
    assert torch.allclose(found, expected, atol=1e-6)


def test_reverb_keeps_length_and_level():
    waveforms = clips(5)
    out = Reverb(1.0)(waveforms, torch_generator(1))
    assert out.shape == waveforms.shape
    assert torch.allclose(rms(out), rms(waveforms), rtol=1e-5)
    assert (out != waveforms).any(1).all()


def test_reverb_is_a_linear_convolution():
    reverb = Reverb(1.0, (0.05, 0.05))
    waveforms = clips(1, 3000).double()
    strength = torch.tensor([0.05], dtype=torch.float64)
    response = reverb.impulse_responses(strength, torch_generator(2))
    expected = np.convolve(waveforms[0].numpy(), response[0].numpy())[:3000]
    expected *= np.linalg.norm(waveforms) / np.linalg.norm(expected)
    out = reverb.apply(waveforms, strength, torch_generator(2))
    assert np.allclose(out[0].numpy(), expected, atol=1e-7)


@settings(max_examples=50, deadline=None)
@given(samples=st.integers(1, 700), ringing=st.integers(0, 70), count=st.integers(1, 3))
def test_blocks_join_to_the_whole_convolution(samples, ringing, count):
    signals = clips(count, samples).double()
    responses = clips(count, ringing + 1, seed=1).double()
    expected = [
        np.convolve(signal.numpy(), response.numpy())[:samples]
        for signal, response in zip(signals, responses, strict=True)
    ]
    out = convolve(signals, responses)
    assert out.shape == signals.shape
    assert np.allclose(out.numpy(), np.stack(expected), atol=1e-12)


@pytest.mark.parametrize("effect", [Noise(1.0), Reverb(1.0)])
def test_silence_stays_silent(effect):
    assert torch.equal(
        effect(torch.zeros(2, 4000), torch_generator(0)), torch.zeros(2, 4000)
    )


@pytest.mark.parametrize("effect", [Noise(0.5), Reverb(0.5)])
def test_probability_is_per_clip_and_nothing_is_aliased(effect):
    waveforms = clips(64, 200)
    before = waveforms.clone()
    drawn = effect.draw(64, torch_generator(1))
    out = effect.apply(waveforms, drawn, torch_generator(2))
    changed = (out != before).any(1)
    assert torch.equal(changed, ~drawn.isnan())
    assert 16 < changed.sum() < 48
    out.zero_()
    assert torch.equal(waveforms, before)


@pytest.mark.parametrize("effect", [Noise(0.0), Reverb(0.0)])
def test_no_draw_gives_an_equal_copy(effect):
    waveforms = clips(3, 100)
    out = effect(waveforms, torch_generator(0))
    assert torch.equal(out, waveforms)
    assert out.data_ptr() != waveforms.data_ptr()


def test_frequency_of_the_draw():
    drawn = Noise(0.25, (10, 30)).draw(10_000, torch_generator(5))
    strengths = drawn[~drawn.isnan()]
    assert 0.23 < len(strengths) / 10_000 < 0.27
    assert strengths.min() >= 10
    assert strengths.max() <= 30
    assert abs(strengths.mean() - 20) < 0.5


def test_only_drawn_clips_cost_time(monkeypatch):
    seen = []
    transform = Reverb._transform
    monkeypatch.setattr(
        Reverb,
        "_transform",
        lambda self, w, s, g: (seen.append(len(w)), transform(self, w, s, g))[1],
    )
    drawn = torch.tensor([torch.nan, 0.3, torch.nan, 0.2])
    Reverb().apply(clips(4), drawn, torch_generator(0))
    Reverb().apply(clips(4), torch.full((4,), torch.nan), torch_generator(0))
    assert seen == [2]


def test_half_strength():
    assert Reverb(0.5, (0.1, 0.8)).scaled(0.5) == Reverb(0.25, (0.05, 0.4))
    dry = Reverb(0.5, (0.1, 0.8), (3.0, 6.0), sample_rate=16_000)
    assert dry.scaled(0.5) == Reverb(0.25, (0.05, 0.4), (3.0, 6.0), None, 16_000)
    assert Noise(0.5, (10, 30)).scaled(0.5) == Noise(0.25, (10, 30))


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        (Noise, {"probability": 1.1}, "noise: probability"),
        (Noise, {"snr_db": (30, 10)}, "noise: snr_db"),
        (Reverb, {"probability": -0.1}, "reverb: probability"),
        (Reverb, {"rt60": (0.0, 0.5)}, "reverb: rt60 is positive"),
        (Reverb, {"rt60": (0.5, float("inf"))}, "reverb: rt60"),
        (Reverb, {"direct_to_tail_db": (3, 1)}, "reverb: direct_to_tail_db"),
    ],
)
def test_bad_options(kind, options, sentence):
    with pytest.raises(InputError, match=sentence):
        kind(**options)


@pytest.mark.parametrize("effect", [Noise(1.0), Reverb(1.0)])
def test_one_clip_and_torchs_own_generator(effect):
    waveforms = clips(2, 2000)
    torch.manual_seed(3)
    first = effect(waveforms[0])
    torch.manual_seed(3)
    assert torch.equal(effect(waveforms[:1])[0], first)
    assert not torch.equal(effect(waveforms[0]), first)
    assert torch.equal(
        effect(waveforms, generator=torch_generator(1)),
        effect(waveforms, torch_generator(1)),
    )
    with pytest.raises(InputError, match=r"waveforms are \(B, T\), not \(1, 2, 50\)"):
        effect(torch.zeros(1, 2, 50))
    with pytest.raises(InputError, match=r"samples are floats, not torch\.int16"):
        effect(torch.ones(1, 50, dtype=torch.int16))
