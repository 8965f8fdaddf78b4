"""The picture of the method: it is drawn, and the same each time."""

import numpy as np
from matplotlib.image import imread

from workflow_src.report.method_figure import draw_method


def test_the_picture_is_drawn_the_same_each_time(tmp_path):
    files = [tmp_path / "a.png", tmp_path / "new" / "b.png"]
    for file in files:
        draw_method(output=file)
    first, second = (imread(file) for file in files)
    assert np.array_equal(first, second)
    # Dark log-mels on white: neither an empty sheet nor a black one.
    assert 0.5 < first[..., :3].mean() < 0.95
