"""The study's figures: effects over the size of the corpus, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workflow_src.files import whole_file

# Told apart by people who see colours differently too (Paul Tol's bright scheme).
COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#888888")
MARKERS = "os^Dv<>"
SHOWN = ("CIDEr", "T2A R@10", "A2T R@10")


def draw_effects(effects: pd.DataFrame, files: Sequence[Path]) -> None:
    """Draw the difference of each recipe to its baseline, with its interval.

    Args:
        effects: the table of `effects_table`.
        files: .png and .svg.
    """
    whole = effects[(effects["part"] == "all") & effects["difference"].notna()]
    names = list(dict.fromkeys(whole["comparison"]))
    metrics = [name for name in SHOWN if (whole["metric"] == name).any()]
    figure, panels = _figure(len(names), len(metrics))
    for row, name in zip(panels, names, strict=True):
        for axes, metric in zip(row, metrics, strict=True):
            own = whole[(whole["comparison"] == name) & (whole["metric"] == metric)]
            if own.empty:
                axes.set_axis_off()
                continue
            _draw_effect(axes, own)
            axes.set_title(f"{metric}: {name}", fontsize=9)
    _save(figure, files)


def _draw_effect(axes: Axes, rows: pd.DataFrame) -> None:
    recipes = list(dict.fromkeys(rows["recipe"]))
    sizes = sorted(set(rows["train_clips"]))
    for number, recipe in enumerate(recipes):
        own = rows[rows["recipe"] == recipe].sort_values("train_clips")
        shift = (number - (len(recipes) - 1) / 2) * 0.12
        at = [sizes.index(clips) + shift for clips in own["train_clips"]]
        errors = [own["difference"] - own["low"], own["high"] - own["difference"]]
        axes.errorbar(
            at,
            own["difference"],
            yerr=[error.clip(lower=0) for error in errors],
            label=recipe,
            color=COLORS[number % len(COLORS)],
            marker=MARKERS[number % len(MARKERS)],
            linewidth=1,
            markersize=4,
            capsize=2,
        )
    axes.axhline(0, color="#555555", linewidth=0.8)
    axes.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    axes.set_xlabel("training clips")
    axes.set_ylabel(f"difference to {rows['baseline'].iloc[0]}", fontsize=8)
    axes.legend(fontsize=7)
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)


def draw_curves(curves: pd.DataFrame, files: Sequence[Path]) -> None:
    """Draw the validation metric over the training: mean and range of the seeds.

    Args:
        curves: the table of `curves_table`.
        files: .png and .svg.
    """
    validated = curves[curves["selection"].notna()]
    tasks = list(dict.fromkeys(validated["task"]))
    sizes = sorted(set(zip(validated["train_clips"], validated["length"], strict=True)))
    recipes = list(dict.fromkeys(validated["recipe"]))
    figure, panels = _figure(len(tasks), len(sizes))
    for row, task in zip(panels, tasks, strict=True):
        for axes, (clips, length) in zip(row, sizes, strict=True):
            own = validated[
                (validated["task"] == task)
                & (validated["train_clips"] == clips)
                & (validated["length"] == length)
            ]
            for number, recipe in enumerate(recipes):
                by_seed = own[own["recipe"] == recipe].groupby("progress")["selection"]
                if not len(by_seed):
                    continue
                color = COLORS[number % len(COLORS)]
                mean = by_seed.mean()
                axes.plot(mean.index, mean, label=recipe, color=color, linewidth=1.2)
                axes.fill_between(
                    mean.index, by_seed.min(), by_seed.max(), color=color, alpha=0.12
                )
            title = f"{task}, {clips} clips"
            if length > 1:
                title += f", {length} times as long"
            axes.set_title(title, fontsize=9)
            axes.set_xlabel("share of the training")
            axes.grid(color="#dddddd", linewidth=0.6)
        row[0].set_ylabel("validation", fontsize=8)
        row[0].legend(fontsize=6)
    _save(figure, files)


def _figure(rows: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    figure = Figure(figsize=(3.6 * columns, 2.9 * rows), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False)
    return figure, [list(row) for row in panels]


def _save(figure: Figure, files: Sequence[Path]) -> None:
    # Without a salt, the ids in an SVG differ from run to run.
    with matplotlib.rc_context({"svg.hashsalt": "study", "svg.fonttype": "none"}):
        for file in files:
            date = {"Date": None} if file.suffix == ".svg" else {"Software": None}
            with whole_file(file) as out:
                figure.savefig(out, format=file.suffix[1:], metadata=date)
