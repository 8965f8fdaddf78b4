"""METEOR 1.5 (Denkowski and Lavie 2014) through its own jar.

`pycocoevalcap`'s wrapper asks for a heap of 2 GB, takes the locale as it is and
waits for each answer before the next question. This one starts the same program
with the same options, once for any number of systems.
"""

from pathlib import Path

from workflow_src.metrics import java

# The paraphrase table needs 350 MB; below that METEOR ends out of memory.
HEAP = "640m"


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
        self, candidates: list[str], references: list[list[str]]
    ) -> tuple[float, list[float]]:
        """Corpus score and score of each candidate against its own references.

        Both are texts of tokens. The corpus score is METEOR of the summed
        statistics, not the mean over the candidates.
        """
        questions = [
            " ||| ".join(["SCORE", *map(_plain, own), _plain(candidate)])
            for candidate, own in zip(candidates, references, strict=True)
        ]
        new = [q for q in dict.fromkeys(questions) if q not in self._statistics]
        self._statistics.update(zip(new, self._ask(new, len(new)), strict=True))
        evaluation = " ||| ".join(["EVAL"] + [self._statistics[q] for q in questions])
        *clips, corpus = map(float, self._ask([evaluation], len(questions) + 1))
        return corpus, clips

    def _ask(self, questions: list[str], answers: int) -> list[str]:
        writer = self.send(questions)
        lines = [self.receive() for _ in range(answers)]
        writer.join()
        return lines


def _plain(tokens: str) -> str:
    """Tokens without METEOR's own field separator."""
    return tokens.replace("|||", "").replace("  ", " ")
