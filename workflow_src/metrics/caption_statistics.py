"""What captions are like, beside how well they match: length, variety, memory.

PairMix joins captions in training, and makes a captioner say longer ones; n-gram
metrics alone do not show that, nor whether it says one of a few sentences each time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from workflow_src.errors import InputError
from workflow_src.metrics.caption_input import check
from workflow_src.metrics.tokenization import plain_words

NAMES = {
    "vocabulary": "Vocabulary (words)",
    "distinct": "Distinct captions (%)",
    "length": "Mean length (words)",
    "longer": "Longer than any reference (%)",
    "verbatim": "Training captions verbatim (%)",
}


@dataclass(frozen=True)
class CaptionStatistics:
    """Of the captions that one system gives a test set.

    Captions are compared as words: lower case, without `,.!?;:"`.

    Attributes:
        vocabulary: number of different words in all captions.
        distinct: per cent: different captions of all captions.
        length: mean number of words.
        longer: per cent of the captions with more words than any of their references.
        verbatim: per cent of the captions that are training captions word for word.
    """

    vocabulary: int
    distinct: float
    length: float
    longer: float
    verbatim: float

    def by_name(self) -> dict[str, float]:
        """The figures by the names that tables print."""
        return {NAMES[field]: value for field, value in asdict(self).items()}


def caption_statistics(
    candidates: Mapping[str, str],
    references: Mapping[str, Sequence[str]],
    training: Iterable[str],
) -> CaptionStatistics:
    """Describe one system's captions.

    Args:
        candidates: caption of each clip.
        references: captions of the same clips.
        training: the captions that the system was trained on.

    Raises:
        InputError: what `captioning.score` does not take, or no training caption.
    """
    check({"the system": candidates}, references)
    known = {tuple(plain_words(caption)) for caption in training}
    if not known:
        raise InputError("there are no training captions to compare with")
    said = {clip: tuple(plain_words(candidates[clip])) for clip in references}
    longest = {
        clip: max(len(plain_words(text)) for text in texts)
        for clip, texts in references.items()
    }

    def share(count: int) -> float:
        return 100 * count / len(said)

    return CaptionStatistics(
        vocabulary=len({word for words in said.values() for word in words}),
        distinct=share(len(set(said.values()))),
        length=sum(map(len, said.values())) / len(said),
        longer=share(sum(len(words) > longest[clip] for clip, words in said.items())),
        verbatim=share(sum(words in known for words in said.values())),
    )
