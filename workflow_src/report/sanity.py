"""Do the trained models know anything? Against trivial captioners and chance.

`results/sanity.csv` has a row per system. Captioners: the trained ones of
Table 1, the most frequent training caption said of every clip, and a random
training caption said of each. Retrievers: the trained ones of Table 2 and the
recall of a random order, which is exact arithmetic.
"""

import json
from collections import Counter
from collections.abc import Mapping
from math import comb

import numpy as np
import pandas as pd

from workflow_src.corpus.pairs import read_pairs, read_references
from workflow_src.layout import Layout
from workflow_src.metrics.captioning import cider
from workflow_src.report.tables import rows_of

SEED = 0  # of the random captions
RANK = 10


def sanity(config: Mapping, layout: Layout) -> pd.DataFrame:
    """Make the table: columns task, system, clips, CIDEr, T2A R@10, A2T R@10."""
    records = []
    for table, task in (("table1", "captioning"), ("table2", "retrieval")):
        recipes = dict.fromkeys(row["recipe"] for row, _ in rows_of(config, table))
        for recipe in recipes:
            path = layout.run(task, recipe, config["seeds"][0]) / "scores.json"
            scores = json.loads(path.read_text())
            shown = {
                name: round(value, 2)
                for name, value in scores["metrics"].items()
                if name in ("CIDEr", f"T2A R@{RANK}", f"A2T R@{RANK}")
            }
            system = f"trained, recipe {recipe}"
            records.append(
                {"task": task, "system": system, "clips": scores["clips"]} | shown
            )
    test = read_references(layout.captions("test"))
    records.extend(_trivial_captioners(layout, test))
    records.append(chance(test))
    return pd.DataFrame(records).sort_values("task", kind="stable")


def _trivial_captioners(layout: Layout, test: dict[str, list[str]]) -> list[dict]:
    training = [caption for _, caption in read_pairs(layout.captions("train"))]
    # Counter breaks ties by first appearance.
    (frequent, _), *_ = Counter(training).most_common(1)
    drawn = np.random.default_rng(SEED).integers(len(training), size=len(test))
    systems = {
        "the most frequent training caption": [frequent] * len(test),
        "a random training caption": [training[position] for position in drawn],
    }
    scores = cider(
        {name: dict(zip(test, said, strict=True)) for name, said in systems.items()},
        test,
    )
    return [
        {
            "task": "captioning",
            "system": name,
            "clips": len(test),
            "CIDEr": round(100 * scores[name][0], 2),
        }
        for name in systems
    ]


def chance(test: dict[str, list[str]]) -> dict:
    """Recall of a random order of the candidates, in per cent.

    Text to audio: the one right clip is among the first ten of N. Audio to text:
    at least one of a clip's own captions is among the first ten of all.
    """
    clips = len(test)
    captions = sum(map(len, test.values()))
    rank = min(RANK, captions)
    missed = [
        comb(captions - len(own), rank) / comb(captions, rank) for own in test.values()
    ]
    return {
        "task": "retrieval",
        "system": "chance",
        "clips": clips,
        f"T2A R@{RANK}": round(100 * min(1.0, RANK / clips), 2),
        f"A2T R@{RANK}": round(100 * (1 - float(np.mean(missed))), 2),
    }
