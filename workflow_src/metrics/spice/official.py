"""The official SPICE 1.0, in a process of its own with a bounded heap.

Works on Java 8 to 17 and later; see `java_worker` for how it is called. Parsed
captions are kept in a `TupleCache`, because parsing takes nearly all the time.
"""

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.metrics import java
from workflow_src.metrics.spice import Settings, corenlp, default_cache
from workflow_src.metrics.spice.cache import TupleCache, Tuples
from workflow_src.pycocoevalcap_files import packaged_file

WORKER = Path(__file__).with_name("java_worker.py")
# SPICE 1.0 on CoreNLP 3.6.0 with englishPCFG: nothing else changes the tuples.
PARSER = "SPICE 1.0, CoreNLP 3.6.0"


def class_path(folder: Path | None) -> list[Path]:
    """All jars of SPICE.

    Args:
        folder: of the jars of CoreNLP; None: where they are fetched to.

    Raises:
        InputError: says what is missing.
    """
    if find_spec("jpype") is None:
        raise InputError("the official SPICE needs the package `jpype1`")
    java.executable()
    own = packaged_file("spice", "spice-1.0.jar")
    return [own, *sorted(own.parent.glob("lib/*.jar")), *corenlp.find(folder)]


def score(
    pairs: list[tuple[str, int]], references: list[list[str]], settings: Settings
) -> list[float]:
    """F of each pair.

    Args:
        pairs: a candidate, and the number of its list of references.
        references: lists of captions.
        settings: heap, time and places.

    Raises:
        InputError: Java, JPype or a file of CoreNLP is missing.
        java.JavaError: SPICE failed or ran over the time; what it parsed until
            then is kept for the next time.
    """
    used = {own for _, own in pairs}
    texts = [text for own in sorted(used) for text in references[own]]
    texts += [candidate for candidate, _ in pairs]
    # References of clips that no pair asks for need not be parsed.
    lists = [own if number in used else [] for number, own in enumerate(references)]
    return _run(texts, lists, pairs, settings)[1]


def parse(captions: list[str], settings: Settings) -> dict[str, Tuples]:
    """Caption -> tuples of the official parser.

    Raises:
        InputError: as `score`.
        java.JavaError: as `score`.
    """
    return _run(captions, [], [], settings)[0]


def _run(
    captions: list[str],
    references: list[list[str]],
    pairs: list[tuple[str, int]],
    settings: Settings,
) -> tuple[dict[str, Tuples], list[float]]:
    """Tuples of the captions, and scores of the pairs, by one start of Java."""
    cached: TupleCache[Tuples] = TupleCache(settings.cache or default_cache(), PARSER)
    jars = class_path(settings.corenlp)
    tuples = cached.get(captions)
    new = [text for text in dict.fromkeys(captions) if text not in tuples]
    if not new and not pairs:
        return tuples, []
    job = {
        "class_path": [str(jar) for jar in jars],
        "options": [f"-Xmx{settings.heap}", *java.SMALL, *java.LOCALE],
        "threads": min(2, os.cpu_count() or 1),
        "parse": new,
        "tuples": tuples,
        "references": references,
        "pairs": pairs,
    }
    arguments = [sys.executable, str(WORKER)]
    environment = {**os.environ, "JAVA_HOME": java_home()}
    with java.LineProcess("SPICE", arguments, settings.timeout, environment) as worker:
        worker.send([json.dumps(job)])
        while "parsed" in (answer := json.loads(worker.receive())):
            cached.put(answer["parsed"])
            tuples |= answer["parsed"]
    return tuples, answer["scores"]


@cache
def java_home() -> str:
    """Folder of the Java that runs METEOR too, for JPype to load.

    Raises:
        java.JavaError: it names none.
    """
    completed = subprocess.run(
        [java.executable(), "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
    )
    for line in completed.stderr.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "java.home":
            return value.strip()
    raise java.JavaError("`java -XshowSettings:properties` names no java.home")
