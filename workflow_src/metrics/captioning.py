"""Captioning metrics of coco-caption on Penn Treebank tokens.

BLEU-1..4, METEOR, ROUGE-L and CIDEr (which is CIDEr-D) equal those of
`pycocoevalcap`; SPICE is in `workflow_src.metrics.spice`. All scores are fractions, as
`pycocoevalcap` gives them; papers print them x 100.

As in coco-caption, the official SPICE reads Penn Treebank tokens too. SPICE-py reads
the captions as they are written: capitals and commas help its parser, and so it
comes closer to the official scores, whichever of the two forms these are of.

Bad captions have defined scores: a candidate without a word (empty, or only
punctuation) scores 0 in every metric, line ends count as spaces, any script and
any length is taken. A reference without a word is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.metrics import bleu, meteor, paraphrases, sentence_similarity
from workflow_src.metrics import spice as spice_metric
from workflow_src.metrics.caption_input import (
    Candidates,
    References,
    Systems,
    check,
    tokenize,
)
from workflow_src.metrics.corpus_scores import CorpusScore, ScoreOfSums, mean_of_clips
from workflow_src.metrics.tokenization import plain_words, ptb_tokenize

Scores = dict[str, tuple[float, list[float]]]

# In the order in which tables print them; SPICE and SPIDEr (or their -py
# counterparts) follow, and the sentence similarity where it was asked for.
BLEU = tuple(f"BLEU-{n}" for n in bleu.ORDERS)
METRICS = (*BLEU, "METEOR", "ROUGE-L", "CIDEr")


@dataclass(frozen=True)
class Evaluation:
    """What the metrics say of one system.

    Attributes:
        scores: metric -> (corpus score, score of each clip).
        statistics: the counts of each clip (N,) of which BLEU and METEOR of a corpus
            are made, by the names in `bleu.STATISTICS` and `meteor.STATISTICS`.
    """

    scores: Scores
    statistics: dict[str, NDArray[np.int64]]


def score(
    candidates: Candidates,
    references: References,
    spice: "str | spice_metric.Settings" = "none",
) -> Scores:
    """Scores of one system: metric -> (corpus score, score of each clip).

    Args:
        candidates: caption of each clip.
        references: captions of the same clips, any number of them a clip. Each
            metric's clip scores are in the order of this mapping.
        spice: `none`, `java` (official: keys SPICE, SPIDEr), `python` (our own:
            keys SPICE-py, SPIDEr-py), `auto` (java where its files are present,
            else python), or the settings that say more.

    Raises:
        InputError: no clips at all, a clip on one side only, something that is
            not text, or a reference without a word.
    """
    return score_many({"the system": candidates}, references, spice)["the system"]


def score_many(
    systems: Systems,
    references: References,
    spice: "str | spice_metric.Settings" = "none",
    meteor_tables: Path | None = None,
) -> dict[str, Scores]:
    """`score` of many systems: system -> metric -> (corpus score, clip scores)."""
    evaluated = evaluate_many(systems, references, spice, meteor_tables)
    return {system: evaluation.scores for system, evaluation in evaluated.items()}


def evaluate_many(
    systems: Systems,
    references: References,
    spice: "str | spice_metric.Settings" = "none",
    meteor_tables: Path | None = None,
    similarity: bool = False,
) -> dict[str, Evaluation]:
    """Scores of many systems and the statistics behind them, by system.

    Each Java program starts once for all of them, and the references are
    tokenised (and for SPICE parsed) once.

    Args:
        systems: candidates of each system.
        references: as in `score`; the clips' order is that of this mapping.
        spice: as in `score`.
        meteor_tables: a folder in which METEOR's table for these references is kept
            from one evaluation to the next, for a faster start.
        similarity: add the sentence similarity, which needs a package of its own:
            see `workflow_src.metrics.sentence_similarity`.

    Raises:
        InputError: as `score`, or what was asked for is not installed.
    """
    settings = spice_metric.settings(spice)
    check(systems, references)
    if similarity:
        sentence_similarity.require()
    clips = list(references)
    reference_tokens, system_tokens = tokenize(systems, references)
    real = list(reference_tokens.values())
    said = {
        system: [tokens[clip] for clip in clips]
        for system, tokens in system_tokens.items()
    }
    table = meteor_tables and paraphrases.cut(chain.from_iterable(real), meteor_tables)
    with meteor.Meteor(table) as process:  # reads its table while others are counted
        evaluated = {system: _n_grams(own, real) for system, own in said.items()}
        for system, own in said.items():
            _add_meteor(evaluated[system], process, own, real)
    scores = {system: evaluation.scores for system, evaluation in evaluated.items()}
    order = [*METRICS]
    if settings.kind == "java":
        order += _add_spice(scores, system_tokens, reference_tokens, settings)
    elif settings.kind == "python":
        order += _add_spice(scores, systems, references, settings)
    if similarity:
        by_system = sentence_similarity.score_many(systems, references)
        for system, similar in by_system.items():
            scores[system][sentence_similarity.NAME] = (_mean(similar), similar)
        order.append(sentence_similarity.NAME)
    return {
        system: Evaluation({name: own.scores[name] for name in order}, own.statistics)
        for system, own in evaluated.items()
    }


def corpus_columns(metric: str) -> tuple[str, ...]:
    """What a metric of a corpus is made of: statistics of the clips, or their scores.

    Names of `Evaluation.statistics` for BLEU and METEOR, else the metric's own.
    """
    if metric in BLEU:
        return bleu.STATISTICS
    return meteor.STATISTICS if metric == "METEOR" else (metric,)


def corpus_score(metric: str, clips: Mapping[str, NDArray[np.float64]]) -> CorpusScore:
    """A metric as a function of how often each clip stands in the corpus.

    CIDEr keeps the document frequencies of the whole test set: see `mean_of_clips`.

    Args:
        metric: its name, as in the scores.
        clips: (N,) by name: the `corpus_columns` of the metric.
    """
    columns = [clips[name] for name in corpus_columns(metric)]
    if metric in BLEU:
        order = 1 + BLEU.index(metric)
        return ScoreOfSums(
            np.column_stack(columns), lambda sums: bleu.corpus_bleu(sums, order)
        )
    if metric == "METEOR":
        return ScoreOfSums(np.column_stack(columns), meteor.corpus_meteor)
    return mean_of_clips(columns[0])


def prepare_references(
    references: References,
    settings: "spice_metric.Settings",
    meteor_tables: Path,
) -> None:
    """Do once what each evaluation on these references needs.

    Cuts METEOR's table into the folder `meteor_tables`, and parses the captions for
    SPICE into its cache, in the form in which `score` asks.
    """
    captions = [text for texts in references.values() for text in texts]
    tokens = ptb_tokenize(captions)
    paraphrases.cut(tokens, meteor_tables)
    if settings.kind != "none":
        spice_metric.parse(tokens if settings.kind == "java" else captions, settings)


def cider(
    systems: Systems, references: References
) -> dict[str, tuple[float, list[float]]]:
    """CIDEr alone of many systems, as `score_many` gives it."""
    check(systems, references)
    reference_tokens, system_tokens = tokenize(systems, references)
    real = list(reference_tokens.values())
    return {
        system: _cider(list(own.values()), real)
        for system, own in system_tokens.items()
    }


def quick_cider(
    candidates: Candidates, references: References
) -> tuple[float, list[float]]:
    """CIDEr-D on lower-case words split at white space, without `,.!?;:"`.

    No Java: for choosing an epoch on the validation set. It differs a little
    from CIDEr on Penn Treebank tokens, so tables do not print it.
    """
    check({"the system": candidates}, references)
    own = [" ".join(plain_words(candidates[clip])) for clip in references]
    real = [[" ".join(plain_words(t)) for t in texts] for texts in references.values()]
    return _cider(own, real)


def _n_grams(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> Evaluation:
    """BLEU, ROUGE-L and CIDEr of texts of tokens."""
    from pycocoevalcap.rouge.rouge import Rouge

    counted = bleu.bleu(candidates, references)
    scores: Scores = {
        name: (corpus, clips)
        for name, corpus, clips in zip(BLEU, counted.corpus, counted.clips, strict=True)
    }
    corpus, clips = Rouge().compute_score(*_by_number(candidates, references))
    scores["ROUGE-L"] = (float(corpus), clips.tolist())
    scores["CIDEr"] = _cider(candidates, references)
    return Evaluation(scores, _by_name(bleu.STATISTICS, counted.statistics))


def _cider(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[float, list[float]]:
    from pycocoevalcap.cider.cider import Cider

    corpus, clips = Cider().compute_score(*_by_number(candidates, references))
    return float(corpus), clips.tolist()


def _by_number(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[dict[int, Sequence[str]], dict[int, list[str]]]:
    """References and candidates in the form that `pycocoevalcap` takes."""
    return dict(enumerate(references)), {
        number: [text] for number, text in enumerate(candidates)
    }


def _add_meteor(
    evaluation: Evaluation,
    process: meteor.Meteor,
    candidates: Sequence[str],
    references: Sequence[Sequence[str]],
) -> None:
    evaluation.scores["METEOR"] = process.score(candidates, references)
    counts = process.statistics(candidates, references)
    evaluation.statistics.update(_by_name(meteor.STATISTICS, counts))


def _by_name(
    names: Sequence[str], counts: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    return dict(zip(names, counts.T, strict=True))


def _add_spice(
    scores: dict[str, Scores],
    systems: Systems,
    references: References,
    settings: "spice_metric.Settings",
) -> tuple[str, str]:
    """Add SPICE, and its mean with CIDEr; returns the names of both."""
    name, combined = settings.names
    by_system = spice_metric.score_many(systems, references, settings)
    for system, clips in by_system.items():
        cider = scores[system]["CIDEr"][1]
        both = [(a + b) / 2 for a, b in zip(cider, clips, strict=True)]
        scores[system] |= {name: (_mean(clips), clips), combined: (_mean(both), both)}
    return name, combined


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)
