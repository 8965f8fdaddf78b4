"""Runs the official SPICE 1.0 inside this process, as a program of its own.

Reads one line of JSON from standard input:
    class_path: jars; options: of the Java machine; threads: of the parser;
    parse: captions; tuples: caption -> tuples, of captions parsed before;
    references: lists of captions; pairs: [candidate, number of its references].
Writes lines of JSON to standard output: {"parsed": {caption: tuples}} after each
batch, then {"scores": [F of each pair]}.

SPICE's own `-out` needs the script engine that Java 15 removed, and its cache a
native library that some machines lack. Its classes are called instead: parse,
build the scene graphs from the tuples, score.
"""

import json
import os
import sys
from typing import Any

Tuples = list[list[str]]

# Small enough that a time-out loses little, large enough to share the threads.
BATCH = 200


def main() -> None:
    """Answer the job on standard input."""
    # The Java side prints progress to its standard output, file descriptor 1.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = json.loads(sys.stdin.buffer.readline())
    import jpype

    jpype.startJVM(*job["options"], classpath=job["class_path"])
    spice = Spice(jpype, job["threads"])
    tuples = job["tuples"]
    for start in range(0, len(job["parse"]), BATCH):
        parsed = spice.parse(job["parse"][start : start + BATCH])
        tuples |= parsed
        print(json.dumps({"parsed": parsed}), file=answers, flush=True)
    references = [[tuples[text] for text in texts] for texts in job["references"]]
    pairs = [([tuples[text]], references[own]) for text, own in job["pairs"]]
    print(json.dumps({"scores": spice.score(pairs)}), file=answers, flush=True)


class Spice:
    """The classes of SPICE 1.0 that score, some of them not public."""

    def __init__(self, jpype: Any, threads: int):
        self._java = jpype.java
        self._graph = jpype.JClass("edu.anu.spice.SceneGraph")
        self._stats = jpype.JClass("edu.anu.spice.SpiceStats")
        parser = jpype.JClass("edu.anu.spice.SpiceParser")
        # No cache of its own; nodes with a synset in common are merged.
        self._parser = parser(None, jpype.JInt(threads), True)
        captions = jpype.JClass("java.util.List").class_
        self._generate = parser.class_.getDeclaredMethod("generateTuples", captions)
        self._generate.setAccessible(True)
        synonyms = parser.class_.getDeclaredField("synonyms")
        synonyms.setAccessible(True)
        self._synonyms = synonyms.get(self._parser)

    def parse(self, captions: list[str]) -> dict[str, list[list[str]]]:
        """Caption -> its tuples, in the order in which SPICE finds them."""
        found = self._generate.invoke(self._parser, self._list(captions))
        return {
            str(caption): [[str(word) for word in words] for words in tuples]
            for caption, tuples in found.items()
        }

    def score(self, pairs: list[tuple[list[Tuples], list[Tuples]]]) -> list[float]:
        """F of each (captions of the candidate, captions of the references)."""
        stats = self._stats(self._java.util.HashMap(), False)
        for number, (candidate, references) in enumerate(pairs):
            graphs = self._scene(candidate), self._scene(references)
            stats.score(str(number), *graphs, True)
        told = json.loads(str(stats.toJSONString()))
        if [item["image_id"] for item in told] != [str(n) for n in range(len(pairs))]:
            raise RuntimeError("SPICE scored other pairs than it was asked for")
        return [float(item["scores"]["All"]["f"]) for item in told]

    def _scene(self, captions: list[Tuples]) -> Any:
        graph = self._graph(self._synonyms, True)
        for tuples in captions:
            for words in tuples:
                graph.addTuple(self._list(words))
        return graph

    def _list(self, words: list[str]) -> Any:
        found = self._java.util.ArrayList()
        for word in words:
            found.add(word)
        return found


if __name__ == "__main__":
    main()
