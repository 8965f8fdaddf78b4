import numpy as np
import pytest
import torch

from workflow_src.augment.recipe import TestTimeAugmentation
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.evaluation.views import largest
from workflow_src.tta import Strategy


def test_the_clip_comes_first_and_unmasked(make_views, stores):
    views = make_views()
    log_mels, masked = views.of("dog.wav", 13)
    assert log_mels.shape == masked.shape == (14, 40, 64)
    stored = stores[0][0].read([1])[0].astype(np.float32)
    assert np.array_equal(log_mels[0].numpy(), stored)
    assert not masked[0].any()
    assert masked[1:].flatten(1).any(1).sum() > 8
    changed = (log_mels[1:] != log_mels[0]).flatten(1).any(1)
    assert 4 < changed.sum() < 13  # each effect has a probability of 0.4


def test_views_depend_on_seed_and_name_alone(make_views):
    log_mels, masked = make_views().of("dog.wav", 23)
    for other, count in (
        (make_views(batch=3), 23),
        (make_views(order=1), 23),  # another order of clips
        (make_views(), 7),  # a smaller grid: a prefix
    ):
        same, same_masked = other.of("dog.wav", count)
        assert torch.equal(same, log_mels[: 1 + count])
        assert torch.equal(same_masked, masked[: 1 + count])
    for other, name in ((make_views(seed=2), "dog.wav"), (make_views(), "sea.wav")):
        assert not torch.equal(other.of(name, 23)[1], masked)


def test_no_two_views_are_drawn_alike(make_views):
    _, masked = make_views().of("dog.wav", 60)
    drawn = [view.numpy().tobytes() for view in masked[1:]]
    assert len(set(drawn)) > 55


def test_without_waveform_effects_no_waveforms_are_read(make_views):
    augmentation = TestTimeAugmentation(specaugment=SpecAugment())
    views = make_views(augmentation=augmentation, waveforms=None)
    log_mels, masked = views.of("dog.wav", 3)
    assert torch.equal(log_mels, log_mels[:1].expand(4, -1, -1))
    assert masked[1:].any()
    log_mels, masked = make_views(augmentation=TestTimeAugmentation()).of("dog.wav", 3)
    assert masked is None
    assert len(log_mels) == 4


def test_each_view_is_encoded_once_with_its_mask(make_views):
    views, seen = make_views(batch=4), []

    def encode(log_mels, mask):
        assert len(log_mels) <= 4
        seen.append(mask(log_mels))
        return seen[-1].sum((1, 2))

    found = list(views.encode("sea.wav", 12, encode))
    log_mels, masked = views.of("sea.wav", 12)
    expected = log_mels.masked_fill(masked, 0)
    assert torch.equal(torch.cat(seen), expected)
    assert [key for keys, _ in found for key in keys] == list(range(-1, 12))
    sums = torch.cat([outputs for _, outputs in found])
    assert torch.equal(sums, expected.sum((1, 2)))


def test_strategies_share_their_views():
    assert largest([Strategy.uniform((2, 5)), Strategy.mid(25)]) == 25


def test_errors(make_views):
    with pytest.raises(ValueError, match="need the waveforms"):
        make_views(waveforms=None)
    with pytest.raises(ValueError, match="views_per_batch must be at least 1, not 0"):
        make_views(batch=0)
