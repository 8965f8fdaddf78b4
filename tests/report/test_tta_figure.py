import re
import struct

import pandas as pd
import pytest

from workflow_src.report.tta_figure import draw_tta_figure


def rows(metric="SPIDEr"):
    sizes = {10: (2, 5), 25: (5, 5), 50: (5, 10), 100: (5, 20)}
    table = [("no TTA", 0, 0, 0, 46.6)]
    for number, tau in enumerate(sizes):
        table.append(("TTA", tau, 1, tau, 46.7 + 0.1 * number))
        table.append(("Mid-TTA", tau, tau, 1, 46.8 - 0.1 * number))
        table.append(("Multi-TTA", tau, *sizes[tau], 46.8 + 0.2 * number))
    return pd.DataFrame(table, columns=["method", "tau", "|P_hE|", "|P_H|", metric])


def draw(table, tmp_path, **options):
    tmp_path.mkdir(exist_ok=True)
    csv = tmp_path / "figure4.csv"
    table.to_csv(csv, index=False)
    files = [tmp_path / "out" / f"figure4.{suffix}" for suffix in ("png", "svg")]
    draw_tta_figure(csv, files, **options)
    return files


def shapes(svg):
    """How many lines and bands there are, and the words."""
    text = svg.read_text(encoding="utf-8")
    words = re.findall(r"<text[^>]*>([^<]+)</text>", text)
    return text.count("FillBetweenPolyCollection"), words


def test_lines_and_group_sizes(tmp_path):
    png, svg = draw(rows(), tmp_path)
    bands, words = shapes(svg)
    assert bands == 0
    assert {"2×5", "5×5", "5×10", "5×20", "10", "25", "50", "100"} <= set(words)
    assert {"TTA", "Mid-TTA", "Multi-TTA", "no TTA", "SPIDEr"} <= set(words)
    header = png.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", header[16:24])) > 400


def test_bands_where_the_table_has_intervals(tmp_path):
    table = rows()
    table["SPIDEr difference"] = table["SPIDEr"] - 46.6
    table["SPIDEr low"] = table["SPIDEr difference"] - 0.5
    table["SPIDEr high"] = table["SPIDEr difference"] + 0.5
    _, svg = draw(table, tmp_path)
    assert shapes(svg)[0] == 3
    table = rows()
    table["SPIDEr sd"] = 0.3
    _, svg = draw(table, tmp_path)
    assert shapes(svg)[0] == 3


def test_the_same_table_gives_the_same_files(tmp_path):
    first = [file.read_bytes() for file in draw(rows(), tmp_path / "a")]
    second = [file.read_bytes() for file in draw(rows(), tmp_path / "b")]
    assert first == second


def test_the_metric_that_there_is(tmp_path):
    _, svg = draw(rows("CIDEr"), tmp_path)
    assert "CIDEr" in shapes(svg)[1]
    table = rows().assign(METEOR=24.0)
    _, svg = draw(table, tmp_path, metric="METEOR")
    assert "METEOR" in shapes(svg)[1]


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (rows().drop(columns="tau"), {}, "no column 'tau'"),
        (rows("BLEU_1"), {}, "no column 'SPIDEr or SPIDEr-py or CIDEr'"),
        (rows(), {"metric": "ROUGE"}, "no column 'ROUGE'"),
        (rows().replace("TTA", "TTB"), {}, "method 'TTB' is none of TTA, Mid-TTA"),
    ],
)
def test_errors_name_the_file(table, options, message, tmp_path):
    with pytest.raises(ValueError, match="figure4.csv: " + message):
        draw(table, tmp_path, **options)
