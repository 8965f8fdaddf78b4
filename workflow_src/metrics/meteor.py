"""METEOR 1.5 (Denkowski and Lavie 2014) through its own jar.

`pycocoevalcap`'s wrapper asks for a heap of 2 GB, takes the locale as it is and
waits for each answer before the next question. This one starts the same program
with the same options, once for any number of systems.

The program aligns a candidate with each of its references and prints the statistics
of the best alignment. Its corpus score is that of the summed statistics;
`corpus_meteor` computes it without the program.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.metrics import java

# The paraphrase table needs 350 MB; below that METEOR ends out of memory.
HEAP = "640m"

# What matches a word, in the order of the program, and what such a match weighs.
MATCHERS = {"exact": 1.0, "stem": 0.6, "synonym": 0.8, "paraphrase": 0.6}

# Statistics of a clip, in the order in which the program prints them.
STATISTICS = (
    "METEOR candidate words",
    "METEOR reference words",
    "METEOR candidate function words",
    "METEOR reference function words",
    *(
        f"METEOR {side} {kind} words by {matcher}"
        for matcher in MATCHERS
        for kind in ("content", "function")
        for side in ("candidate", "reference")
    ),
    "METEOR chunks",
    "METEOR candidate words matched",
    "METEOR reference words matched",
)

# Parameters of the paper for English: weight of recall, exponent and weight of the
# penalty for fragments, weight of content words.
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75


class Meteor(java.LineProcess):
    """One METEOR process. Use it as a context manager.

    Args:
        paraphrases: a table that `paraphrases.cut` made for the references; None:
            the whole one, with which it takes 10 s to start.
        timeout: seconds after which the process is killed, whatever it is doing.
    """

    def __init__(self, paraphrases: Path | None = None, timeout: float = 3600.0):
        jar = java.resource("meteor", "meteor-1.5.jar")
        options = ["-", "-", "-stdio", "-l", "en", "-norm"]
        if paraphrases is not None:
            options += ["-a", str(paraphrases)]
        arguments = java.command(HEAP, "-jar", str(jar), *options)
        super().__init__("METEOR", arguments, timeout)
        self._statistics: dict[str, str] = {}

    def score(
        self, candidates: Sequence[str], references: Sequence[Sequence[str]]
    ) -> tuple[float, list[float]]:
        """Corpus score and score of each candidate against its own references.

        Both are texts of tokens. The corpus score is METEOR of the summed
        statistics, not the mean over the candidates.
        """
        printed = self._printed(candidates, references)
        evaluation = " ||| ".join(["EVAL", *printed])
        *clips, corpus = map(float, self._ask([evaluation], len(printed) + 1))
        return corpus, clips

    def statistics(
        self, candidates: Sequence[str], references: Sequence[Sequence[str]]
    ) -> NDArray[np.int64]:
        """The `STATISTICS` of each candidate: (N, 23).

        As the program sums them: a candidate that is its reference word for word
        has no chunks instead of one, and so no penalty.

        Raises:
            java.JavaError: the program prints other things than so many counts.
        """
        printed = self._printed(candidates, references)
        rows = [[float(number) for number in line.split()] for line in printed]
        if any(len(row) != len(STATISTICS) or any(n % 1 for n in row) for row in rows):
            raise java.JavaError(f"METEOR's statistics are no counts: {printed[0]!r}")
        counts = np.array(rows).astype(np.int64).reshape(-1, len(STATISTICS))
        matched = counts[:, 4:20].reshape(-1, len(MATCHERS) * 2, 2).sum(axis=1)
        perfect = (matched == counts[:, :2]).all(axis=1) & (counts[:, 20] == 1)
        counts[perfect, 20] = 0
        return counts

    def _printed(
        self, candidates: Sequence[str], references: Sequence[Sequence[str]]
    ) -> list[str]:
        """The statistics of each candidate as the program prints them."""
        questions = [
            " ||| ".join(["SCORE", *map(_plain, own), _plain(candidate)])
            for candidate, own in zip(candidates, references, strict=True)
        ]
        new = [q for q in dict.fromkeys(questions) if q not in self._statistics]
        self._statistics.update(zip(new, self._ask(new, len(new)), strict=True))
        return [self._statistics[question] for question in questions]

    def _ask(self, questions: list[str], answers: int) -> list[str]:
        writer = self.send(questions)
        lines = [self.receive() for _ in range(answers)]
        writer.join()
        return lines


def _plain(tokens: str) -> str:
    """Tokens without METEOR's own field separator."""
    return tokens.replace("|||", "").replace("  ", " ")


def corpus_meteor(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """METEOR of a corpus from its summed statistics (Denkowski and Lavie 2014).

    Precision and recall count matches by what matched them, content words by δ and
    function words by 1 - δ; their weighted harmonic mean loses γ (chunks/matches)^β.

    Args:
        sums: (..., 23), sums of the `STATISTICS` of its clips.

    Returns:
        (...), fractions.
    """
    words, function = sums[..., 0:2], sums[..., 2:4]
    weighted_words = DELTA * (words - function) + (1 - DELTA) * function
    # Matched words: (..., matcher, content or function, candidate or reference).
    matched = sums[..., 4:20].reshape(*sums.shape[:-1], len(MATCHERS), 2, 2)
    weights = np.outer(list(MATCHERS.values()), [DELTA, 1 - DELTA])
    weighted_matches = np.einsum("...mks,mk->...s", matched, weights)
    chunks, both = sums[..., 20], sums[..., 21:23]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = np.moveaxis(weighted_matches / weighted_words, -1, 0)
        mean = 1 / ((1 - ALPHA) / precision + ALPHA / recall)
        fragments = chunks / both.mean(axis=-1)
        score: NDArray[np.float64] = mean * (1 - GAMMA * fragments**BETA)
    # Without a match there is nothing to divide by, and no score.
    return np.maximum(np.nan_to_num(score, nan=0.0), 0.0)
