"""`python -m workflow_src score`: the captioning metrics of captions in CSV files."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from workflow_src.csv_files import read_csv
from workflow_src.errors import InputError
from workflow_src.metrics import java, spice
from workflow_src.metrics.caption_input import has_word
from workflow_src.metrics.captioning import Scores, score

COLUMNS = ("file_name", "caption")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "candidates", type=Path, help="CSV with file_name,caption: one row a clip"
    )
    parser.add_argument(
        "references", type=Path, help="CSV with file_name,caption: any number a clip"
    )
    parser.add_argument(
        "--spice",
        choices=spice.KINDS,
        default="auto",
        help="official (java), ours (python: SPICE-py), whichever can run (default), "
        "or none",
    )
    parser.add_argument(
        "--corenlp",
        type=Path,
        help="folder with the jars of CoreNLP 3.6.0, for java; by default where "
        "`fetch corenlp` puts them",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print corpus and clip scores as JSON, as fractions",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the scores.

    Raises:
        InputError: a file is missing or bad.
    """
    references = read_references(arguments.references)
    candidates = read_candidates(arguments.candidates)
    settings = spice.Settings(arguments.spice, corenlp=arguments.corenlp)
    scores = score(candidates, references, settings)
    clips = list(references)
    if arguments.json:
        text = json.dumps(as_json(scores, clips), ensure_ascii=False, indent=1)
    else:
        text = as_table(scores, clips, candidates)
    # Clip names may hold any character, whatever the terminal's encoding.
    sys.stdout.buffer.write(text.encode() + b"\n")
    sys.stdout.buffer.flush()


def read_candidates(path: Path) -> dict[str, str]:
    """Read one caption a clip: file name -> caption, which may be empty.

    Raises:
        InputError: the file is bad, or names a clip twice.
    """
    candidates: dict[str, str] = {}
    for line, row in read_csv(path, COLUMNS):
        name = _name(path, line, row)
        if name in candidates:
            raise InputError(f"{path}, line {line}: a second candidate for {name!r}")
        candidates[name] = row["caption"]
    return candidates


def read_references(path: Path) -> dict[str, list[str]]:
    """Read captions: file name -> captions, in the order of the file.

    Raises:
        InputError: the file is bad.
    """
    references: dict[str, list[str]] = {}
    for line, row in read_csv(path, COLUMNS):
        references.setdefault(_name(path, line, row), []).append(row["caption"])
    return references


def _name(path: Path, line: int, row: dict[str, str]) -> str:
    if not row["file_name"].strip():
        raise InputError(f"{path}, line {line}: the file name is empty")
    return row["file_name"]


def as_json(scores: Scores, clips: list[str]) -> dict[str, Any]:
    """The content of `--json`.

    Returns:
        `{"corpus": {metric: score}, "clips": [{"file_name": name, metric: score, ...},
        ...], "java": version}`.
    """
    return {
        "corpus": {metric: corpus for metric, (corpus, _) in scores.items()},
        "clips": [
            {"file_name": clip}
            | {metric: own[n] for metric, (_, own) in scores.items()}
            for n, clip in enumerate(clips)
        ],
        "java": java.full_version(),
    }


def as_table(scores: Scores, clips: list[str], candidates: dict[str, str]) -> str:
    """The corpus scores x 100, as papers print them, and what they are of.

    Args:
        scores: metric -> (corpus score, score of each clip), fractions.
        clips: file names.
        candidates: caption of each clip.
    """
    lines = [f"{metric:<10}{100 * scores[metric][0]:8.2f}" for metric in scores]
    lines.append(f"{len(clips)} clips, scores x 100, Java {java.full_version()}")
    empty = sum(not has_word(candidates[clip]) for clip in clips)
    if empty:
        lines.append(f"{empty} candidates have no word: they score 0")
    if "SPICE-py" in scores:
        lines.append("SPICE-py approximates SPICE: no CoreNLP, or --spice python")
    return "\n".join(lines)
