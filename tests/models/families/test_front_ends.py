"""Front ends are the extractors of transformers; PairMix mixes what they make."""

from functools import partial

import numpy as np
import pytest
import torch
from torchaudio.functional import resample
from transformers import (
    ASTFeatureExtractor,
    ClapFeatureExtractor,
    Wav2Vec2FeatureExtractor,
    WhisperFeatureExtractor,
)

from tests.tiny_models import waveforms
from workflow_src.audio.settings import AudioForm
from workflow_src.augment import PairMix
from workflow_src.errors import InputError
from workflow_src.models.families.front_ends import (
    AstFrontEnd,
    ClapFrontEnd,
    WaveformFrontEnd,
    WhisperFrontEnd,
)
from workflow_src.models.families.settings import PartSettings

CLAP = ClapFeatureExtractor(truncation="rand_trunc", frequency_min=50)
WHISPER = WhisperFeatureExtractor(chunk_length=2)
# Front end, extractor, key of its output, and whether that is (..., F, L).
PAIRS = {
    "clap": (ClapFrontEnd, CLAP, "input_features", False),
    "whisper": (partial(WhisperFrontEnd, frames=200), WHISPER, "input_features", True),
    "ast": (AstFrontEnd, ASTFeatureExtractor(max_length=128), "input_values", False),
    "wav2vec2": (
        partial(WaveformFrontEnd, hop=320),
        Wav2Vec2FeatureExtractor(do_normalize=True),
        "input_values",
        False,
    ),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    make, extractor, key, turned = PAIRS[request.param]

    def extracted(clips):
        own = resample(clips, 32_000, extractor.sampling_rate)
        made = [
            extractor(
                clip.numpy(), sampling_rate=extractor.sampling_rate, return_tensors="np"
            )[key]
            for clip in own
        ]
        features = torch.from_numpy(np.concatenate(made)).float()
        return features.transpose(-1, -2) if turned else features

    return make(extractor), extracted


def test_it_is_the_extractor_of_transformers(pair):
    front_end, extracted = pair
    clips = waveforms(2)
    ours, theirs = front_end(clips), extracted(clips)
    assert ours.dtype == torch.float32
    theirs = theirs.reshape(ours.shape)
    # Theirs is single precision; decibels are the coarsest of the units.
    tolerance = 0.02 if isinstance(front_end, ClapFrontEnd) else 2e-3
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=0)


def test_silence_is_finite(pair):
    front_end, _ = pair
    assert front_end(torch.zeros(1, 32_000)).isfinite().all()


def test_a_clip_is_the_same_in_any_batch(pair):
    front_end, _ = pair
    clips = waveforms(3)
    torch.testing.assert_close(
        front_end(clips), torch.cat([front_end(clip[None]) for clip in clips])
    )


@pytest.mark.parametrize("level", ["spectrogram", "waveform"])
def test_equation_1_in_the_domain_of_the_front_end(pair, level):
    """Σ λ_i M(a_i) of what M makes, whatever that is, or M(Σ λ_i a_i)."""
    front_end, _ = pair
    ordinary, extra = waveforms(1, seed=1), waveforms(2, seed=2)
    mix = PairMix(front_end, ratio=1.0, level=level, fixed_lambda=0.3)
    mix.generator = torch.Generator().manual_seed(0)
    draw = mix.draw(1, 2)
    made, (caption,) = mix.apply(ordinary, ["x"], draw, (extra, ["one", "two"]))
    first, second = draw.sources[0].tolist()
    if level == "spectrogram":
        features = front_end(extra)
        wanted = 0.3 * features[first] + 0.7 * features[second]
    else:
        mixed = 0.3 * extra[first] + 0.7 * extra[second]
        wanted = front_end(mixed[None])[0]
    torch.testing.assert_close(made[0], wanted, atol=1e-4, rtol=1e-4)
    assert caption == " ".join(["one", "two"][row] for row in (first, second))


def test_clap_repeats_a_short_clip_whole_and_then_pads_it():
    clip = waveforms(1)[:, :24_000]  # 0.75 s: 13 times in 10 s, and a rest
    theirs = CLAP(resample(clip, 32_000, 48_000)[0].numpy(), sampling_rate=48_000)
    ours = ClapFrontEnd(CLAP)(clip)
    wanted = torch.from_numpy(np.asarray(theirs["input_features"])[0, 0]).float()
    torch.testing.assert_close(ours[0], wanted, atol=0.02, rtol=0)


def test_a_clap_that_fuses_features_is_refused():
    with pytest.raises(InputError, match=r"take one that does not"):
        ClapFrontEnd(ClapFeatureExtractor())


def test_sizes_of_published_clips():
    ten = torch.zeros(1, AudioForm().samples)
    assert ClapFrontEnd(CLAP)(ten).shape == (1, 1001, 64)
    assert AstFrontEnd(ASTFeatureExtractor())(ten).shape == (1, 1024, 128)
    whisper = WhisperFrontEnd(WhisperFeatureExtractor(), 3000)
    assert whisper(ten).shape == (1, 3000, 80)
    waveform = WaveformFrontEnd(Wav2Vec2FeatureExtractor(), 320)
    assert waveform(ten).shape == (1, 500, 320)


def test_settings_of_a_part_are_checked():
    with pytest.raises(InputError, match="a commit of 40"):
        PartSettings("ast", "owner/name", "main")
    with pytest.raises(InputError, match="there is none"):
        PartSettings("ast", revision="0" * 40)
    with pytest.raises(InputError, match="leave out sizes"):
        PartSettings("ast", "owner/name", "0" * 40, {"hidden_size": 8})
    with pytest.raises(InputError, match=r"nowhere is no folder; .* its revision"):
        _ = PartSettings("ast", "nowhere").place
