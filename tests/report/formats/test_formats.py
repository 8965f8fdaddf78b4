"""A table in five forms: what stands in them, and that nothing in it can act."""

import csv
import io
import re
import shutil
import subprocess

import pytest

from workflow_src.errors import InputError
from workflow_src.report.formats import words
from workflow_src.report.formats.command import FORMATS, write_formats
from workflow_src.report.formats.html import html
from workflow_src.report.formats.latex import latex
from workflow_src.report.formats.markdown import markdown
from workflow_src.report.formats.model import read_table
from workflow_src.report.formats.tidy import tidy

HEAD = ["method", "recipe", "clips", "seeds"]
ORIGIN = ["resampled", "corpus", "scale", "split", "settings", "version"]
PARTS = ["difference", "low", "high", "p", "corrected p", "significant"]
CIDER = ["CIDEr (paper)", "CIDEr", *(f"CIDEr {part}" for part in PARTS)]
RANK = ["A2T meanR", *(f"A2T meanR {part}" for part in PARTS)]
# A name that every form could take for something else.
NASTY = r"=1+1 | a_b* <script>alert(1)</script> \end{tabular} $x$ & 5 % #~^[1]"


def write(path, method="+ PairMix", corpus="embedded", scale="demo", seeds=1):
    drawn = "clips" if seeds == 1 else "seeds and clips"
    rows = [
        ["none", "none", 20, seeds, 63.5, 30, *[""] * 6, 9, *[""] * 6, "", corpus],
        [method, "pairmix", 20, seeds, 75.5, 27.5, -2.5, -4, -0.5, 0.001, 0.002, "*"]
        + [8, -1, -3, 1.25, 0.4, 0.4, "", drawn, corpus],
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEAD, *CIDER, *RANK, *ORIGIN])
        writer.writerows([*row, scale, "test", "abc", "0.1.0"] for row in rows)
    return path


@pytest.fixture
def table(tmp_path):
    return read_table(write(tmp_path / "table3.csv"))


def test_a_figure_its_interval_and_the_papers_are_read(table):
    first, second = table.methods
    assert table.metrics == ["CIDEr", "A2T meanR"]
    assert first.ours["CIDEr"].interval is None
    assert second.ours["CIDEr"].interval.low == -4
    assert second.ours["CIDEr"].interval.significant
    assert not second.ours["A2T meanR"].interval.significant
    assert second.paper == {"CIDEr": 75.5}
    assert table.comparisons == 2


@pytest.mark.parametrize("column", ["seeds", "resampled", "corpus"])
def test_a_missing_column_is_named(tmp_path, column):
    path = write(tmp_path / "table3.csv")
    path.write_text(path.read_text().replace(column, "other", 1))
    with pytest.raises(InputError, match=f"table3.csv: no column '{column}'"):
        read_table(path)


def test_a_figure_that_is_no_number_is_named_with_its_column(tmp_path):
    path = write(tmp_path / "table3.csv")
    path.write_text(path.read_text().replace("63.5", "much"))
    with pytest.raises(InputError, match=r"'much' in column 'CIDEr \(paper\)'"):
        read_table(path)


@pytest.mark.parametrize("form", [markdown, latex, html])
def test_no_form_lets_a_demo_figure_pass_for_audiocaps(table, form):
    text = form(table)
    assert "embedded corpus at demo scale" in text
    assert "They are not of AudioCaps." in text
    # Each column says whose it is, beside its metric.
    assert len(re.findall(r"embedded(, | &|<br>)\s*demo scale|& embedded", text)) >= 2


@pytest.mark.parametrize("form", [markdown, latex, html])
def test_one_training_tells_nothing_about_another(table, form):
    assert "tells nothing about another training" in form(table)


def test_several_seeds_are_said_and_the_warning_is_gone(tmp_path):
    said = " ".join(words.caption(read_table(write(tmp_path / "table3.csv", seeds=3))))
    assert "3 trainings a method" in said
    assert "over seeds and clips" in said
    assert "nothing about another" not in said


def test_audiocaps_at_paper_scale_has_no_warning(tmp_path):
    path = write(tmp_path / "table1.csv", corpus="audiocaps", scale="paper")
    said = " ".join(words.caption(read_table(path)))
    assert "AudioCaps corpus at paper scale" in said
    assert "They are not" not in said


def test_a_tidy_row_is_of_one_corpus_alone(table):
    rows = list(csv.DictReader(io.StringIO(tidy(table))))
    ours = [row for row in rows if row["whose"] == "ours"]
    paper = [row for row in rows if row["whose"] == "paper"]
    assert {(row["corpus"], row["scale"]) for row in ours} == {("embedded", "demo")}
    assert {(row["corpus"], row["scale"]) for row in paper} == {("AudioCaps", "paper")}
    assert [row["score"] for row in ours] == ["30.0", "9.0", "27.5", "8.0"]
    assert ours[2]["low"] == "-4.0"
    assert ours[2]["significant"] == "*"
    assert ours[1]["task"] == "retrieval"
    assert [row["score"] for row in paper] == ["63.5", "75.5"]


def test_no_text_of_the_tidy_table_is_a_formula(tmp_path):
    path = write(tmp_path / "table3.csv", method=NASTY)
    for row in csv.reader(io.StringIO(tidy(read_table(path)))):
        for cell in row:
            formula = cell.startswith(("=", "+", "@")) or re.match("-[^0-9.]", cell)
            assert not formula, cell


def test_markdown_has_as_many_cells_in_each_row_whatever_the_names(tmp_path):
    text = markdown(read_table(write(tmp_path / "table3.csv", method=NASTY)))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert {row.count("|") for row in rows} == {5}
    assert "<script" not in text
    assert r"27.50\*<br><sub>−2.50 \[−4.00, −0.50\]</sub>" in text


def test_html_shows_names_as_text_and_draws_the_interval(tmp_path):
    text = html(read_table(write(tmp_path / "table3.csv", method=NASTY)))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    # CIDEr fell, for sure; the mean rank fell too, which is better, but may be chance.
    assert re.findall('class="interval ([a-z]+)"', text) == ["worse", "unsure"]


def test_latex_is_balanced_and_its_rows_are_as_wide_as_the_table(tmp_path):
    check_latex(latex(read_table(write(tmp_path / "table3.csv", method=NASTY))))


def check_latex(text):
    """Parse: braces, environments, and the cells of each row."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", text, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    open_ones = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    for columns, body in re.findall(
        r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\end\{tabular\}", text, re.DOTALL
    ):
        rows = re.findall(r"^(.*) \\\\$", body, re.MULTILINE)
        assert len(rows) > 5
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1


@pytest.mark.skipif(
    not (shutil.which("tectonic") or shutil.which("pdflatex")),
    reason="neither tectonic nor pdflatex is here: the LaTeX is only parsed",
)
def test_latex_compiles_and_fits_the_page(tmp_path):
    path = write(tmp_path / "table3.csv", method=NASTY.replace("script", "b"))
    document = "\n".join(
        [
            r"\documentclass{article}",
            r"\usepackage{booktabs}",
            r"\usepackage[a4paper, margin=2cm]{geometry}",
            r"\begin{document}",
            latex(read_table(path)),
            r"\end{document}",
        ]
    )
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error"]
    else:
        command = ["tectonic"]
    done = subprocess.run(
        [*command, "paper.tex"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "paper.pdf").stat().st_size > 1000


def test_many_metrics_become_panels_with_the_papers_figure_beside_ours(tmp_path):
    names = [f"BLEU-{number}" for number in range(1, 10)]
    figures = [column for name in names for column in (f"{name} (paper)", name)]
    path = tmp_path / "table1.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEAD, *figures, *ORIGIN])
        values = [1.0, 2.0] * len(names)
        writer.writerow(["a", "a", 5, 1, *values, "", "e", "demo", "test", "x", "y"])
    panels = read_table(path).panels(4)
    assert [len(panel) for panel in panels] == [6, 6, 6]
    for panel in panels:
        for paper, ours in zip(panel[::2], panel[1::2], strict=True):
            assert paper.paper
            assert not ours.paper
            assert paper.metric == ours.metric


def test_the_step_writes_every_form(tmp_path):
    write_formats(table=write(tmp_path / "table3.csv"), output=tmp_path / "out")
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {f"table3{suffix}" for suffix in FORMATS}
