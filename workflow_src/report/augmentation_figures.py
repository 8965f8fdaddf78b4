"""Pictures of one pair under each augmentation, and the page that shows them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.mixing import Clips, Mixing
from workflow_src.augment.recipe import Recipe
from workflow_src.augment.recipes import RecipeSettings, Strengths

LAMBDA = 0.5  # in the pictures: Beta(0.1, 0.1) mostly leaves one clip alone
DECIBELS = 80  # range of the colours
INCHES = (6.0, 1.9)
DOTS_PER_INCH = 80
EVERYTHING = {"noise": {}, "reverb": {}, "specaugment": {}, "eda": {}, "pairmix": {}}


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
    name: str
    title: str
    text: str
    log_mel: Tensor
    caption: str


def draw_augmentations(
    first: Pair,
    second: Pair,
    strengths: Strengths,
    front_end: Callable[[Tensor], Tensor],
    page: Path,
    pictures: Path,
    seed: int = 0,
) -> None:
    """Writes a PNG per augmentation and a Markdown page with their captions.

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
    front_end: Callable[[Tensor], Tensor],
    seed: int,
) -> list[_Panel]:
    recipe = Recipe.of(RecipeSettings.complete("shown", EVERYTHING, strengths))
    clips = torch.stack([first.waveform, second.waveform])
    log_mels = front_end(clips)
    panels = [
        _Panel("none", "No augmentation", "The pair.", log_mels[0], first.caption),
        _Panel("second", "Second pair", "For mixing.", log_mels[1], second.caption),
    ]
    effects = [
        (recipe.noise, "noise", "Noise", "White, at an SNR of {:.1f} dB."),
        (recipe.reverb, "reverb", "Reverberation", "An RT60 of {:.2f} s."),
    ]
    for effect, name, title, text in effects:
        generator = torch_generator(seed, name)
        always = replace(effect, probability=1.0)
        strength = always.draw(1, generator)
        changed = front_end(always.apply(clips[:1], strength, generator))[0]
        text = text.format(float(strength))
        panels.append(_Panel(name, title, text, changed, first.caption))
    masked = _masked(recipe, log_mels[0], torch_generator(seed, "specaugment"))
    text = "A masked point has its bin's mean: zero after the model's BatchNorm."
    panels.append(_Panel("specaugment", "SpecAugment", text, masked, first.caption))
    for mix, name, text in _mixes(recipe.pairmix):
        drawn = mix.draw(1, torch_generator(seed, name))
        mixed = mix.log_mels(Clips.of_waveforms(clips), drawn, front_end)
        (caption,) = mix.mix_captions([first.caption, second.caption])
        panels.append(_Panel(name, f"PairMix: {mix.level}", text, mixed[0], caption))
    (changed,) = recipe.eda([first.caption], torch_generator(seed, "eda"))
    text = "Text alone, for retrieval alone."
    panels.append(_Panel("eda", "EDA", text, log_mels[0], changed))
    return panels


def _masked(recipe: Recipe, log_mel: Tensor, generator: torch.Generator) -> Tensor:
    """SpecAugment as the model sees it, shown in decibels again."""
    mean = log_mel.mean(0)
    return recipe.specaugment((log_mel - mean)[None], generator)[0] + mean


def _mixes(pairmix: Mixing) -> list[tuple[Mixing, str, str]]:
    """One mix of two at each level, each with its file's name and a text."""
    texts = {
        "waveform": "ŝ_w of Equation 1: the front end of the mixed waveforms.",
        "spectrogram": "ŝ_m of Equation 1: the mixed log-mels "
        f"(`domain: {pairmix.domain}`).",
        "concat": "The design of Table 4 that does not mix: half of each clip.",
    }
    base = replace(pairmix, n=2, fixed_lambda=LAMBDA)
    return [
        (replace(base, level=level), f"pairmix_{level}", text)
        for level, text in texts.items()
    ]


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
