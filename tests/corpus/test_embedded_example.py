"""The sound that ships is what its command makes, and is small."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from workflow_src.config.reading import load
from workflow_src.config.steps import embedded_corpus
from workflow_src.corpus.embedded.example import DEMO, example_clip, write_example
from workflow_src.corpus.embedded.plan import plan_split
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.writing import waveform
from workflow_src.errors import InputError

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "docs/sounds/dog-in-rain.ogg"


def test_its_corpus_is_that_of_the_demo():
    demo = embedded_corpus(load(ROOT / "config.yaml", {"scale": "demo"}))
    for name in ("seed", "test_clips", "sample_rate", "seconds"):
        assert getattr(DEMO, name) == getattr(demo, name), name


def test_the_rule_takes_the_first_clip_with_a_dog_over_rain():
    clip = example_clip()
    found = [
        one.index
        for one in plan_split(DEMO, "test")
        if one.scene.relation == "over" and one.scene.kinds == ("dog", "rain")
    ]
    assert clip.index == found[0]
    assert any("dog" in text and "rain" in text.lower() for text in clip.captions)
    with pytest.raises(InputError, match="in 3 test clips"):
        example_clip(EmbeddedSettings(test_clips=3))


def test_the_shipped_file_is_that_clip(tmp_path):
    assert SHIPPED.stat().st_size <= 200_000
    sound, rate = soundfile.read(SHIPPED, dtype="float64")
    clip = waveform(DEMO, example_clip()) / 32768
    assert (rate, sound.shape) == (DEMO.sample_rate, clip.shape)
    # Vorbis changes samples; noise 15 dB below the clip stays.
    assert np.mean((sound - clip) ** 2) < np.mean(clip**2) / 10**1.5
    write_example(tmp_path / "new" / "example.ogg")
    again, _ = soundfile.read(tmp_path / "new" / "example.ogg", dtype="float64")
    np.testing.assert_allclose(again, sound, atol=2e-3)
