"""The tables in README.md are those of results/."""

import shutil
from pathlib import Path

import pytest

from workflow_src import cli
from workflow_src.config import load, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.report.formats.markdown import markdown
from workflow_src.report.formats.model import read_table
from workflow_src.versioning.readme import BEGIN, END, tables_block, with_block

ROOT = Path(__file__).parents[2]
SOURCE = Path("README.md")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Config, tables and a short README, in the current folder."""
    shutil.copyfile(ROOT / "config.yaml", tmp_path / "config.yaml")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    results = Layout(corpus_name(steps.corpus_identity(load(ROOT / "config.yaml"))))
    (tmp_path / results.results).mkdir(parents=True)
    for path in (ROOT / results.results).glob("table?.csv"):
        shutil.copyfile(path, tmp_path / path.relative_to(ROOT))
    text = f"# Ours\n\n{BEGIN}\nold\n{END}\n\nMore.\n"
    (tmp_path / "README.md").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stopped(capsys, *words):
    with pytest.raises(SystemExit) as raised:
        cli.main(["readme-tables", *words])
    assert raised.value.code == 2
    return capsys.readouterr().err


def test_the_readme_has_the_committed_tables(monkeypatch):
    monkeypatch.chdir(ROOT)
    cli.main(["readme-tables", "--check"])


def test_written_tables_agree_until_one_changes(project, capsys):
    said = stopped(capsys, "--check")
    assert said.startswith("error: README.md: its tables are not those of results/; ")
    cli.main(["readme-tables", "--write"])
    cli.main(["readme-tables", "--check"])
    text = (project / "README.md").read_text()
    assert text.startswith(f"# Ours\n\n{BEGIN}\n\n<!-- Made by ")
    assert text.endswith(f"</details>\n\n{END}\n\nMore.\n")
    assert "old" not in text.splitlines()
    table = next(project.glob("results/*/table3.csv"))
    assert markdown(read_table(table)) in text
    assert text.count("<summary>Table ") == 4
    assert text.count("<details open>") == 1
    changed = table.read_text().replace("none,none,", "bare sound,none,", 1)
    assert changed != table.read_text()
    table.write_text(changed)
    assert "its tables are not those" in stopped(capsys, "--check")
    cli.main(["readme-tables", "--write"])
    again = (project / "README.md").read_text()
    assert again.replace("bare sound", "none", 1) == text


def test_without_an_option_they_are_printed(project, capsys):
    before = (project / "README.md").read_text()
    cli.main(["readme-tables"])
    assert capsys.readouterr().out.count("</details>") == 4
    assert (project / "README.md").read_text() == before


def test_a_missing_table_or_readme_is_named(project, capsys):
    (project / "README.md").unlink()
    assert stopped(capsys, "--check") == (
        "error: README.md: No such file or directory\n"
    )
    next(project.glob("results/*/table2.csv")).unlink()
    assert "table2.csv: No such file" in stopped(capsys, "--check")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marker\n", "README.md has the line .*begin.* 0 times, not once"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", "2 times, not once"),
        (f"{BEGIN}\n", "end --> 0 times"),
        (f"{END}\n{BEGIN}\n", "stands above"),
        (f"a {BEGIN}\n{END}\n", "0 times"),
    ],
)
def test_markers_out_of_place_are_named(text, said):
    with pytest.raises(InputError, match=said):
        with_block(text, "new\n", SOURCE)


def test_what_stands_around_is_left_as_it_is():
    text = f"a\n{BEGIN}\nx\n{END}"
    once = with_block(text, tables_block([]), SOURCE)
    assert once.startswith(f"a\n{BEGIN}\n\n")
    assert once.endswith(f"\n{END}")
    assert with_block(once, tables_block([]), SOURCE) == once
