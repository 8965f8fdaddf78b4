import pytest

from workflow_src import pycocoevalcap_files, wordnet
from workflow_src.errors import InputError


def test_words_of_one_meaning_share_a_synset():
    synsets = wordnet.synsets()
    assert set(synsets["car"]) & set(synsets["automobile"])
    assert set(synsets["man"]) & set(synsets["adult_male"])
    assert not set(synsets["car"]) & set(synsets["dog"])


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("dogs", ("dog",)),
        ("flies", ("fly",)),
        ("geese", ("goose",)),
        ("blew", ("blow",)),
        ("riding", ("ride",)),  # not "rid": the first ending that fits
        ("bushes", ("bush",)),
        ("glass", ()),
        ("as", ()),
        ("xyzzys", ()),
    ],
)
def test_base_forms(word, forms):
    assert wordnet.base_forms(word) == forms


def test_missing_package_is_one_sentence(monkeypatch):
    monkeypatch.setattr(pycocoevalcap_files, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="`pycocoevalcap` is not installed"):
        pycocoevalcap_files.packaged_file("meteor", "meteor-1.5.jar")
