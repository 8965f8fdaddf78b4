"""The table and the figure of Section 4.3's sweep."""

import numpy as np
import pandas as pd

from tests.report.evaluations import CLIPS, write_both
from workflow_src.report.settings import SweepCellSettings, SweepSettings
from workflow_src.report.sweep import DRAWN, write_sweep

CELLS = (
    SweepCellSettings("plain", 0.25, None),
    SweepCellSettings("sweep_a", 0.25, 0.5),
    SweepCellSettings("sweep_b", 0.5, None),
)


def test_a_row_a_cell_and_a_picture(tmp_path):
    generator = np.random.default_rng(0)
    scores = [
        path
        for cell in CELLS
        for path in write_both(
            tmp_path / "runs", cell.recipe, 20, cell.ratio == 0.5, generator
        )
    ]
    pictures = [tmp_path / "sweep.svg", tmp_path / "sweep.png"]
    settings = SweepSettings(CELLS, (20,), 200)
    write_sweep(
        settings, scores=scores, output=tmp_path / "sweep.csv", pictures=pictures
    )
    made = pd.read_csv(tmp_path / "sweep.csv").set_index("recipe")
    assert list(made.index) == ["plain", "sweep_a", "sweep_b"]
    assert made["K"].tolist() == [0.25, 0.25, 0.5]
    assert made["lambda"].tolist() == [DRAWN, "0.5", DRAWN]
    assert (made["clips"] == CLIPS).all()
    assert (made["seeds"] == 1).all()
    assert made.loc["sweep_b", "CIDEr low"] > 0
    assert np.isnan(made.loc["plain", "CIDEr difference"])
    assert (made["corpus"] == "birds").all()
    drawn = pictures[0].read_bytes()
    assert drawn.startswith(b"<?xml")
    assert pictures[1].read_bytes().startswith(b"\x89PNG")
    write_sweep(
        settings, scores=scores, output=tmp_path / "again.csv", pictures=pictures
    )
    assert pictures[0].read_bytes() == drawn
