"""SPICE-py against the official SPICE, and against itself with cached references.

    python benchmarks/spice.py CANDIDATES REFERENCES [--corenlp FOLDER] [--clips N]

Both files have the columns file_name,caption, as for `python -m workflow_src score`;
FOLDER has the jars of CoreNLP 3.6.0. Each is timed from nothing, start included, in
seconds of processor time: SPICE-py takes one core, the official tool all there are.
Exits 1 if SPICE-py is not 15 times as fast, or if cached references do not make it
four times as fast again; that takes some 1,000 clips, since it needs 3 s to start.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from workflow_src.metrics import spice
from workflow_src.metrics.score_command import read_candidates, read_references

LEAST_RATIO = 15.0
LEAST_CACHED_RATIO = 4.0


def score(kind: str, arguments: argparse.Namespace, cache: Path, said: str) -> None:
    """Score the first clips; `said` is added to each candidate."""
    references = read_references(arguments.references)
    candidates = read_candidates(arguments.candidates)
    clips = list(references)[: arguments.clips]
    systems = {"": {clip: candidates[clip] + said for clip in clips}}
    settings = spice.Settings(kind, corenlp=arguments.corenlp, cache=cache)
    spice.score_many(systems, {clip: references[clip] for clip in clips}, settings)


def seconds(kind: str, cache: Path, said: str = "") -> float:
    """Processor time of `score` in a process of its own, and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    job = [sys.executable, *sys.argv, "--kind", kind, "--cache", cache, "--said", said]
    subprocess.run(job, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(after[:2]) - sum(before[:2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidates", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("--corenlp", type=Path)
    parser.add_argument("--clips", type=int)
    # What this program gives to itself.
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--said", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.kind:
        score(arguments.kind, arguments, arguments.cache, arguments.said)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        python, java = Path(folder) / "python.sqlite", Path(folder) / "java.sqlite"
        ours = seconds("python", python)
        cached = seconds("python", python, " nearby")
        print(f"SPICE-py:                    {ours:.1f} s")
        print(f"SPICE-py, cached references: {cached:.1f} s")
        print(f"ratio: {ours / cached:.1f} (at least {LEAST_CACHED_RATIO:g} expected)")
        official = seconds("java", java)
        print(f"official SPICE:              {official:.1f} s")
        print(f"ratio: {official / ours:.1f} (at least {LEAST_RATIO:g} expected)")
    fast = official / ours >= LEAST_RATIO and ours / cached >= LEAST_CACHED_RATIO
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main())
