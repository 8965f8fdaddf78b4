"""Steps that learn from the training captions alone."""

from workflow_src.commands.arguments import add_step


def add(steps) -> None:
    """Add the steps of this stage to the command line."""
    add_step(steps, "vocabulary", _vocabulary)
    add_step(steps, "word2vec", _word2vec)
    add_step(steps, "word-pieces", _word_pieces)


def _vocabulary(parsed, config, layout) -> None:
    """Collect the words of the training captions."""
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary

    captions = [caption for _, caption in read_pairs(layout.captions("train"))]
    Vocabulary.from_captions(captions).save(layout.vocabulary)


def _word2vec(parsed, config, layout) -> None:
    """Train word vectors on the training captions."""
    import numpy as np

    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary
    from workflow_src.models.word2vec import word_vectors

    vectors = word_vectors(
        [caption for _, caption in read_pairs(layout.captions("train"))],
        Vocabulary.load(layout.vocabulary),
        width=config["captioning"]["model"]["decoder_width"],
    )
    np.save(layout.word2vec, vectors)


def _word_pieces(parsed, config, layout) -> None:
    """Learn the WordPieces of the small text encoder from the training captions."""
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.models.retrieval import train_wordpieces

    train_wordpieces(
        [caption for _, caption in read_pairs(layout.captions("train"))],
        config["retrieval"]["model"]["text_pieces"],
        layout.word_pieces,
    )
