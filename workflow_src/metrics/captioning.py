"""Captioning metrics of coco-caption on Penn Treebank tokens.

BLEU-1..4, METEOR, ROUGE-L and CIDEr (which is CIDEr-D) come from `pycocoevalcap`
and equal its own values; SPICE is in `workflow_src.metrics.spice`. All scores
are fractions, as `pycocoevalcap` gives them; papers print them x 100.

As in coco-caption, the official SPICE reads Penn Treebank tokens too. SPICE-py reads
the captions as they are written: capitals and commas help its parser, and so it
comes closer to the official scores, whichever of the two forms these are of.

Bad captions have defined scores: a candidate without a word (empty, or only
punctuation) scores 0 in every metric, line ends count as spaces, any script and
any length is taken. A reference without a word is an error.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.metrics import paraphrases
from workflow_src.metrics import spice as spice_metric
from workflow_src.metrics.meteor import Meteor
from workflow_src.metrics.tokenization import ptb_tokenize

Scores = dict[str, tuple[float, list[float]]]

# In the order in which tables print them; SPICE and SPIDEr (or their -py
# counterparts) follow.
METRICS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4") + ("METEOR", "ROUGE-L", "CIDEr")


def score(
    candidates: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
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
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, Sequence[str]],
    spice: "str | spice_metric.Settings" = "none",
    meteor_tables: Path | None = None,
) -> dict[str, Scores]:
    """`score` of many systems: system -> metric -> (corpus score, clip scores).

    Each Java program starts once for all of them, and the references are
    tokenised (and for SPICE parsed) once. `meteor_tables` is a folder in which
    METEOR's table for these references is kept from one evaluation to the next, for
    a faster start.
    """
    settings = spice_metric.settings(spice)
    _check(systems, references)
    clips = list(references)
    reference_tokens, system_tokens = _tokenize(systems, references)
    real = reference_tokens.values()
    table = meteor_tables and paraphrases.cut(chain.from_iterable(real), meteor_tables)
    with Meteor(table) as meteor:  # it reads its table while the others are counted
        scores = {
            system: _n_gram_scores(tokens, reference_tokens)
            for system, tokens in system_tokens.items()
        }
        for system, tokens in system_tokens.items():
            scores[system]["METEOR"] = meteor.score(
                [tokens[clip] for clip in clips], list(real)
            )
    if settings.kind == "none":
        return {system: _ordered(found, METRICS) for system, found in scores.items()}
    name, combined = settings.names
    read = (systems, references)
    if settings.kind == "java":
        read = (system_tokens, reference_tokens)
    for system, found in spice_metric.score_many(*read, settings).items():
        cider = scores[system]["CIDEr"][1]
        both = [(a + b) / 2 for a, b in zip(cider, found, strict=True)]
        scores[system][name] = (_mean(found), found)
        scores[system][combined] = (_mean(both), both)
    order = (*METRICS, name, combined)
    return {system: _ordered(found, order) for system, found in scores.items()}


def prepare_references(
    references: Mapping[str, Sequence[str]],
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
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, Sequence[str]],
) -> dict[str, tuple[float, list[float]]]:
    """CIDEr alone of many systems, as `score_many` gives it."""
    _check(systems, references)
    reference_tokens, system_tokens = _tokenize(systems, references)
    return {
        system: _cider({clip: [text] for clip, text in own.items()}, reference_tokens)
        for system, own in system_tokens.items()
    }


def quick_cider(
    candidates: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> tuple[float, list[float]]:
    """CIDEr-D on lower-case words split at white space, without `,.!?;:"`.

    No Java: for choosing an epoch on the validation set. It differs a little
    from CIDEr on Penn Treebank tokens, so tables do not print it.
    """
    _check({"the system": candidates}, references)
    drop = str.maketrans("", "", ',.!?;:"')

    def plain(caption: str) -> str:
        return " ".join(caption.lower().translate(drop).split())

    own = {clip: [plain(candidates[clip])] for clip in references}
    real = {clip: [plain(text) for text in texts] for clip, texts in references.items()}
    return _cider(own, real)


def _check(systems, references) -> None:
    """Raise InputError at the first thing in the input that has no score."""
    if not references:
        raise InputError("there are no reference captions to score against")
    for clip, texts in references.items():
        if isinstance(texts, str) or not texts:
            raise InputError(f"clip {clip!r}: references are not a list of captions")
        for text in texts:
            _check_text(text, f"clip {clip!r}: the reference {text!r}")
            if not any(character.isalnum() for character in text):
                raise InputError(f"clip {clip!r}: the reference {text!r} has no word")
    for system, candidates in systems.items():
        for clip in references:
            if clip not in candidates:
                raise InputError(f"{system} has no candidate for clip {clip!r}")
            text = candidates[clip]
            _check_text(text, f"{system}, clip {clip!r}: the candidate {text!r}")
        for clip in candidates:
            if clip not in references:
                raise InputError(f"{system}: clip {clip!r} has no reference captions")


def _check_text(text, what: str) -> None:
    if not isinstance(text, str):
        raise InputError(f"{what} is not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what} is not valid Unicode") from None


def _tokenize(systems, references):
    """Tokens of the references and of each system, by one start of the tokeniser."""
    sentences = [text for texts in references.values() for text in texts]
    for candidates in systems.values():
        sentences += [candidates[clip] for clip in references]
    tokens = iter(ptb_tokenize(sentences))
    real = {clip: [next(tokens) for _ in texts] for clip, texts in references.items()}
    own = {system: {clip: next(tokens) for clip in references} for system in systems}
    for clip, texts in real.items():
        if not all(texts):
            raise InputError(
                f"clip {clip!r}: a reference has no word for the tokeniser"
            )
    return real, own


def _n_gram_scores(candidates: dict[str, str], references) -> Scores:
    """BLEU, ROUGE-L and CIDEr of tokenised captions."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.rouge.rouge import Rouge

    own = {clip: [text] for clip, text in candidates.items()}
    corpus, clips = Bleu(4).compute_score(references, own, verbose=0)
    scores = {f"BLEU-{n + 1}": (corpus[n], list(clips[n])) for n in range(4)}
    corpus, clips = Rouge().compute_score(references, own)
    scores["ROUGE-L"] = (float(corpus), clips.tolist())
    scores["CIDEr"] = _cider(own, references)
    return scores


def _cider(candidates, references) -> tuple[float, list[float]]:
    from pycocoevalcap.cider.cider import Cider

    corpus, clips = Cider().compute_score(references, candidates)
    return float(corpus), clips.tolist()


def _ordered(scores: Scores, names: Sequence[str]) -> Scores:
    return {name: scores[name] for name in names}


def _mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)
