"""Levels of clips, and the mixes that are drawn by them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.frontend import PannsLogMel
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.loudness import (
    SILENCE_DB,
    level_of_log_mels,
    level_of_waveforms,
    levels_in_mix,
    weights_of_levels,
)
from workflow_src.augment.mixing import Mixing
from workflow_src.augment.pairmix import PairMix
from workflow_src.errors import InputError


def tone(level_db: float, seconds: float = 1.0, samples: int = 32_000) -> torch.Tensor:
    """A sine of an RMS level for some seconds, then silence: (samples,)."""
    time = torch.arange(samples) / 32_000
    amplitude = 2**0.5 * 10 ** (level_db / 20)
    return amplitude * (2 * torch.pi * 1000 * time).sin() * (time < seconds)


def test_the_level_is_that_of_the_loud_part():
    clips = torch.stack([tone(-20), tone(-20, 0.15), tone(-40), torch.zeros(32_000)])
    levels = level_of_waveforms(clips)
    assert levels[:1].tolist() == pytest.approx([-20], abs=0.01)
    # A tenth of a second of sound counts as it is, not spread over the clip.
    assert -24 < float(levels[1]) <= -19.9
    assert float(levels[2]) == pytest.approx(-40, abs=0.01)
    assert float(levels[3]) == SILENCE_DB


def test_both_measures_agree_on_differences():
    clips = torch.stack([tone(-15), tone(-33)])
    by_samples = level_of_waveforms(clips)
    by_log_mels = level_of_log_mels(PannsLogMel()(clips))
    assert float(by_samples.diff()) == pytest.approx(-18, abs=0.05)
    assert float(by_log_mels.diff()) == pytest.approx(-18, abs=0.3)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-60, 0), min_size=2, max_size=4),
    st.lists(st.floats(-20, 0), min_size=4, max_size=4),
)
def test_weights_give_the_wanted_levels(levels, wanted):
    own = torch.tensor([levels])
    offsets = torch.tensor([wanted[: len(levels)]])
    weights = weights_of_levels(offsets, own)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-5)
    heard = levels_in_mix(weights, own)
    assert torch.allclose(heard - heard[:, :1], offsets - offsets[:, :1], atol=1e-3)


def test_no_source_lies_further_below_the_loudest_than_the_range():
    mixing = Mixing(level_range_db=6.0)
    draw = mixing.draw(200, torch_generator(1))
    levels = torch.empty(200, 2).uniform_(-50, -10, generator=torch_generator(2))
    heard = levels_in_mix(mixing.balance(draw, levels).weights, levels)
    difference = heard[:, 0] - heard[:, 1]
    assert difference.abs().max() <= 6.001
    assert difference.min() < -4
    assert difference.max() > 4


def test_captions_of_what_cannot_be_heard_are_left_out():
    mixing = Mixing(fixed_lambda=0.5, name_range_db=20, joint="conjunction")
    draw = mixing.draw(2, torch_generator(1))
    balanced = mixing.balance(draw, torch.tensor([[-10.0, -40.0], [-20.0, -25.0]]))
    captions = ["a dog barks", "rain falls", "a bell rings", "wind blows"]
    assert mixing.mix_captions(captions, balanced.named) == [
        "a dog barks",
        "a bell rings and wind blows",
    ]
    assert torch.equal(balanced.weights, draw.weights)


def test_conjunctions_follow_the_level():
    captions = ["a dog barks", "rain falls"]
    assert Mixing().mix_captions(captions) == ["a dog barks rain falls"]
    assert Mixing(joint="conjunction").mix_captions(captions) == [
        "a dog barks and rain falls"
    ]
    one_after_the_other = Mixing(joint="conjunction", level="concat", name_range_db=3)
    draw = one_after_the_other.draw(1, torch_generator(0))
    balanced = one_after_the_other.balance(draw, torch.tensor([[0.0, -90.0]]))
    assert one_after_the_other.mix_captions(captions, balanced.named) == [
        "a dog barks then rain falls"
    ]


def test_the_public_pairmix_measures_its_own_clips():
    loud, quiet = tone(-10), tone(-70)
    mix = PairMix(
        PannsLogMel(),
        ratio=1.0,
        name_range_db=30,
        fixed_lambda=0.5,
        generator=torch.Generator().manual_seed(0),
    )
    _, captions = mix(torch.stack([loud, quiet]), ["a siren", "a whisper"])
    assert captions == ["a siren", "a siren"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"joint": "comma"}, "joint is one of space, conjunction"),
        ({"level_range_db": -1.0}, "level_range_db is at least 0 dB"),
        ({"name_range_db": float("inf")}, "name_range_db is at least 0 dB"),
    ],
)
def test_values_out_of_range_are_a_sentence(values, said):
    with pytest.raises(InputError, match=said):
        Mixing(**values)
