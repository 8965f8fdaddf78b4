"""The trained models beside trivial captioners and chance.

`results/sanity.csv` has a row per system. Captioners: the trained ones of
Table 1, the most frequent training caption for every clip, and a random training
caption for each. Retrievers: the trained ones of Table 2 and the
recall of a random order, which is exact arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workflow_src.corpus.pairs import read_pairs, read_references
from workflow_src.evaluation.scores import Scores
from workflow_src.files import write_atomically
from workflow_src.metrics.captioning import cider
from workflow_src.report.scored import read_evaluation

SEED = 0  # of the random captions
RANK = 10


def write_sanity(
    *, scores: list[Path], train_captions: Path, test_captions: Path, output: Path
) -> None:
    """Compare the trained models with trivial ones and with chance.

    Args:
        scores: `scores.json` of the models to show.
        train_captions: from which the trivial captioners take theirs.
        test_captions: the references.
        output: the CSV.
    """
    content = sanity_table(
        [read_evaluation(path) for path in scores],
        [caption for _, caption in read_pairs(train_captions)],
        read_references(test_captions),
    )
    write_atomically(output, content.to_csv(index=False))
    print(content.to_string(index=False))


def sanity_table(
    scores: Sequence[Scores], training: Sequence[str], test: dict[str, list[str]]
) -> pd.DataFrame:
    """Make the table: columns task, system, clips, CIDEr, T2A R@10, A2T R@10.

    Args:
        scores: of the models to show.
        training: captions.
        test: clip -> its references.
    """
    records: list[dict[str, Any]] = []
    for own in scores:
        shown = {
            name: round(value, 2)
            for name, value in own.metrics.items()
            if name in ("CIDEr", f"T2A R@{RANK}", f"A2T R@{RANK}")
        }
        records.append(
            {
                "task": own.evaluated.task,
                "system": f"trained, recipe {own.evaluated.recipe}",
                "clips": own.clips,
            }
            | shown
        )
    records += _trivial_captioners(training, test)
    records.append(chance(test))
    table = pd.DataFrame(records).sort_values("task", kind="stable")
    about = scores[0].evaluated
    return table.assign(
        corpus=about.corpus,
        scale=about.scale,
        version=" ".join(dict.fromkeys(own.evaluated.version for own in scores)),
    )


def _trivial_captioners(
    training: Sequence[str], test: dict[str, list[str]]
) -> list[dict[str, Any]]:
    # Counter breaks ties by first appearance.
    (frequent, _), *_ = Counter(training).most_common(1)
    drawn = np.random.default_rng(SEED).integers(len(training), size=len(test))
    systems = {
        "the most frequent training caption": [frequent] * len(test),
        "a random training caption": [training[position] for position in drawn],
    }
    scores = cider(
        {
            name: dict(zip(test, captions, strict=True))
            for name, captions in systems.items()
        },
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


def chance(test: dict[str, list[str]]) -> dict[str, Any]:
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
