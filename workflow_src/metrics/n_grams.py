"""ROUGE-L (Lin 2004) and CIDEr-D (Vedantam et al. 2015), as `pycocoevalcap` has them.

Candidates are texts of tokens, and so are the references of each. Scores are
fractions: of the corpus, and of each candidate.
"""

from collections.abc import Sequence


def rouge_l(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[float, list[float]]:
    """ROUGE-L of texts of tokens."""
    from pycocoevalcap.rouge.rouge import Rouge

    corpus, clips = Rouge().compute_score(*_by_number(candidates, references))
    return float(corpus), clips.tolist()


def cider(
    candidates: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[float, list[float]]:
    """CIDEr-D of texts of tokens."""
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
