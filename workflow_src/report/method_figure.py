"""The picture of the method: PairMix on two clips, and Multi-TTA as a graph.

The clips are the embedded corpus's own, chosen by a rule that looks at what is heard
alone: the sound that ships (`workflow_src.corpus.embedded.example`), and the first test
clip of a single kind that the first has not.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from workflow_src.audio.frontend import ActLogMel
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.mix_parts import Clips
from workflow_src.augment.mixing import Mixing
from workflow_src.corpus.embedded.example import DEMO, example_clip
from workflow_src.corpus.embedded.plan import EmbeddedClip, plan_split
from workflow_src.corpus.embedded.writing import waveform

INK, SOFT = "#222222", "#888888"
AUDIO, ENCODER, DECODER, MEAN = "#dce6f2", "#f9dfe2", "#dcefdf", "#f6efd2"
DECIBELS = 80  # range of the colours
WORDS_A_LINE = 7
VIEWS, GROUP = 4, 2  # of the graph: four views, averaged in pairs, then over the pairs


def draw_method(*, output: Path) -> None:
    """Draw the picture of the method.

    Args:
        output: PNG to write.
    """
    first, second = example_clip(), _other_clip()
    waveforms = torch.stack(
        [torch.from_numpy(waveform(DEMO, clip)).float() for clip in (first, second)]
    )
    front_end = ActLogMel()
    pairmix = Mixing(ratio=1.0, fixed_lambda=0.5, level="waveform")
    drawn = pairmix.draw(1, torch_generator(0, "method"))
    mixed = pairmix.log_mels(Clips.of_waveforms(waveforms), drawn, front_end)
    captions = [first.captions[0], second.captions[0]]
    (joined,) = pairmix.mix_captions(captions)

    figure = Figure(figsize=(11, 3.9), dpi=96, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.01, 0.94, "PairMix, in training", weight="bold", fontsize=12)
    figure.text(0.53, 0.94, "Multi-TTA, in testing", weight="bold", fontsize=12)
    loudest = float(max(front_end(waveforms).max(), mixed.max()))
    pairs = zip([*front_end(waveforms), mixed[0]], [*captions, joined], strict=True)
    places = [(0.01, 0.57), (0.01, 0.10), (0.27, 0.335)]
    for (log_mel, caption), place in zip(pairs, places, strict=True):
        _draw_pair(figure, log_mel, caption, place, loudest)
    figure.text(0.235, 0.475, "→", fontsize=20, color=INK, ha="center", va="center")
    figure.text(
        0.27,
        0.76,
        "λ·first + (1 − λ)·second, as waveforms\nor as log-mels; captions joined",
        fontsize=8.5,
        color=INK,
    )
    _draw_multi_tta(figure.add_axes((0.53, 0.02, 0.46, 0.9)))
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, metadata={"Software": None})


def _other_clip() -> EmbeddedClip:
    """The first test clip with one kind alone that the sound that ships has not."""
    heard = set(example_clip().scene.kinds)
    return next(
        clip
        for clip in plan_split(DEMO, "test")
        if len(clip.scene.kinds) == 1 and not heard & set(clip.scene.kinds)
    )


def _draw_pair(
    figure: Figure,
    log_mel: Tensor,
    caption: str,
    place: tuple[float, float],
    loudest: float,
) -> None:
    """A log-mel (L, F) in dB with its caption below, at a place of the figure."""
    axes = figure.add_axes((*place, 0.21, 0.27))
    axes.imshow(
        np.asarray(log_mel).T,
        origin="lower",
        aspect="auto",
        vmin=loudest - DECIBELS,
        vmax=loudest,
        cmap="magma",
    )
    axes.set_axis_off()
    words = caption.split()
    lines = [
        " ".join(words[start : start + WORDS_A_LINE])
        for start in range(0, len(words), WORDS_A_LINE)
    ]
    figure.text(
        place[0],
        place[1] - 0.015,
        "\n".join(lines),
        fontsize=7.5,
        va="top",
        style="italic",
        color=INK,
    )


def _draw_multi_tta(axes: Axes) -> None:
    """Views through the encoder, averaged in groups, through the decoder, averaged."""
    axes.set(xlim=(0, 10), ylim=(0, 6))
    axes.set_axis_off()
    heights = [5.1, 4.1, 3.1, 2.1]
    groups = [4.6, 2.6]
    _box(axes, 0.75, 3.6, "clip", AUDIO)
    for height in heights:
        _arrow(axes, (1.3, 3.6), (1.85, height))
        _box(axes, 2.5, height, "view", AUDIO)
        _arrow(axes, (3.1, height), (3.5, height))
        _box(axes, 4.2, height, "encoder", ENCODER, width=1.3)
    for number, height in enumerate(groups):
        for view in heights[GROUP * number : GROUP * (number + 1)]:
            _arrow(axes, (4.9, view), (5.35, height))
        _box(axes, 5.85, height, "mean", MEAN, width=0.9)
        _arrow(axes, (6.35, height), (6.7, height))
        _box(axes, 7.4, height, "decoder", DECODER, width=1.3)
        _arrow(axes, (8.1, height), (8.45, 3.6))
    _box(axes, 8.95, 3.6, "mean", MEAN, width=0.9)
    _arrow(axes, (0.75, 3.25), (0.75, 0.8), (3.5, 0.8))
    _box(axes, 4.2, 0.8, "encoder", ENCODER, width=1.3)
    _arrow(axes, (4.9, 0.8), (6.7, 0.8))
    _box(axes, 7.4, 0.8, "decoder", DECODER, width=1.3)
    _box(axes, 8.95, 1.9, "mean", MEAN, width=0.9)
    _arrow(axes, (8.95, 3.25), (8.95, 2.25))
    _arrow(axes, (8.1, 0.8), (8.6, 1.55))
    axes.text(9.45, 1.9, "→", fontsize=14, va="center", color=INK)
    axes.text(2.5, 5.65, "augmented", fontsize=8, ha="center", color=SOFT)
    axes.text(5.85, 5.65, "in the middle", fontsize=8, ha="center", color=SOFT)
    axes.text(8.95, 5.65, "at the output", fontsize=8, ha="center", color=SOFT)
    axes.text(2.1, 0.95, "not augmented", fontsize=8, ha="center", color=SOFT)


def _box(
    axes: Axes, x: float, y: float, text: str, color: str, width: float = 1.1
) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.3),
            width,
            0.6,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor=color,
            edgecolor=SOFT,
            linewidth=0.8,
        )
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color=INK)


def _arrow(axes: Axes, *points: tuple[float, float]) -> None:
    """A line through the points, with a head at its end."""
    for start, end in pairwise(points):
        last = end == points[-1]
        axes.annotate(
            "",
            xy=end,
            xytext=start,
            arrowprops={
                "arrowstyle": "-|>" if last else "-",
                "color": SOFT,
                "linewidth": 0.9,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
