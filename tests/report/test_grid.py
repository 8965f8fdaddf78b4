"""Figure 4's table: a row without test-time augmentation, then a row a point."""

import numpy as np
import pandas as pd

from tests.report.evaluations import CLIPS, write_both
from workflow_src.evaluation.settings import GridConfig
from workflow_src.report.grid import NO_TTA, write_figure4
from workflow_src.report.settings import FigureSettings

GRID = GridConfig((4,), ((2, 2),))
POINTS = [point.name for point in GRID.points]


def test_every_point_is_compared_with_the_run_without(tmp_path):
    generator = np.random.default_rng(0)
    scores = [
        path
        for tta in (None, *POINTS)
        for path in write_both(
            tmp_path / "runs", "all", 1, tta is not None, generator, tta
        )
    ]
    pictures = [tmp_path / "figure4.svg"]
    write_figure4(
        FigureSettings("all", (1,), GRID, 200),
        scores=scores[::-1],
        output=tmp_path / "figure4.csv",
        pictures=pictures,
    )
    made = pd.read_csv(tmp_path / "figure4.csv")
    assert made["method"].tolist() == [NO_TTA, "TTA", "Mid-TTA", "Multi-TTA"]
    assert made["tau"].tolist() == [0, 4, 4, 4]
    assert made["|P_hE|"].tolist() == [1, 1, 4, 2]
    assert made["|P_H|"].tolist() == [1, 4, 1, 2]
    assert (made["clips"] == CLIPS).all()
    assert (made["seeds"] == 1).all()
    for metric in ("CIDEr", "T2A R@10", "A2T R@10"):
        assert np.isnan(made.loc[0, f"{metric} difference"])
        assert (made.loc[1:, f"{metric} low"] > 0).all()
    assert (made["split"] == "test").all()
    assert pictures[0].read_bytes().startswith(b"<?xml")
