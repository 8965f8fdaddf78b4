"""Which of given captions fit a sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.csv_files import read_csv
from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import CPU_CLIPS
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.embeddings import (
    EmbeddedWindow,
    embed_files,
    embed_texts,
)
from workflow_src.inference.loading import load_retriever
from workflow_src.inference.sounds import OnBad, refuse, sound_files


@dataclass(frozen=True)
class FittingCaption:
    """A caption, and its cosine with a window, from -1 to 1."""

    caption: str
    score: float


@dataclass(frozen=True)
class DescribedWindow:
    """The captions that fit a window.

    Attributes:
        file: path of the sound.
        start: seconds.
        end: seconds.
        captions: the best first; none of a silent window.
    """

    file: str
    start: float
    end: float
    captions: tuple[FittingCaption, ...]


def describe_files(
    run: str | Path | Retriever,
    paths: str | Path | Iterable[str | Path],
    captions: Sequence[str],
    *,
    top: int | None = None,
    batch: int = CPU_CLIPS,
    device: str = "auto",
    threads: int | None = None,
    on_bad: OnBad = refuse,
) -> Iterator[DescribedWindow]:
    """Rank captions by how they fit sound files, window by window.

    Args:
        run: see `workflow_src.inference.runs`, or a retriever that is loaded.
        paths: files, and folders of them.
        captions: to choose from; one that is there twice counts once.
        top: captions wanted of each window; None: all.
        batch: most windows embedded at once.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        on_bad: is told of each file that cannot be used.

    Yields:
        The windows of each file in turn, in the order of the files.

    Raises:
        InputError: bad arguments, no such retriever, or a bad file under the
            default of `on_bad`.
    """
    if top is not None and top < 1:
        raise InputError(f"top is at least 1, not {top}")
    texts = list(dict.fromkeys(captions))
    retriever = load_retriever(run, device, threads)
    vectors = embed_texts(retriever, texts)
    files = sound_files(paths, on_bad)
    windows = embed_files(retriever, files, batch=batch, on_bad=on_bad)
    return (_described(window, texts, vectors, top) for window in windows)


def read_captions(sources: Iterable[str]) -> list[str]:
    """The captions that words of a command line mean.

    Args:
        sources: each a caption itself, a text file with one a line, or a CSV with a
            column `caption`.

    Raises:
        InputError: a file that cannot be read, or has no captions.
    """
    captions: list[str] = []
    for source in sources:
        ending = Path(source).suffix.lower()
        is_file = ending in (".txt", ".csv") and " " not in source
        if not is_file and not Path(source).is_file():
            captions.append(source)
            continue
        if ending == ".csv":
            found = [row["caption"] for _, row in read_csv(source, ["caption"])]
        else:
            found = _lines(Path(source))
        kept = [text.strip() for text in found if text.strip()]
        if not kept:
            raise InputError(f"{source} has no captions")
        captions += kept
    return captions


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8") from None


def _described(
    window: EmbeddedWindow,
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    top: int | None,
) -> DescribedWindow:
    captions: tuple[FittingCaption, ...] = ()
    if window.embedding is not None:
        scores = vectors @ window.embedding
        order = np.argsort(-scores, kind="stable")[:top].tolist()
        captions = tuple(FittingCaption(texts[n], float(scores[n])) for n in order)
    return DescribedWindow(window.file, window.start, window.end, captions)
