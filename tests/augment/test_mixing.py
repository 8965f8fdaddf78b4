import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workflow_src.audio.frontend import PannsLogMel
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.mix_parts import Clips, MixDraw
from workflow_src.augment.mixing import Mixing
from workflow_src.errors import InputError


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_generator(seed))


def power_front_end(waveforms: torch.Tensor) -> torch.Tensor:
    """A log-mel stand-in: decibels of band power, (B, 320) -> (B, 5, 8)."""
    spectrum = torch.stft(
        waveforms, 64, 64, window=torch.ones(64), center=False, return_complex=True
    )
    bands = spectrum.abs().square()[:, :32].unflatten(1, (8, 4)).sum(2)
    return 10 * bands.clamp_min(1e-10).log10().transpose(1, 2)


def linear_front_end(waveforms: torch.Tensor) -> torch.Tensor:
    return waveforms.unflatten(1, (-1, 8))


@settings(max_examples=50, deadline=None)
@given(ratio=st.floats(0, 1), batch=st.integers(1, 100), n=st.integers(2, 5))
def test_share_of_generated_samples(ratio, batch, n):
    assert Mixing(ratio=ratio, n=n).generated(batch) == round(ratio * batch)


def test_joint_law_of_gamma_and_lambda():
    """A chi-square test over (γ, bin of λ): both laws and their independence."""
    draw = Mixing(alpha=0.1).draw(10_000, torch_generator(1))
    weights, coin = draw.weights.double().numpy(), draw.waveform_level.numpy()
    assert np.allclose(weights.sum(1), 1)
    # No Kolmogorov-Smirnov test: near 1, float32 rounds much of Beta(0.1, 0.1).
    edges = np.array([0, 1e-6, 1e-3, 0.05, 0.3, 0.7, 0.95, 1 - 1e-3, 1 - 1e-6, 1])
    share = np.diff(stats.beta(0.1, 0.1).cdf(edges))
    bins = np.clip(np.searchsorted(edges, weights[:, 0]) - 1, 0, len(share) - 1)
    counts = np.bincount(bins + len(share) * coin, minlength=2 * len(share))
    expected = 10_000 * np.concatenate([share, share]) / 2
    assert expected.min() > 50
    assert stats.chisquare(counts, expected).pvalue > 0.01


def test_more_than_two_pairs_follow_a_dirichlet_law():
    weights = Mixing(n=3, alpha=0.4).draw(10_000, torch_generator(2)).weights
    assert torch.allclose(weights.sum(1), torch.ones(10_000))
    for column in weights.double().numpy().T:
        assert stats.kstest(column, stats.beta(0.4, 0.8).cdf).pvalue > 0.01


@pytest.mark.parametrize(
    ("level", "expected"), [("waveform", 1.0), ("spectrogram", 0.0), ("concat", 1.0)]
)
def test_other_levels_toss_no_coin(level, expected):
    coin = Mixing(level=level).draw(500, torch_generator(3)).waveform_level
    assert coin.float().mean() == expected


@pytest.mark.parametrize(
    ("fixed", "n", "weights"),
    [
        (0.5, 2, [0.5, 0.5]),
        (0.4, 3, [0.4, 0.3, 0.3]),
        ([0.2, 0.8], 2, [0.2, 0.8]),
    ],
)
def test_fixed_lambda(fixed, n, weights):
    drawn = Mixing(fixed_lambda=fixed, n=n).draw(7, torch_generator(4)).weights
    assert torch.allclose(drawn, torch.tensor(weights).expand(7, n))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 4))
def test_waveform_mixing_is_linear_through_a_linear_front_end(seed, n):
    mix = Mixing(n=n)
    sources = noise(3, n, 64, seed=seed)
    weights = mix.draw(3, torch_generator(seed)).weights
    mixed = linear_front_end(mix.mix_waveforms(sources, weights))
    parts = linear_front_end(sources.flatten(0, 1)).unflatten(0, (3, n))
    assert torch.allclose(mixed, mix.mix_log_mels(parts, weights), atol=1e-6)


def test_mixing_equals_its_formula():
    sources, weights = noise(4, 2, 5, 8), torch.rand(4, 2)
    expected = torch.einsum("gn,gnlf->glf", weights, sources)
    assert torch.allclose(Mixing().mix_log_mels(sources, weights), expected, atol=1e-6)
    power = torch.einsum("gn,gnlf->glf", weights, 10 ** (sources / 10))
    mixed = Mixing(domain="power").mix_log_mels(sources, weights)
    assert torch.allclose(mixed, 10 * power.log10(), atol=1e-5)


@pytest.mark.parametrize("domain", ["log", "power"])
def test_lambda_one_gives_back_the_input(domain):
    mix = Mixing(fixed_lambda=1.0, domain=domain)
    weights = mix.draw(3, torch_generator(0)).weights
    waveforms, log_mels = noise(3, 2, 320), noise(3, 2, 5, 8) * 20 - 40
    assert torch.equal(mix.mix_waveforms(waveforms, weights), waveforms[:, 0])
    mixed = mix.mix_log_mels(log_mels, weights)
    assert torch.allclose(mixed, log_mels[:, 0], atol=1e-4)


@pytest.mark.parametrize(
    ("n", "samples", "parts"), [(2, 10, [5, 5]), (3, 11, [3, 4, 4])]
)
def test_concat_puts_the_starts_of_the_clips_after_each_other(n, samples, parts):
    mix = Mixing(level="concat", n=n)
    sources = noise(2, n, samples)
    out = mix.mix_waveforms(sources, mix.draw(2, torch_generator(0)).weights)
    for i, part in enumerate(out.split(parts, dim=1)):
        assert torch.equal(part, sources[:, i, : parts[i]])


@pytest.mark.parametrize("level", ["either", "waveform", "spectrogram", "concat"])
def test_the_spectrograms_of_a_mini_batch(level):
    """Some clips are given as log-mels, as a training's cache has them."""
    mix = Mixing(level=level)
    waveforms = noise(12, 320)
    draw = mix.draw(4, torch_generator(5))
    as_waveform = draw.needs_waveform(12)
    as_waveform[[0, 3, 4]] = True
    given = power_front_end(waveforms) + 100  # to tell them from those made here
    clips = Clips(as_waveform, waveforms[as_waveform], given[~as_waveform])
    out = mix.log_mels(clips, draw, power_front_end)
    assert out.shape == (8, 5, 8)
    mels = given - 100 * as_waveform[:, None, None]
    torch.testing.assert_close(out[:4], mels[:4], atol=1e-4, rtol=0)
    for i in range(4):
        sources = slice(4 + 2 * i, 6 + 2 * i)
        weights = draw.weights[i : i + 1]
        if draw.waveform_level[i]:
            expected = power_front_end(
                mix.mix_waveforms(waveforms[None, sources], weights)
            )
        else:
            expected = mix.mix_log_mels(mels[None, sources], weights)
        torch.testing.assert_close(out[4 + i], expected[0], atol=1e-4, rtol=0)


def test_without_mixes_the_clips_are_what_they_are():
    waveforms = noise(3, 320)
    for clips in (
        Clips.of_waveforms(waveforms),
        Clips.of_log_mels(power_front_end(waveforms)),
    ):
        out = Mixing().log_mels(clips, MixDraw.none(), power_front_end)
        assert torch.equal(out, power_front_end(waveforms))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"level": "both"}, "level is one of"),
        ({"domain": "mel"}, "domain is one of"),
        ({"ratio": 1.5}, "ratio is from 0 to 1"),
        ({"ratio": float("nan")}, "ratio is from 0 to 1"),
        ({"alpha": 0.0}, "alpha is a positive number"),
        ({"n": 1}, "n is an integer of at least 2"),
        ({"n": 2.5}, "n is an integer of at least 2"),
        ({"fixed_lambda": 1.2}, "fixed_lambda is from 0 to 1"),
        ({"fixed_lambda": [0.5, 0.6]}, "sums to 1"),
        ({"fixed_lambda": [0.5, 0.5], "n": 3}, "2 weights for n = 3"),
    ],
)
def test_bad_options(options, sentence):
    with pytest.raises(InputError, match=sentence):
        Mixing(**options)


def test_what_does_not_fit():
    mix = Mixing(level="waveform")
    draw = mix.draw(1, torch_generator(0))
    with pytest.raises(InputError, match="to be mixed as a waveform is a log-mel"):
        mix.log_mels(Clips.of_log_mels(noise(2, 5, 8)), draw, None)
    with pytest.raises(InputError, match="waveforms need a front end"):
        mix.log_mels(Clips.of_waveforms(noise(2, 320)), draw, None)
    with pytest.raises(InputError, match="no multiple of n = 2"):
        mix.mix_captions(list("abc"))
    with pytest.raises(InputError, match="do not agree"):
        mix.mix_waveforms(noise(2, 3, 320), torch.ones(2, 2))


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_waveform_mixing_through_the_front_end_adds_amplitudes(share, seed):
    """M(λ a + (1 - λ) b a) = M(a) + 20 log10(λ + (1 - λ) b): the STFT is linear."""
    mix = Mixing(level="waveform", fixed_lambda=share)
    first = 0.2 * noise(1, 6400, seed=seed)
    sources = torch.stack([first, 0.5 * first], dim=1)
    mixed = mix.mix_waveforms(sources, mix.draw(1, torch_generator(seed)).weights)
    gain = 20 * np.log10(share + (1 - share) * 0.5)
    front_end = PannsLogMel()
    assert torch.allclose(front_end(mixed), front_end(first) + gain, atol=1e-3)
