import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.augment import text
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.text import EDA
from workflow_src.errors import InputError

CAPTIONS = [
    "A man talks as an engine runs loudly, then a dog barks",
    "Water splashes and wind blows",
    "Rain",
    "A vehicle engine idles and a horn honks twice in the distance while birds sing",
]
WORDS = CAPTIONS[3].split()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=60, deadline=None)
@given(
    caption=st.lists(
        st.sampled_from(["a", "dog", "barks", "loudly,", "...", "xyzzy", "é"]),
        min_size=1,
        max_size=12,
    ).map(" ".join),
    seed=st.integers(0, 2**32 - 1),
    rate=st.floats(0.01, 1),
)
def test_never_an_empty_caption(caption, seed, rate):
    eda = EDA(rate, rate, rate, rate)
    (out,) = eda([caption], torch_generator(seed))
    assert out.split()


def test_replacement_changes_n_words_to_synonyms_and_keeps_punctuation():
    words = ["a", "dog,", "barks"]
    out = text.replace_synonyms(words, 1.0, rng())
    assert out[0] == "a"
    assert out[1].endswith(",")
    assert out[1][:-1] in text.synonyms("dog")
    assert out[2] in text.synonyms("barks")
    changed = text.replace_synonyms(WORDS, 0.2, rng(1))
    assert sum(a != b for a, b in zip(WORDS, changed, strict=True)) == 3


def test_insertion_adds_synonyms_of_words_of_the_caption():
    out = text.insert_synonyms(WORDS, 0.2, rng(2))
    added = list(out)
    for word in WORDS:
        added.remove(word)
    known = {s for word in WORDS for s in text.synonyms(word.lower())}
    assert len(added) == 3
    assert set(added) <= known


def test_swap_keeps_the_words():
    out = text.swap_words(WORDS, 0.1, rng(3))
    assert out != WORDS
    assert sorted(out) == sorted(WORDS)
    assert sum(a != b for a, b in zip(WORDS, out, strict=True)) == 2


def test_deletion_takes_the_given_share():
    words = [str(i) for i in range(10_000)]
    kept = text.delete_words(words, 0.1, rng(4))
    assert 0.88 < len(kept) / len(words) < 0.92
    assert kept == sorted(kept, key=int)
    assert text.delete_words(["rain"], 1.0, rng(5)) == ["rain"]


def test_what_cannot_be_done_leaves_the_caption():
    assert text.replace_synonyms(["the", "xyzzy"], 1.0, rng()) == ["the", "xyzzy"]
    assert text.insert_synonyms(["the", "xyzzy"], 1.0, rng()) == ["the", "xyzzy"]
    assert text.swap_words(["rain"], 1.0, rng()) == ["rain"]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ((0, 0, 0.1, 0), lambda out: sorted(out) == sorted(WORDS) and out != WORDS),
        ((0, 0, 0, 0.5), lambda out: len(out) < len(WORDS)),
        ((0, 0.1, 0, 0), lambda out: len(out) > len(WORDS)),
    ],
)
def test_an_operation_of_rate_zero_is_never_drawn(rates, expected):
    for out in EDA(*rates)([CAPTIONS[3]] * 30, torch_generator(6)):
        assert expected(out.split())


def test_the_seed_alone_decides():
    program = (
        "from workflow_src.augment.text import EDA\n"
        "from workflow_src.augment.generators import torch_generator\n"
        f"print(EDA(0.3, 0.3, 0.3, 0.3)({CAPTIONS!r} * 5, torch_generator(8)))"
    )
    here = str(EDA(0.3, 0.3, 0.3, 0.3)(CAPTIONS * 5, torch_generator(8)))
    there = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "12345"},
    )
    assert there.stdout.strip() == here


def test_bad_options_and_captions():
    with pytest.raises(InputError, match="eda: random_swap is from 0 to 1"):
        EDA(random_swap=1.1)
    with pytest.raises(InputError, match="all four rates are 0"):
        EDA(0, 0, 0, 0)
    with pytest.raises(InputError, match="is empty"):
        EDA()(["  "], torch_generator(0))
    with pytest.raises(InputError, match="captions are a list, not the string 'rain'"):
        EDA()("rain")


def test_torchs_own_generator():
    torch.manual_seed(3)
    first = EDA()(CAPTIONS)
    assert EDA()(CAPTIONS) != first
    torch.manual_seed(3)
    assert EDA()(CAPTIONS) == first
