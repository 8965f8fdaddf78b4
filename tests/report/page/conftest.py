"""A finished workflow in miniature: eight clips of 1.5 seconds, two recipes."""

import csv
import json

import numpy as np
import pytest

from workflow_src.audio.frontend import ActLogMel
from workflow_src.audio.store import WaveformStore, write_log_mels, write_waveforms
from workflow_src.augment.settings import PairMixSettings
from workflow_src.corpus.identity import CorpusIdentity
from workflow_src.evaluation.scores import Evaluated, write_scores
from workflow_src.models.run_folder import RunRecord, write_record
from workflow_src.report.settings import PageSettings
from workflow_src.version import CodeVersion

SAMPLES = 48_000
ATTACK = "<script>alert(1)</script></script><img src=x onerror=alert(2)>"
QUOTED = """it's "quoted" <b>.flac"""
NAMES = [QUOTED, *(f"clip{number}.flac" for number in range(7))]
RECIPES = ("none", "pairmix")
POINT = "multi-tta-4"
PARTS = ("difference", "low", "high", "p", "corrected p", "significant")


def reference(number, place):
    return f"a dog barks {number} times, {place} heard"


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_split(folder, names, captions):
    tones = np.arange(1, len(names) + 1)[:, None] * np.arange(SAMPLES) / 60
    waveforms = (9000 * np.sin(tones)).astype("<i2")
    write_waveforms(folder / "waveforms", names, waveforms, SAMPLES)
    write_log_mels(
        WaveformStore(folder / "waveforms"), ActLogMel(1000), folder / "log_mels"
    )
    rows = [("file_name", "caption")]
    rows += [(name, text) for name in names for text in captions(names.index(name))]
    return write_csv(folder / "captions.csv", rows)


def evaluated(task, recipe, tta=None):
    return Evaluated(task, recipe, 20, "test", tta, "embedded", "demo", "abc", "0.1.0")


def write_captioner(folder, recipe, tta=None):
    worth = 0.5 if recipe == "pairmix" else 0.2
    values = [worth + 0.01 * number * (-1) ** number for number in range(len(NAMES))]
    rows = list(zip(NAMES, values, values, strict=True))
    write_csv(folder / "clips.csv", [("file_name", "BLEU-1", "CIDEr"), *rows])
    write_scores(folder, evaluated("captioning", recipe, tta), len(NAMES), {"CIDEr": 1})
    said = [ATTACK, *(f"{recipe} says a dog {n}" for n in range(1, len(NAMES)))]
    if tta is None:
        rows = list(zip(NAMES, said, strict=True))
        write_csv(folder / "captions.csv", [("file_name", "caption"), *rows])
        history = [("epoch", "loss", "selection"), (0, 3.5, ""), (1, 2.5, 0.4)]
        write_csv(folder / "history.csv", history)
    else:
        rows = [
            (tta, name, f"merged {text}")
            for name, text in zip(NAMES, said, strict=True)
        ]
        write_csv(
            folder.parent / "captions.csv", [("point", "file_name", "caption"), *rows]
        )


def write_retriever(folder, recipe):
    rows = [("direction", "file_name", "rank")]
    rows += [("t2a", name, 1 + n) for n, name in enumerate(NAMES) for _ in range(2)]
    rows += [("a2t", name, 2 + n) for n, name in enumerate(NAMES)]
    write_csv(folder / "ranks.csv", rows)
    write_scores(folder, evaluated("retrieval", recipe), len(NAMES), {"A2T R@10": 1})


def write_table(path, head, rows, metrics):
    columns = [
        name
        for metric in metrics
        for name in (metric, *(f"{metric} {part}" for part in PARTS))
    ]
    origin = ["resampled", "corpus", "scale", "split", "settings", "version"]
    content = [[*head, "clips", "seeds", *columns, *origin]]
    for number, row in enumerate(rows):
        own = [-5, -8, -2, 0.001, 0.004, "*"] if number else [""] * len(PARTS)
        figures = [
            value
            for place in range(len(metrics))
            for value in (40 + 10 * place - number, *own)
        ]
        drawn = "clips" if number else ""
        content.append(
            [*row, 8, 1, *figures, drawn, "embedded", "demo", "test", "a", "v"]
        )
    return write_csv(path, content)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Arguments of `write_page` but its settings and its output."""
    root = tmp_path_factory.mktemp("finished")
    captions = write_split(
        root / "test", NAMES, lambda n: [reference(n, 0), reference(n, 1)]
    )
    training = [f"train{number}.flac" for number in range(4)]
    train = write_split(root / "train", training, lambda n: [f"a bell rings {n}"])
    for recipe in RECIPES:
        write_captioner(root / "captioning" / recipe, recipe)
        write_retriever(root / "retrieval" / recipe, recipe)
    write_captioner(root / "captioning" / "pairmix" / "tta" / POINT, "pairmix", POINT)
    record = RunRecord(
        "captioning",
        {"recipe": {"name": "pairmix", "pairmix": {"ratio": 0.25}}, "seed": 20},
        {},
        CorpusIdentity("embedded", "embedded", "demo", {"seed": 1}),
        CodeVersion("0.1.0", "f" * 40),
        {"python": "3.11", "machine": "a <machine>"},
    )
    write_record(record, root / "captioning" / "pairmix")
    metrics = ["CIDEr", "T2A R@10", "A2T R@10"]
    named = [("none", "none"), ("PairMix", "pairmix")]
    points = [("no TTA", 0, 1, 1), ("TTA", 4, 1, 4), ("Multi-TTA", 4, 2, 2)]
    answers = [("direction", "query", "place", "found", "similarity")]
    answers += [
        ("t2a", row, place, NAMES[(row // 2 + place) % 8], 0.5)
        for row in range(16)
        for place in (1, 2)
    ]
    answers += [
        ("a2t", name, place, 2 * n + place - 1, 0.5)
        for n, name in enumerate(NAMES)
        for place in (1, 2)
    ]
    state = ["ok"] * 7 + ["private"]
    rows = [
        (name, "test", own, "gone" * (own != "ok"), 1)
        for name, own in zip(NAMES, state, strict=True)
    ]
    np.savez(
        root / "views.npz",
        clip=np.array(QUOTED),
        waveforms=np.zeros((2, SAMPLES), np.int16),
        log_mels=np.zeros((2, 48, 64), np.float16),
        masked=np.ones((2, 48, 64), bool),
        captions=np.array([ATTACK, "a view"]),
    )
    write_csv(
        root / "logs" / "train_captioning" / "none.seed20.time.tsv",
        [["s\tmax_rss"], ["7200.0\t1500"]],
    )
    lost = ("unavailable", "private", "too short", "silent", "corrupt", "failed")
    return {
        "tables": [
            write_table(root / "table3.csv", ["method", "recipe"], named, metrics)
        ],
        "figure4": write_table(
            root / "figure4.csv", ["method", "tau", "|P_hE|", "|P_H|"], points, metrics
        ),
        "corpus": write_csv(
            root / "corpus.csv",
            [
                ("split", "wanted", "got", *lost, "act_authors"),
                ("train", 4, 4, *[0] * 6, ""),
                ("test", 8, 7, 0, 1, *[0] * 4, ""),
            ],
        ),
        "manifest": write_csv(
            root / "manifest.csv",
            [("file_name", "split", "state", "reason", "attempts"), *rows],
        ),
        "scores": sorted(root.rglob("scores.json")),
        "captions": captions,
        "log_mels": root / "test" / "log_mels",
        "waveforms": root / "test" / "waveforms",
        "train_captions": train,
        "train_waveforms": root / "train" / "waveforms",
        "retrieved": [write_csv(root / "found" / "pairmix.csv", answers)],
        "views": root / "views.npz",
        "tags": write_csv(
            root / "tags.csv",
            [
                ("file_name", "tags"),
                (NAMES[1], "dog|rain"),
                (NAMES[2], "dog|bell"),
                (NAMES[3], "dog"),
            ],
        ),
        "train_tags": write_csv(
            root / "train_tags.csv", [("file_name", "tags"), (training[0], "bell|dog")]
        ),
        "logs": root / "logs",
    }


@pytest.fixture(scope="session")
def page_settings():
    return PageSettings(
        name="embedded-demo",
        youtube=False,
        audio=True,
        seeds=(20,),
        point=POINT,
        pairmix=PairMixSettings(),
        sample=3,
        mixes=1,
    )


def embedded(page, name):
    """The content of one of the page's JSON elements."""
    begin = page.index(f'<script type="application/json" id="{name}">')
    begin = page.index(">", begin) + 1
    return json.loads(page[begin : page.index("</script>", begin)])


@pytest.fixture(scope="session")
def read_embedded():
    return embedded
