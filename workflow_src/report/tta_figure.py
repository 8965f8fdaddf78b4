"""Figure 4 of the paper: a captioning metric over the number of views."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workflow_src.errors import InputError
from workflow_src.files import whole_file
from workflow_src.report.csv_tables import read_table
from workflow_src.report.grid import MIDDLE, NO_TTA, OUTPUT

# The paper's is the first; the others stand in where SPICE is not the official one.
METRICS = ("SPIDEr", "SPIDEr-py", "CIDEr")
COLUMNS = ("method", "tau", MIDDLE, OUTPUT)


@dataclass(frozen=True)
class _Style:
    """How a method's line is drawn.

    Attributes:
        color: of line and markers.
        marker: at each point, as matplotlib names it.
    """

    color: str
    marker: str


STYLES = {
    "TTA": _Style("#4477aa", "s"),
    "Mid-TTA": _Style("#228833", "^"),
    "Multi-TTA": _Style("#cc3311", "o"),
}
INCHES = (5.2, 3.6)
DOTS_PER_INCH = 160


def draw_tta_figure(
    csv: str | Path, files: Sequence[str | Path], metric: str | None = None
) -> None:
    """Draw `results/figure4.csv`: a line a method, group sizes at Multi-TTA's points.

    Bands, where the table has the columns for them: `<metric> difference`, `low`
    and `high` are the difference to the un-augmented captions and its interval,
    which is drawn about each point (it leaves out what clips have in common);
    otherwise `<metric> sd` over seeds is.

    Args:
        csv: columns method (TTA, Mid-TTA, Multi-TTA), tau, |P_hE|, |P_H|, metrics.
            A row of the method `no TTA` with tau 0 is drawn as a dashed line.
        files: what to write; the suffix (.png, .svg) is the format.
        metric: a column; None: the first of SPIDEr, SPIDEr-py, CIDEr there is.

    Raises:
        InputError: naming the file, where a column or method is missing or unknown.
    """
    table = read_table(csv, COLUMNS)
    metric = _checked_metric(table, csv, metric)
    # Without a salt, the ids in an SVG differ from run to run.
    with matplotlib.rc_context({"svg.hashsalt": "figure 4", "svg.fonttype": "none"}):
        figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for method, style in STYLES.items():
            rows = table[table["method"] == method].sort_values("tau")
            if len(rows):
                _draw_method(axes, method, rows, metric, style)
        _draw_no_tta(axes, table[table["method"] == NO_TTA], metric)
        _label(axes, table, metric)
        for file in map(Path, files):
            date = {"Date": None} if file.suffix == ".svg" else {"Software": None}
            with whole_file(file) as out:
                figure.savefig(out, format=file.suffix[1:], metadata=date)


def _checked_metric(table: pd.DataFrame, csv: str | Path, metric: str | None) -> str:
    unknown = sorted(set(table["method"]) - STYLES.keys() - {NO_TTA})
    if unknown:
        raise InputError(f"{csv}: method {unknown[0]!r} is none of {', '.join(STYLES)}")
    known = [name for name in METRICS if name in table] if metric is None else [metric]
    if not known or known[0] not in table:
        raise InputError(f"{csv}: no column {' or '.join(known or METRICS)!r}")
    return known[0]


def _draw_method(
    axes: Axes, method: str, rows: pd.DataFrame, metric: str, style: _Style
) -> None:
    values = rows[metric]
    axes.plot(
        rows["tau"],
        values,
        label=method,
        linewidth=1.6,
        markersize=5,
        color=style.color,
        marker=style.marker,
    )
    band = _band(rows, metric)
    if band is not None:
        axes.fill_between(rows["tau"], *band, color=style.color, alpha=0.15, lw=0)
    if method == "Multi-TTA":
        for tau, value, middle, output in zip(
            rows["tau"], values, rows[MIDDLE], rows[OUTPUT], strict=True
        ):
            axes.annotate(
                f"{middle:.0f}×{output:.0f}",
                (tau, value),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=style.color,
            )


def _band(rows: pd.DataFrame, metric: str) -> tuple[pd.Series, pd.Series] | None:
    """Lower and upper end of the band about each point, where the table has one."""
    names = [f"{metric} {name}" for name in ("difference", "low", "high")]
    if all(name in rows for name in names):
        difference, low, high = (rows[name] for name in names)
        return rows[metric] + low - difference, rows[metric] + high - difference
    if f"{metric} sd" in rows:
        spread = rows[f"{metric} sd"]
        return rows[metric] - spread, rows[metric] + spread
    return None


def _draw_no_tta(axes: Axes, rows: pd.DataFrame, metric: str) -> None:
    for value in rows[metric].head(1):
        axes.axhline(value, color="#555555", linestyle="--", linewidth=1, label=NO_TTA)


def _label(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    taus = sorted(set(table["tau"]) - {0})
    # Logarithmic, so that 10, 25, 50, 100 stand almost evenly.
    axes.set_xscale("log")
    axes.set_xticks(taus, [f"{tau:g}" for tau in taus])
    axes.minorticks_off()
    axes.set_xlabel("number of augmented views τ")
    axes.set_ylabel(metric)
    axes.grid(True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(y=0.15)
    axes.legend(fontsize=8, framealpha=0.8)
