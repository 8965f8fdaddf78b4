"""The test clips as the browser of the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workflow_src.corpus.captions import read_captions
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import CLIP_FILES
from workflow_src.report.clip_captions import read_said
from workflow_src.report.page.retrieved import read_retrieved
from workflow_src.report.page.runs import Run
from workflow_src.report.sample import shuffled

HIDDEN = ("BLEU-1", "BLEU-2", "BLEU-3")  # of a single sentence they say little


@dataclass(frozen=True)
class TestClips:
    """The clips of the test split.

    Attributes:
        names: file names, in a random order that is always the same.
        references: the captions of each clip, in the same order.
        rows: of the file of captions -> number of the clip.
        youtube: address of each clip where it is one of YouTube's, else None.
    """

    __test__ = False  # pytest takes the name for a test

    names: list[str]
    references: list[list[str]]
    rows: list[int]
    youtube: list[str | None]

    @classmethod
    def read(cls, captions: Path, seed: int, of_youtube: bool) -> TestClips:
        """Read the captions of the test split.

        Args:
            captions: its file.
            seed: of the order.
            of_youtube: whether file names are `<YouTube id>_<start>`.
        """
        pairs = [(clip.file_name, text) for clip, text in read_captions(captions)]
        names = shuffled(list(dict.fromkeys(name for name, _ in pairs)), seed)
        number = {name: place for place, name in enumerate(names)}
        references: list[list[str]] = [[] for _ in names]
        for name, text in pairs:
            references[number[name]].append(text)
        return cls(
            names,
            references,
            [number[name] for name, _ in pairs],
            [youtube_address(name) if of_youtube else None for name in names],
        )

    @property
    def number(self) -> dict[str, int]:
        """File name -> place in `names`."""
        return {name: place for place, name in enumerate(self.names)}


def youtube_address(name: str) -> str | None:
    """Address that plays a clip named `<YouTube id>_<start>.<suffix>`."""
    youtube_id, _, start = Path(name).stem.rpartition("_")
    if len(youtube_id) != 11 or not start.replace(".", "", 1).isdigit():
        return None
    return f"https://www.youtube.com/watch?v={youtube_id}&t={int(float(start))}s"


def captioning(runs: Sequence[Run], clips: TestClips) -> list[dict[str, Any]]:
    """What each captioner says of each clip, and how good that is.

    Args:
        runs: of captioning, plain or at a point of the grid.
        clips: of the test split.

    Returns:
        For each run: recipe, tta, captions (N), scores: metric -> (N) in per cent.

    Raises:
        InputError: a run lacks a clip.
    """
    return [
        {
            "recipe": run.key[1],
            "tta": run.key[2],
            "captions": _in_order(_said(run), clips.names, run.folder),
            "scores": _scores(run, clips.names),
        }
        for run in runs
    ]


def _said(run: Run) -> dict[str, str]:
    point = run.key[2]
    return read_said(run.folder if point is None else run.folder.parent, point)


def _scores(run: Run, names: Sequence[str]) -> dict[str, list[float]]:
    path = run.folder / CLIP_FILES["captioning"]
    table = _read(path, {"file_name": str}).set_index("file_name")
    metrics = [metric for metric in map(str, table) if metric not in HIDDEN]
    return {
        metric: [
            round(100 * value, 1)
            for value in _in_order(table[metric].to_dict(), names, path)
        ]
        for metric in metrics
    }


def retrieval(
    runs: Sequence[Run], clips: TestClips, answers: Mapping[str, Path]
) -> list[dict[str, Any]]:
    """At which rank each retriever has the true ones, and what it finds first.

    Args:
        runs: of retrieval.
        clips: of the test split.
        answers: recipe -> file of `write_retrieved`, of plain runs.

    Returns:
        For each run: recipe, tta, a2t (N ranks), t2a (ranks of the clip's captions,
        N lists), found: direction -> for each clip or row of captions the numbers
        of the clips or rows found; None without a file of them.
    """
    found = []
    for run in runs:
        path = run.folder / CLIP_FILES["retrieval"]
        table = _read(path, {"file_name": str})
        ranks = {
            direction: own.groupby("file_name")["rank"].apply(list).to_dict()
            for direction, own in table.groupby("direction")
        }
        of_clips = _in_order(ranks["a2t"], clips.names, path)
        file = answers.get(run.key[1]) if run.key[2] is None else None
        found.append(
            {
                "recipe": run.key[1],
                "tta": run.key[2],
                "a2t": [own[0] for own in of_clips],
                "t2a": _in_order(ranks["t2a"], clips.names, path),
                "found": None if file is None else _found(file, clips),
            }
        )
    return found


def _found(path: Path, clips: TestClips) -> dict[str, list[list[int]]]:
    answers, number = read_retrieved(path), clips.number
    try:
        by_row = [answers["t2a"][str(row)] for row in range(len(clips.rows))]
        by_clip = [answers["a2t"][name] for name in clips.names]
        return {
            "t2a": [[number[found] for found, _ in own] for own in by_row],
            "a2t": [[int(found) for found, _ in own] for own in by_clip],
        }
    except KeyError as error:
        raise InputError(f"{path} is of other clips: no {error}") from None


def _read(path: Path, kinds: dict[str, type]) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=kinds, keep_default_na=False)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _in_order(values: Mapping[str, Any], names: Sequence[str], path: Path) -> list[Any]:
    for name in names:
        if name not in values:
            raise InputError(f"{path} lacks clip {name!r}")
    return [values[name] for name in names]
