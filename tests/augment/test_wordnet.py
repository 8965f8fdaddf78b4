import pytest

from workflow_src.augment.wordnet import synonyms


@pytest.mark.parametrize(
    ("word", "some"),
    [
        ("car", {"auto", "automobile", "motorcar"}),
        ("dog", {"hound", "domestic dog"}),
        ("loudly", {"aloud"}),
        ("vehicles", {"fomite"}),  # ending taken off
        ("blew", {"puff", "gust"}),  # irregular form
    ],
)
def test_known_synonyms(word, some):
    assert some <= set(synonyms(word))
    assert word not in synonyms(word)


def test_base_forms_are_no_synonyms():
    assert "bark" not in synonyms("barks")
    assert synonyms("barks") == synonyms("bark")


@pytest.mark.parametrize("word", ["the", "xyzzy", ""])
def test_no_synonyms(word):
    assert synonyms(word) == ()
