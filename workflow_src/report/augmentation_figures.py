"""Pictures of one pair under each augmentation, and the page that shows them."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.mix_parts import Clips
from workflow_src.augment.mixing import Mixing
from workflow_src.augment.recipes import Strengths
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.text import EDA
from workflow_src.augment.waveform import Noise, Reverb

LAMBDA = 0.5  # in the pictures: Beta(0.1, 0.1) mostly leaves one clip alone
DECIBELS = 80  # range of the colours
INCHES = (6.0, 1.9)
DOTS_PER_INCH = 80
MixLevel = Literal["waveform", "spectrogram", "concat"]
FrontEnd = Callable[[Tensor], Tensor]  # (B, T) -> (B, L, F) in dB


@dataclass(frozen=True)
class Pair:
    """A clip and its caption.

    Attributes:
        waveform: (T,) float in [-1, 1] at 32 kHz.
        caption: its text.
    """

    waveform: Tensor
    caption: str


@dataclass(frozen=True)
class _Panel:
    """One picture of the page.

    Attributes:
        name: of the file, without suffix.
        title: heading.
        text: below it.
        log_mel: (L, F) in dB.
        caption: below the picture.
    """

    name: str
    title: str
    text: str
    log_mel: Tensor
    caption: str


def draw_augmentations(
    first: Pair,
    second: Pair,
    strengths: Strengths,
    front_end: FrontEnd,
    page: Path,
    pictures: Path,
    seed: int = 0,
) -> None:
    """Write a PNG per augmentation and a Markdown page with their captions.

    Args:
        first: the pair under each augmentation.
        second: the pair that it is mixed with; as many samples.
        strengths: of all augmentations; drawn with probability 1.
        front_end: (B, T) -> (B, L, F) in dB.
        page: Markdown file to write.
        pictures: folder of the PNGs, made if absent.
        seed: of all draws.
    """
    pictures.mkdir(parents=True, exist_ok=True)
    page.parent.mkdir(parents=True, exist_ok=True)
    panels = _panels(first, second, strengths, front_end, seed)
    loudest = max(float(panel.log_mel.max()) for panel in panels)
    seconds = len(first.waveform) / SAMPLE_RATE
    lines = [
        "# The augmentations, on one pair",
        "",
        "Made by a rule of the workflow: log-mel spectrograms as the model is fed, in "
        "dB, and captions. Strengths are those of `config.yaml`; mixes have "
        f"λ = {LAMBDA} here, where training draws it.",
    ]
    for panel in panels:
        file = pictures / f"{panel.name}.png"
        _draw(panel.log_mel, seconds, loudest, file)
        link = Path(os.path.relpath(file, page.parent)).as_posix()
        lines += ["", f"## {panel.title}", "", panel.text, ""]
        lines += [f"![{panel.title}]({link})", "", f"> {panel.caption}"]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _panels(
    first: Pair,
    second: Pair,
    strengths: Strengths,
    front_end: FrontEnd,
    seed: int,
) -> list[_Panel]:
    waveforms = torch.stack([first.waveform, second.waveform])
    captions = [first.caption, second.caption]
    log_mels = front_end(waveforms)
    return [
        _Panel("none", "No augmentation", "The pair.", log_mels[0], captions[0]),
        _Panel("second", "Second pair", "For mixing.", log_mels[1], captions[1]),
        *_effect_panels(first, strengths, front_end, seed),
        _specaugment_panel(first, log_mels[0], strengths, seed),
        *_mix_panels(waveforms, captions, strengths, front_end, seed),
        _eda_panel(first, log_mels[0], strengths, seed),
    ]


def _effect_panels(
    pair: Pair, strengths: Strengths, front_end: FrontEnd, seed: int
) -> Iterator[_Panel]:
    effects: list[tuple[Noise | Reverb, str, str, str]] = [
        (
            Noise(**vars(strengths.noise)),
            "noise",
            "Noise",
            "White, at an SNR of {:.1f} dB.",
        ),
        (
            Reverb(**vars(strengths.reverb)),
            "reverb",
            "Reverberation",
            "An RT60 of {:.2f} s.",
        ),
    ]
    for effect, name, title, text in effects:
        generator = torch_generator(seed, name)
        always = replace(effect, probability=1.0)
        strength = always.draw(1, generator)
        changed = always.apply(pair.waveform[None], strength, generator)
        text = text.format(float(strength))
        yield _Panel(name, title, text, front_end(changed)[0], pair.caption)


def _specaugment_panel(
    pair: Pair, log_mel: Tensor, strengths: Strengths, seed: int
) -> _Panel:
    """Show SpecAugment as the model sees it, in decibels again."""
    specaugment = SpecAugment(**vars(strengths.specaugment))
    mean = log_mel.mean(0)
    generator = torch_generator(seed, "specaugment")
    masked = specaugment((log_mel - mean)[None], generator)[0] + mean
    text = "A masked point has its bin's mean: zero after the model's BatchNorm."
    return _Panel("specaugment", "SpecAugment", text, masked, pair.caption)


def _mix_panels(
    waveforms: Tensor,
    captions: Sequence[str],
    strengths: Strengths,
    front_end: FrontEnd,
    seed: int,
) -> Iterator[_Panel]:
    """Mix the two pairs at each level."""
    pairmix = Mixing(**vars(strengths.pairmix))
    levels: dict[MixLevel, str] = {
        "waveform": "ŝ_w of Equation 1: the front end of the mixed waveforms.",
        "spectrogram": "ŝ_m of Equation 1: the mixed log-mels "
        f"(`domain: {pairmix.domain}`).",
        "concat": "The design of Table 4 that does not mix: half of each clip.",
    }
    for level, text in levels.items():
        mix = replace(pairmix, n=2, fixed_lambda=LAMBDA, level=level)
        name = f"pairmix_{level}"
        drawn = mix.draw(1, torch_generator(seed, name))
        mixed = mix.log_mels(Clips.of_waveforms(waveforms), drawn, front_end)
        (caption,) = mix.mix_captions(captions)
        yield _Panel(name, f"PairMix: {level}", text, mixed[0], caption)


def _eda_panel(pair: Pair, log_mel: Tensor, strengths: Strengths, seed: int) -> _Panel:
    eda = EDA(**vars(strengths.eda))
    (changed,) = eda([pair.caption], torch_generator(seed, "eda"))
    text = "Text alone, for retrieval alone."
    return _Panel("eda", "EDA", text, log_mel, changed)


def _draw(log_mel: Tensor, seconds: float, loudest: float, file: Path) -> None:
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(
        log_mel.T.cpu().numpy(),
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, log_mel.shape[1]),
        vmin=loudest - DECIBELS,
        vmax=loudest,
        cmap="magma",
    )
    axes.set_xlabel("time (s)")
    axes.set_ylabel("mel bin")
    figure.savefig(file, metadata={"Software": None})
