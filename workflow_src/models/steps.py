"""Steps that make what models start from."""

from __future__ import annotations

from pathlib import Path

from workflow_src.files import whole_file, write_atomically
from workflow_src.models.catalogue import FOLDER


def word2vec(*, captions: Path, vocabulary: Path, width: int, output: Path) -> None:
    """Train word vectors on the training captions.

    Args:
        captions: of the training split.
        vocabulary: their words.
        width: D of the vectors.
        output: float32 (V, D), .npy.
    """
    import numpy as np

    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary
    from workflow_src.models.word2vec import word_vectors

    texts = [text for _, text in read_pairs(captions)]
    vectors = word_vectors(texts, Vocabulary.load(vocabulary), width=width)
    with whole_file(output) as file:
        np.save(file, vectors)


def word_pieces(*, captions: Path, size: int, output: Path) -> None:
    """Learn the WordPieces of the small text encoder from the training captions.

    Args:
        captions: of the training split.
        size: of their vocabulary.
        output: folder of the tokenizer.
    """
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.models.word_pieces import train_wordpieces

    train_wordpieces([text for _, text in read_pairs(captions)], size, output)


def fetch(
    *,
    name: str,
    sha256: list[str] | None = None,
    folder: Path = FOLDER,
    done: Path | None = None,
) -> None:
    """Fetch a published file that a model starts from.

    Args:
        name: of the catalogue, e.g. `audioset_deit`.
        sha256: `file=sum` of files whose sum nobody published.
        folder: where published files go.
        done: is written at the end, if given.
    """
    from workflow_src.errors import InputError
    from workflow_src.models.pretrained import fetch as fetch_published

    pinned = {}
    for pair in sha256 or []:
        file, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--sha256 {pair}: expected FILE=SUM")
        pinned[file] = value
    fetch_published(name, folder, pinned)
    if done is not None:
        write_atomically(done, "")


def fetch_checkpoint(*, name: str, revision: str, folder: Path, done: Path) -> None:
    """Fetch a checkpoint of the Hugging Face hub at a commit.

    Weights as safetensors where there are any, else as torch wrote them.

    Args:
        name: owner/name, or the name alone.
        revision: the commit.
        folder: where its files go.
        done: is written at the end.
    """
    from huggingface_hub import list_repo_files, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    from workflow_src.errors import InputError, in_one_line

    texts = ["*.json", "*.txt", "*.model"]
    try:
        files = list_repo_files(name, revision=revision)
        safe = any(file.endswith(".safetensors") for file in files)
        weights = "*.safetensors" if safe else "pytorch_model*.bin"
        snapshot_download(
            name,
            revision=revision,
            local_dir=folder,
            allow_patterns=[*texts, weights],
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(
            f"{name} at {revision} cannot be fetched: {in_one_line(error)}; fetch its "
            f"files in another way, and put them into {folder}"
        ) from None
    write_atomically(done, "")
