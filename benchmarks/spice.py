"""SPICE-py against the official SPICE, and against itself with cached references.

    python benchmarks/spice.py CANDIDATES REFERENCES [--corenlp FOLDER] [--clips N]

Both files have the columns file_name,caption, as for `python -m workflow_src score`;
FOLDER has the jars of CoreNLP 3.6.0. Each is timed from nothing, start included, in
seconds of processor time: SPICE-py takes one core, the official tool all there are.
Exits 1 if SPICE-py is not 15 times as fast, or if cached references do not make it
three times as fast again, for which it takes AudioCaps' 975 test clips: the start of
spaCy counts in both.
"""

import argparse
import resource
import sys
import tempfile
from multiprocessing import Process
from pathlib import Path

from workflow_src.metrics import spice
from workflow_src.metrics.score_command import read_candidates, read_references

LEAST_RATIO = 15.0
LEAST_CACHED_RATIO = 3.0


def seconds(*task) -> float:
    """Processor time of `score_many` in a process of its own, and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = Process(target=spice.score_many, args=task)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(after[:2]) - sum(before[:2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidates", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("--corenlp", type=Path)
    parser.add_argument("--clips", type=int)
    arguments = parser.parse_args()
    references = read_references(arguments.references)
    candidates = read_candidates(arguments.candidates)
    references = {c: references[c] for c in list(references)[: arguments.clips]}
    systems = {"": {clip: candidates[clip] for clip in references}}
    others = {"": {clip: candidates[clip] + " nearby" for clip in references}}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "spice.sqlite"
        approximate = spice.Settings("python", cache=cache)
        java = spice.Settings("java", corenlp=arguments.corenlp, cache=cache)
        ours = seconds(systems, references, approximate)
        cached = seconds(others, references, approximate)
        print(f"SPICE-py:                    {ours:.1f} s")
        print(f"SPICE-py, cached references: {cached:.1f} s")
        print(f"ratio: {ours / cached:.1f} (at least {LEAST_CACHED_RATIO:g} expected)")
        official = seconds(systems, references, java)
        print(f"official SPICE:              {official:.1f} s")
        print(f"ratio: {official / ours:.1f} (at least {LEAST_RATIO:g} expected)")
    fast = official / ours >= LEAST_RATIO and ours / cached >= LEAST_CACHED_RATIO
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main())
