"""Word vectors to start ACT's embeddings from: word2vec on the training captions."""

import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from workflow_src.corpus.text import END, START, Vocabulary, tokenize

EPOCHS = 30  # passes over the captions; gensim's other defaults stand
SEED = 20


def word_vectors(
    captions: Iterable[str], vocabulary: Vocabulary, width: int
) -> NDArray[np.float32]:
    """Train word2vec (gensim's continuous bag of words, window 5).

    The same captions give the same vectors, in every process of one machine.

    Args:
        captions: the training captions.
        vocabulary: its words must be those of the captions.
        width: numbers of a vector.

    Returns:
        (V, width) float32; row i is the vector of word i.

    Raises:
        ValueError: if the vocabulary has a word that no caption has.
    """
    # Here, as the import takes a second.
    from gensim.models import Word2Vec

    sentences = [[START, *tokenize(caption), END] for caption in captions]
    model = Word2Vec(
        sentences,
        vector_size=width,
        min_count=1,
        workers=1,
        seed=SEED,
        epochs=EPOCHS,
        hashfxn=lambda word: zlib.crc32(word.encode()),
    )
    for word in vocabulary.words:
        if word not in model.wv:
            raise ValueError(f"no caption has the vocabulary's word {word!r}")
    return np.stack([model.wv[word] for word in vocabulary.words]).astype(np.float32)
