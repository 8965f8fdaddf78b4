import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.augment.generators import torch_generator
from workflow_src.augment.spectrogram import SpecAugment, Stripes
from workflow_src.errors import InputError


def runs(line: torch.Tensor) -> list[int]:
    """Lengths of the runs of True in a (length,) mask."""
    edges = torch.diff(line.int(), prepend=line.new_zeros(1), append=line.new_zeros(1))
    starts, stops = (edges == 1).nonzero(), (edges == -1).nonzero()
    return (stops - starts).flatten().tolist()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 600),
    bins=st.integers(1, 80),
    width=st.integers(0, 100),
)
def test_stripes_are_bounded_in_number_and_width(seed, frames, bins, width):
    spec = SpecAugment(2, width, 1, 8)
    masked = spec.masked((4, frames, bins), torch_generator(seed))
    in_time, in_frequency = masked.all(2), masked.all(1)
    assert torch.equal(masked, in_time[:, :, None] | in_frequency[:, None, :])
    for sample in range(4):
        widths = runs(in_time[sample])
        assert len(widths) <= 2
        assert sum(widths) <= 2 * min(width, frames // 4)
        assert sum(runs(in_frequency[sample])) <= min(8, bins // 4)


def test_widths_and_places_are_uniform():
    masked = SpecAugment(1, 9, 0, 0).masked((40_000, 100, 2), torch_generator(1))
    widths = masked[:, :, 0].sum(1)
    share = torch.bincount(widths, minlength=10) / len(widths)
    assert torch.allclose(share, torch.full((10,), 0.1), atol=0.01)
    starts = masked[widths == 9][:, :, 0].int().argmax(1)
    assert starts.min() == 0
    assert starts.max() == 91


def test_masks_are_zero_differ_between_samples_and_alias_nothing():
    spectrogram = torch.ones(8, 500, 64)
    out = SpecAugment()(spectrogram, torch_generator(2))
    assert set(out.unique().tolist()) == {0.0, 1.0}
    assert spectrogram.min() == 1
    assert len({tuple(row.flatten().tolist()) for row in out[:, ::10, ::4]}) == 8


def test_same_generator_same_mask():
    spectrogram = torch.randn(2, 50, 16)
    first, second = (SpecAugment()(spectrogram, torch_generator(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_one_spectrogram_and_torchs_own_generator():
    spectrogram = torch.randn(2, 50, 16)
    torch.manual_seed(3)
    first = SpecAugment()(spectrogram[0])
    torch.manual_seed(3)
    assert torch.equal(SpecAugment()(spectrogram[:1])[0], first)
    with pytest.raises(InputError, match=r"are \(B, L, F\), not \(50,\)"):
        SpecAugment()(torch.zeros(50))


def test_stripes_drawn_before_mask_what_is_drawn_on_the_spot():
    spectrogram = torch.randn(4, 50, 16)
    own = SpecAugment()
    before = Stripes(*own.stripes((4, 50, 16), torch_generator(3)))
    assert torch.equal(before(spectrogram), own(spectrogram, torch_generator(3)))


def test_half_strength():
    assert SpecAugment(2, 64, 2, 8).scaled(0.5) == SpecAugment(2, 32, 2, 4)


@pytest.mark.parametrize("value", [-1, 1.5, True])
def test_bad_options(value):
    with pytest.raises(InputError, match="specaugment: time_width is an integer"):
        SpecAugment(time_width=value)
