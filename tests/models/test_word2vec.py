import subprocess
import sys

import numpy as np
import pytest

from workflow_src.corpus.text import Vocabulary
from workflow_src.models.word2vec import word_vectors

CAPTIONS = ["A dog barks, twice", "a man speaks", "rain falls and a man speaks"] * 3


def test_a_vector_a_word():
    vocabulary = Vocabulary.from_captions(CAPTIONS)
    vectors = word_vectors(CAPTIONS, vocabulary, width=16)
    assert vectors.shape == (len(vocabulary), 16)
    assert vectors.dtype == np.float32
    assert len(np.unique(vectors, axis=0)) == len(vocabulary)


def test_the_same_in_every_process():
    """Python's hash of a string differs from process to process; the vectors do not."""
    program = (
        "from workflow_src.corpus.text import Vocabulary\n"
        "from workflow_src.models.word2vec import word_vectors\n"
        f"captions = {CAPTIONS!r}\n"
        "vectors = word_vectors(captions, Vocabulary.from_captions(captions), 16)\n"
        "print(vectors.tobytes().hex())"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": "123", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    here = word_vectors(CAPTIONS, Vocabulary.from_captions(CAPTIONS), 16)
    assert found == here.tobytes().hex()


def test_a_word_that_no_caption_has():
    vocabulary = Vocabulary.from_captions([*CAPTIONS, "zebra"])
    with pytest.raises(ValueError, match="'zebra'"):
        word_vectors(CAPTIONS, vocabulary, width=8)
