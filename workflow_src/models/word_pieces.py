"""WordPieces of the small text encoder, learned from the training captions."""

import json
from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from workflow_src.files import write_atomically

SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MAX_PIECES = 512  # BERT has no positions beyond; longer captions are cut


def train_wordpieces(
    captions: Iterable[str], pieces: int, folder: str | PathLike[str]
) -> None:
    """Learn a WordPiece vocabulary, and write it as a transformers tokenizer.

    The same captions give the same files.

    Args:
        captions: the training captions.
        pieces: size of the vocabulary, the five special pieces included; fewer if
            the captions have no more.
        folder: where tokenizer.json and tokenizer_config.json go; is made.
    """
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )
    from tokenizers.trainers import WordPieceTrainer

    captions = list(captions)
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the letters inside words in an order that differs from
    # process to process, and breaks ties by number: so we number them.
    letters = sorted(set(tokenizer.normalizer.normalize_str(" ".join(captions))))
    inside = [f"##{letter}" for letter in letters if not letter.isspace()]
    trainer = WordPieceTrainer(
        vocab_size=pieces, special_tokens=SPECIAL_PIECES + inside, show_progress=False
    )
    tokenizer.train_from_iterator(captions, trainer)
    vocabulary = tokenizer.get_vocab()
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    numbers = {piece: number for number, piece in enumerate(ordered)}
    final = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    final.normalizer = tokenizer.normalizer
    final.pre_tokenizer = tokenizer.pre_tokenizer
    final.add_special_tokens(SPECIAL_PIECES)
    final.post_processor = processors.BertProcessing(
        ("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"])
    )
    final.decoder = decoders.WordPiece()
    folder = Path(folder)
    write_atomically(folder / "tokenizer.json", final.to_str(pretty=True))
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_PIECES,
        **dict(zip(names, SPECIAL_PIECES, strict=True)),
    }
    text = json.dumps(settings, indent=2) + "\n"
    write_atomically(folder / "tokenizer_config.json", text)
