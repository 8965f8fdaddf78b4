"""The headline figures: those of every table that has a recipe, and no empty ones."""

import json

import pandas as pd

from workflow_src.report.headlines import write_headlines


def test_a_file_a_recipe_with_what_the_tables_say_of_it(tmp_path):
    first = pd.DataFrame(
        {
            "recipe": ["none", "eda"],
            "CIDEr": [40.5, None],
            "T2A R@10": [60.0, 61.0],
            "T2A R@50": [90.0, 91.0],
        }
    )
    second = pd.DataFrame({"recipe": ["none", "mine"], "SPIDEr-py": [20.0, 22.5]})
    tables = [tmp_path / "table3.csv", tmp_path / "table4.csv"]
    for table, path in zip((first, second), tables, strict=True):
        table.to_csv(path, index=False)
    write_headlines(tables=tables, output=tmp_path / "metrics")
    found = {
        path.stem: json.loads(path.read_text())
        for path in (tmp_path / "metrics").iterdir()
    }
    assert found == {
        "none": {"CIDEr": 40.5, "T2A R@10": 60.0, "SPIDEr-py": 20.0},
        "eda": {"T2A R@10": 61.0},
        "mine": {"SPIDEr-py": 22.5},
    }
