import pytest

from workflow_src.errors import InputError
from workflow_src.metrics.caption_statistics import NAMES, caption_statistics

REFERENCES = {
    "a": ["A dog barks, twice", "A dog is barking"],
    "b": ["Rain falls"],
    "c": ["A man speaks"],
    "d": ["Rain falls"],
}
CANDIDATES = {
    "a": "a dog barks",
    "b": "Rain falls, and wind blows",
    "c": "A dog barks.",
    "d": "",
}


def test_captions_are_described_by_their_words():
    found = caption_statistics(CANDIDATES, REFERENCES, ["A dog barks!", "Wind blows"])
    assert found.vocabulary == 8  # a dog barks; rain falls and wind blows
    assert found.distinct == 75
    assert found.length == (3 + 5 + 3 + 0) / 4
    assert found.longer == 25  # only b's
    assert found.verbatim == 50  # a's and c's
    assert list(found.by_name()) == list(NAMES.values())
    assert found.by_name()["Mean length (words)"] == found.length


def test_references_described_as_candidates_are_never_longer():
    candidates = {clip: texts[0] for clip, texts in REFERENCES.items()}
    training = [texts[-1] for texts in REFERENCES.values()]
    found = caption_statistics(candidates, REFERENCES, training)
    assert found.longer == 0
    assert found.verbatim == 75


def test_missing_captions_are_named():
    with pytest.raises(InputError, match="no training captions"):
        caption_statistics(CANDIDATES, REFERENCES, [])
    with pytest.raises(InputError, match="no candidate for clip 'd'"):
        caption_statistics({"a": "", "b": "", "c": ""}, REFERENCES, ["x"])
