from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from workflow_src import config
from workflow_src.augment.recipe import Recipe
from workflow_src.errors import InputError
from workflow_src.training.batches import Batch, Batches

CONFIG = config.load(Path(__file__).parents[2] / "config.yaml")
PAIRS = 40
SAMPLES = 1600


class Memory:
    """A store in memory that notes which rows were read."""

    def __init__(self, names: list[str], values: np.ndarray) -> None:
        self.names = names
        self.values = values
        self.rows: list[int] = []

    def read(self, rows: np.ndarray) -> np.ndarray:
        self.rows.extend(rows.tolist())
        return self.values[rows]


class FrontEnd(nn.Module):
    """Decibels of the mean amplitude of short frames, with a count of its clips."""

    def __init__(self) -> None:
        super().__init__()
        self.clips = 0

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        self.clips += len(waveforms)
        frames = waveforms.unflatten(1, (-1, 8, 4)).abs().mean(3)
        return 20 * frames.clamp_min(1e-5).log10()


class Setting:
    """Clips whose log-mels are cached, in another order than the waveforms."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        names = [f"clip{i}.wav" for i in range(PAIRS)]
        samples = rng.integers(-20000, 20000, (PAIRS, SAMPLES), dtype=np.int16)
        with torch.no_grad():
            cached = FrontEnd()(torch.from_numpy(samples).float() / 32768)
        self.captions = [(name, f"words of {name[:-4]}") for name in names]
        self.waveforms = Memory(names, samples)
        self.log_mels = Memory(names[::-1], cached.numpy()[::-1].astype(np.float16))
        self.front_end = FrontEnd()

    def batches(self, recipe: str | Recipe, batch_size: int = 8, **options) -> Batches:
        if isinstance(recipe, str):
            recipe = Recipe.of(CONFIG.recipe(recipe))
        stores = {"waveforms": self.waveforms, "log_mels": self.log_mels}
        arguments = stores | {"front_end": self.front_end, "seed": 3} | options
        return Batches(self.captions, recipe=recipe, batch_size=batch_size, **arguments)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def equal(first: Batch, second: Batch) -> bool:
    masks = [first.spec_augment, second.spec_augment]
    ones = torch.ones_like(first.log_mels)
    drawn = [None if mask is None else mask(ones) for mask in masks]
    return (
        torch.equal(first.log_mels, second.log_mels)
        and first.captions == second.captions
        and first.names == second.names
        and (drawn[0] is None or torch.equal(drawn[0], drawn[1]))
    )


@pytest.mark.parametrize("name", CONFIG.recipes)
def test_shapes_shares_and_captions_of_every_recipe(setting, name):
    batches = setting.batches(name)
    made = list(batches.epoch(0))
    assert len(made) == len(batches) == 5
    for batch in made:
        assert batch.log_mels.shape == (8, 50, 8)
        assert batch.log_mels.dtype == torch.float32
        assert batch.log_mels.isfinite().all()
        mixed = [names for names in batch.names if len(names) == 2]
        share = round(8 * 0.25) if "pairmix" in CONFIG.recipes[name] else 0
        assert len(mixed) == share
        assert batch.names[8 - share :] == mixed
        assert (batch.spec_augment is not None) == (
            "specaugment" in CONFIG.recipes[name]
        )
        if name != "eda":
            for caption, names in zip(batch.captions, batch.names, strict=True):
                assert caption == " ".join(f"words of {n[:-4]}" for n in names)


def test_ordinary_samples_are_the_cached_clips(setting):
    (batch, *_) = setting.batches("specaugment_pairmix").epoch(0)
    for log_mel, names in zip(batch.log_mels, batch.names, strict=True):
        if len(names) == 1:
            row = setting.log_mels.names.index(names[0])
            cached = torch.from_numpy(setting.log_mels.values[row]).float()
            assert torch.equal(log_mel, cached)


def test_mixes_match_the_equation_and_the_order_of_their_captions(setting):
    """λ near 0 or 1, as Beta(0.1, 0.1) often gives, would hide a wrong order."""
    recipe = Recipe.of(CONFIG.recipe("pairmix"))
    fixed = type(recipe.pairmix)(ratio=0.5, fixed_lambda=0.8)
    recipe = Recipe(name="fixed", pairmix=fixed)
    levels = set()
    for batch in setting.batches(recipe).epoch(0):
        for log_mel, names in list(zip(batch.log_mels, batch.names, strict=True))[4:]:
            rows = [setting.waveforms.names.index(name) for name in names]
            clips = torch.from_numpy(setting.waveforms.values[rows]).float() / 32768
            at_waveform = FrontEnd()((0.8 * clips[0] + 0.2 * clips[1])[None])[0]
            mels = FrontEnd()(clips)
            at_log_mel = 0.8 * mels[0] + 0.2 * mels[1]
            errors = [
                (log_mel - expected).abs().max()
                for expected in (at_waveform, at_log_mel)
            ]
            assert min(errors) < 0.1  # the cache's float16
            levels.add(bool(errors[0] < errors[1]))
    assert levels == {True, False}


@pytest.mark.parametrize("name", ["none", "specaugment", "eda"])
def test_recipes_without_waveforms_read_only_the_cache(setting, name):
    batches = setting.batches(name, waveforms=None, front_end=None)
    assert len(list(batches.epoch(0))) == 5
    assert len(setting.log_mels.rows) == 40


def test_spectrogram_mixing_reads_only_the_cache(setting):
    batches = setting.batches("specaugment_spectrogram", waveforms=None, front_end=None)
    list(batches.epoch(0))
    assert len(setting.log_mels.rows) == 5 * (6 + 4)


def test_pairmix_reads_waveforms_of_waveform_level_mixes_only(setting):
    list(setting.batches("pairmix").epoch(0))
    waveforms, log_mels = len(setting.waveforms.rows), len(setting.log_mels.rows)
    assert 0 < waveforms < 5 * 4
    assert waveforms + log_mels == 5 * (6 + 4)
    assert setting.front_end.clips == waveforms // 2


def test_effects_read_waveforms_of_changed_clips_only(setting):
    batches = setting.batches("noise")
    list(batches.epoch(0))
    assert 8 < len(setting.waveforms.rows) < 32
    assert len(setting.waveforms.rows) + len(setting.log_mels.rows) == 40
    assert setting.front_end.clips == len(setting.waveforms.rows)


@pytest.mark.parametrize("name", ["all", "eda", "specaugment_concat"])
def test_the_same_batches_with_any_number_of_workers(setting, name):
    for workers in (1, 2, 3):
        alone = list(setting.batches(name).epoch(1))
        threaded = list(setting.batches(name, workers=workers).epoch(1))
        assert len(threaded) == len(alone)
        assert all(map(equal, alone, threaded))


def test_an_epoch_can_be_made_again_and_epochs_differ(setting):
    batches = setting.batches("all")
    whole = list(batches.epoch(2))
    again = list(setting.batches("all").epoch(2))
    assert len(whole) == len(again)
    assert all(map(equal, whole, again))
    assert not equal(whole[0], next(batches.epoch(3)))
    other = next(setting.batches("all", seed=4).epoch(2))
    assert not torch.equal(whole[0].log_mels, other.log_mels)


def test_an_epoch_left_early_with_workers_ends(setting):
    epoch = setting.batches("all", workers=2).epoch(0)
    next(epoch)
    epoch.close()


def test_the_stores_stay_as_they_are(setting):
    before = setting.log_mels.values.copy(), setting.waveforms.values.copy()
    for batch in setting.batches("all").epoch(0):
        batch.log_mels.zero_()
    assert np.array_equal(before[0], setting.log_mels.values)
    assert np.array_equal(before[1], setting.waveforms.values)


def test_errors(setting):
    with pytest.raises(InputError, match="'all' needs the clips' waveforms"):
        setting.batches("all", front_end=None)
    with pytest.raises(InputError, match="needs 50 different pairs"):
        setting.batches("all", batch_size=40)
    setting.captions.append(("lost.wav", "a lost clip"))
    with pytest.raises(InputError, match=r"clip lost.wav .* log-mel store"):
        setting.batches("none")
