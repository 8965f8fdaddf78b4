"""Evaluations as the steps leave them, with scores that a test chooses."""

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.records import captioning_settings, recipe, record, retrieval_settings
from workflow_src.evaluation.scores import Evaluated, write_scores

CLIPS = 40
NAMES = [f"{n}.flac" for n in range(CLIPS)]


def evaluated(task, name, seed, tta=None, split="test", **changes):
    """What an evaluation says of itself."""
    make = {"captioning": captioning_settings, "retrieval": retrieval_settings}[task]
    own = record(task, make(recipe=recipe(name), seed=seed))
    return replace(Evaluated.of(own, split, tta), **changes)


def write_captioning(folder, about, cider, generator, metrics=("CIDEr",)):
    """Clips whose scores lie about a mean."""
    folder.mkdir(parents=True)
    clips = pd.DataFrame({m: generator.normal(cider, 0.05, CLIPS) for m in metrics})
    clips.insert(0, "file_name", NAMES)
    clips.to_csv(folder / "clips.csv", index=False)
    scores = {m: 100 * clips[m].mean() for m in metrics}
    write_scores(folder, about, CLIPS, scores)
    return folder / "scores.json"


def write_retrieval(folder, about, worst, generator):
    """Ranks from 1 to a worst one, of five captions a clip in both directions."""
    folder.mkdir(parents=True)
    tables = []
    for direction, asking in (("t2a", np.repeat(NAMES, 5)), ("a2t", NAMES)):
        ranks = generator.integers(1, worst, len(asking))
        tables.append(
            pd.DataFrame({"direction": direction, "file_name": asking, "rank": ranks})
        )
    pd.concat(tables).to_csv(folder / "ranks.csv", index=False)
    metrics = {
        f"{name} R@10": 100 * float((own["rank"] <= 10).mean())
        for name, own in zip(("T2A", "A2T"), tables, strict=True)
    }
    write_scores(folder, about, CLIPS, metrics)
    return folder / "scores.json"


def write_both(root, name, seed, good, generator, tta=None, tasks=None):
    """The evaluations of a recipe and a seed; give their `scores.json` files."""
    written = []
    for task in tasks or ("captioning", "retrieval"):
        folder = root / task / name / str(seed) / (tta or "plain")
        about = evaluated(task, name, seed, tta)
        if task == "captioning":
            cider = 0.8 if good else 0.4
            written.append(write_captioning(folder, about, cider, generator))
        else:
            worst = 12 if good else 39
            written.append(write_retrieval(folder, about, worst, generator))
    return written
