"""What is heard beside the clips is what the models are fed."""

import numpy as np
import pytest
import torch

from workflow_src.audio.frontend import SAMPLE_RATE, ActLogMel
from workflow_src.audio.store import (
    FULL_SCALE,
    LogMelStore,
    WaveformStore,
    write_log_mels,
    write_waveforms,
)
from workflow_src.augment.recipe import Recipe
from workflow_src.augment.settings import PairMixSettings
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.waveform import Noise, Reverb
from workflow_src.evaluation.views import Views
from workflow_src.report.page.mixes import mixes
from workflow_src.report.page.resynthesis import front_end, resynthesise
from workflow_src.report.page.views import view_waveforms

SAMPLES = 16_000


@pytest.fixture(scope="module")
def chirp():
    time = torch.arange(SAMPLES) / SAMPLE_RATE
    return 0.5 * torch.sin(2 * torch.pi * (400 * time + 1500 * time**2))


def test_a_resynthesised_spectrogram_is_heard_as_itself(chirp):
    log_mel = front_end()(chirp[None])[0]
    heard = resynthesise(log_mel, SAMPLES)
    assert heard.shape == (SAMPLES,)
    again = front_end()(heard[None])[0]
    loud = log_mel > log_mel.max() - 30
    assert (again - log_mel).abs()[loud].mean() < 2
    # Another chirp is far from it.
    other = front_end()(chirp.flip(0)[None])[0]
    assert (other - log_mel).abs()[loud].mean() > 6


def test_a_mix_joins_captions_and_keeps_the_pairs(tmp_path, chirp):
    clips = torch.stack([chirp, chirp.flip(0)])
    rows = (clips * FULL_SCALE).round().numpy().astype("<i2")
    write_waveforms(tmp_path / "waveforms", ["a.wav", "b.wav"], rows, SAMPLES)
    captions = tmp_path / "captions.csv"
    captions.write_text("file_name,caption\na.wav,up\na.wav,again\nb.wav,down\n")
    (mix,) = mixes(PairMixSettings(), tmp_path / "waveforms", captions, 1, 0)
    first, second, waveform, spectrogram = mix
    assert {first.caption, second.caption} == {"up", "down"}
    assert (
        waveform.caption == spectrogram.caption == f"{first.caption} {second.caption}"
    )
    assert len({own.sound for own in mix}) == 4
    assert "resynthesised" in spectrogram.text


def test_the_views_that_are_heard_are_those_that_the_model_is_fed(tmp_path, chirp):
    rows = (0.2 * chirp[None] * FULL_SCALE).round().numpy().astype("<i2")
    write_waveforms(tmp_path / "waveforms", ["a.wav"], rows, SAMPLES)
    store = WaveformStore(tmp_path / "waveforms")
    made = ActLogMel(1000)
    write_log_mels(store, made, tmp_path / "log_mels")
    recipe = Recipe(
        name="all",
        noise=Noise(0.8, (0.0, 10.0)),
        reverb=Reverb(0.8, (0.05, 0.1)),
        specaugment=SpecAugment(),
    )
    views = Views(
        augmentation=recipe.test_time(0.5),
        front_end=made,
        log_mels=LogMelStore(tmp_path / "log_mels"),
        waveforms=store,
        seed=3,
        batch=4,
        device=torch.device("cpu"),
    )
    log_mels, _ = views.of("a.wav", 6)
    heard = view_waveforms(views, store, "a.wav", 6)
    assert heard.shape == (7, SAMPLES)
    again = made(torch.from_numpy(heard.astype(np.float32)) / FULL_SCALE)
    loud = log_mels > log_mels.amax(dim=(1, 2), keepdim=True) - 40
    torch.testing.assert_close(again[loud], log_mels[loud], atol=0.3, rtol=0)
    changed = (log_mels[1:] - log_mels[:1]).abs().amax(dim=(1, 2)) > 1
    assert changed.any()
