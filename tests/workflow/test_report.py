"""`snakemake --report` has the tables and figures, each with its caption."""

import json
import re
import zipfile

import pytest

pytestmark = pytest.mark.workflow


@pytest.fixture
def report(finished, tmp_path):
    """The files of the report of a finished workflow: name -> content."""
    output = tmp_path / "report.zip"
    finished.run(f"snakemake --report {output} all")
    with zipfile.ZipFile(output) as archive:
        return {
            name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()
        }


def test_it_holds_the_tables_and_figures_by_category(report, finished):
    files = {f"table{number}.csv" for number in (1, 2, 3, 4)}
    files |= {"figure4.csv", "figure4.svg", "sanity.csv", "corpus.csv"}
    assert set(report) == files | {"report.html"}
    results = finished.folder / "results" / "embedded-smoke"
    for name in files:
        assert report[name] == (results / name).read_bytes()
    page = report["report.html"].decode()
    categories = json.loads(re.search(r"var categories = (\{.*\});", page)[1])
    assert {name: sum(map(len, own.values())) for name, own in categories.items()} == {
        "Table 1": 1,
        "Table 2": 1,
        "Table 3": 1,
        "Table 4": 1,
        "Figure 4": 2,
        "Sanity": 1,
        "Corpus": 1,
    }
    captions = re.findall(r'"caption": "(.*?[^\\])"', page)
    assert len(captions) == len(files)
    # Each says of what its figures are.
    assert all("embedded-smoke" in caption for caption in captions)
