"""PairMix, heard: two training pairs, and what Equation 1 makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.audio.store import WaveformStore, to_float
from workflow_src.augment.mixing import Mixing
from workflow_src.augment.settings import PairMixSettings
from workflow_src.corpus.pairs import read_pairs
from workflow_src.report.page.pictures import log_mel_picture
from workflow_src.report.page.resynthesis import HOP, front_end, resynthesise
from workflow_src.report.page.sounds import sound
from workflow_src.report.sample import sample

# Beta(0.1, 0.1), from which trainings draw, mostly leaves one of the clips alone.
LAMBDA = 0.5


@dataclass(frozen=True)
class Heard:
    """Something to hear and to see.

    Attributes:
        title: what it is.
        text: how it was made.
        caption: of it.
        picture: log-mel spectrogram, a `data:` address.
        sound: a `data:` address; None: not in the page.
    """

    title: str
    text: str
    caption: str
    picture: str
    sound: str | None


def mixes(
    settings: PairMixSettings, waveforms: Path, captions: Path, count: int, seed: int
) -> list[list[Heard]]:
    """Mix pairs of the training split that were drawn at random.

    Args:
        settings: how the trainings mix; λ is 0.5 here.
        waveforms: store of the training split.
        captions: of the training split.
        count: of the mixes.
        seed: of the choice of pairs.

    Returns:
        For each mix: pair A, pair B, the mix at waveform level and the one at
        spectrogram level.
    """
    store = WaveformStore(waveforms)
    texts = dict(reversed(read_pairs(captions)))  # the first caption of a clip
    names = sample([name for name in store.names if name in texts], 2 * count, seed)
    return [
        _mix(settings, store, texts, names[place : place + 2])
        for place in range(0, len(names) - 1, 2)
    ]


def _mix(
    settings: PairMixSettings,
    store: WaveformStore,
    texts: dict[str, str],
    pair: list[str],
) -> list[Heard]:
    clips = to_float(store.read([store.row(name) for name in pair]))
    base = replace(Mixing(**vars(settings)), n=2, fixed_lambda=LAMBDA, level="waveform")
    weights = torch.tensor([[LAMBDA, 1 - LAMBDA]])
    captions = [texts[name] for name in pair]
    (joined,) = base.mix_captions(captions)
    made = front_end()
    log_mels = made(clips)
    mixed = base.mix_waveforms(clips[None], weights)
    blended = base.mix_log_mels(log_mels[None], weights)[0]
    loudest = float(log_mels.max())
    samples = clips.shape[1]
    return [
        *(
            _heard(
                f"Pair {letter}",
                f"Training clip {name}",
                caption,
                log_mel,
                clip,
                loudest,
            )
            for letter, name, caption, log_mel, clip in zip(
                "AB", pair, captions, log_mels, clips, strict=True
            )
        ),
        _heard(
            "Mixed as waveforms",
            f"λ a₁ + (1 − λ) a₂ with λ = {LAMBDA}: what the front end hears.",
            joined,
            made(mixed)[0],
            mixed[0],
            loudest,
        ),
        _heard(
            "Mixed as spectrograms",
            f"λ M(a₁) + (1 − λ) M(a₂) with λ = {LAMBDA}, in the domain "
            f"{settings.domain!r}. No sound belongs to it: this one is resynthesised "
            f"by Griffin and Lim's algorithm, from frames every {HOP} samples.",
            joined,
            blended,
            resynthesise(blended, samples),
            loudest,
        ),
    ]


def _heard(
    title: str,
    text: str,
    caption: str,
    log_mel: Tensor,
    samples: Tensor,
    loudest: float,
) -> Heard:
    return Heard(
        title,
        text,
        caption,
        log_mel_picture(log_mel.numpy(), loudest),
        sound(samples.numpy(), SAMPLE_RATE),
    )
