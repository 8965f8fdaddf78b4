import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.corpus.text import Vocabulary, tokenize
from workflow_src.errors import InputError

CAPTIONS = ["A dog barks, then a man speaks.", 'Man: "Rain!" A dog\'s bark']


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A dog Barks, twice.", ["a", "dog", "barks", "twice"]),
        ('Stop! "Wait": who? me; you', ["stop", "wait", "who", "me", "you"]),
        ("a dog's tick-tock (loud)", ["a", "dog's", "tick-tock", "(loud)"]),
        ("  two\tspaces \n here ", ["two", "spaces", "here"]),
        (" . , ", []),
        ("one,two", ["onetwo"]),
    ],
)
def test_words_of_a_caption(caption, words):
    assert tokenize(caption) == words


def test_words_stand_by_first_appearance():
    vocabulary = Vocabulary.from_captions(CAPTIONS)
    specials, words = ["<sos>", "<eos>"], tokenize("a dog barks then man speaks rain")
    assert vocabulary.words == [*specials, *words, "dog's", "bark"]
    assert (vocabulary.sos, vocabulary.eos, len(vocabulary)) == (0, 1, 11)


def test_round_trip_in_a_batch():
    vocabulary = Vocabulary.from_captions(CAPTIONS)
    tokens = vocabulary.batch(CAPTIONS, clips=["a.wav", "b.wav"])
    assert tokens.dtype == torch.int64
    assert tokens.tolist() == [
        [0, 2, 3, 4, 5, 2, 6, 7, 1],
        [0, 6, 8, 2, 9, 10, 1, 1, 1],
    ]
    said = [vocabulary.decode(row.tolist()) for row in tokens]
    assert said == ["a dog barks then a man speaks", "man rain a dog's bark"]
    assert vocabulary.padding(tokens).sum(dim=1).tolist() == [0, 2]
    assert vocabulary.padding(tokens[:, 1:]).sum(dim=1).tolist() == [0, 2]


@given(st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1), min_size=1))
@settings(max_examples=50, deadline=None)
def test_round_trip(captions):
    captions = [" ".join(words) for words in captions]
    vocabulary = Vocabulary.from_captions(captions)
    for caption in captions:
        assert vocabulary.decode(vocabulary.encode(caption)) == caption
    tokens = vocabulary.batch(captions)
    lengths = [len(vocabulary.encode(caption)) for caption in captions]
    assert (~vocabulary.padding(tokens)).sum(dim=1).tolist() == lengths


@pytest.mark.parametrize("word", ["cat", "<eos>", "<sos>"])
def test_a_word_outside_names_itself_and_the_clip(word):
    vocabulary = Vocabulary.from_captions(CAPTIONS)
    with pytest.raises(InputError, match=rf"'{word}' in the caption of x\.wav"):
        vocabulary.batch(["a dog", f"a {word}"], clips=["w.wav", "x.wav"])


def test_a_caption_without_words_names_the_clip():
    with pytest.raises(InputError, match=r"of x\.wav has no words"):
        Vocabulary.from_captions(CAPTIONS).encode("...", clip="x.wav")


def test_saved_and_loaded(tmp_path):
    # "\x85" is white space to str.split, "\u2028" a line end to str.splitlines.
    vocabulary = Vocabulary.from_captions([*CAPTIONS, "é b\u2028c d\x85e"])
    path = tmp_path / "text" / "vocabulary.txt"
    vocabulary.save(path)
    assert Vocabulary.load(path).words == vocabulary.words
    assert path.read_text(encoding="utf-8").startswith("<sos>\n<eos>\na\ndog\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n<sos>\n", "no <eos>"),
        ("<sos>\n<eos>\na\na\n", "'a' twice"),
        ("", "no <sos>"),
    ],
)
def test_a_file_that_is_no_vocabulary(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"words\.txt: .*{message}"):
        Vocabulary.load(path)
    with pytest.raises(InputError, match="No such file"):
        Vocabulary.load(tmp_path / "none.txt")
