"""Sound files and sentences in the common space of a retriever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import CPU_CLIPS
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.features import log_mels
from workflow_src.inference.sounds import OnBad, refuse
from workflow_src.inference.windows import in_batches, windows_of


@dataclass(frozen=True)
class EmbeddedWindow:
    """A window as a vector.

    Attributes:
        file: path of the sound.
        start: seconds.
        end: seconds.
        embedding: (D,) float32 of length 1; None where the window is silent.
    """

    file: str
    start: float
    end: float
    embedding: NDArray[np.float32] | None


@torch.inference_mode()
def embed_files(
    retriever: Retriever,
    files: Iterable[str],
    *,
    batch: int = CPU_CLIPS,
    on_bad: OnBad = refuse,
) -> Iterator[EmbeddedWindow]:
    """Embed sound files, window by window, as they are read.

    Args:
        retriever: the model.
        files: paths of sounds.
        batch: most windows embedded at once.
        on_bad: is told of each bad file, before its last window is given.

    Raises:
        InputError: batch is below 1, or a file is bad under the default of `on_bad`.
    """
    if batch < 1:
        raise InputError(f"batch is at least 1, not {batch}")
    front = retriever.make_front_end()
    for windows in in_batches(windows_of(files, retriever.audio, on_bad), batch):
        heard = [window for window in windows if not window.silent]
        embedded: list[NDArray[np.float32]] = []
        if heard:
            mels = log_mels(heard, front, retriever.device)
            embedded = list(retriever.model.embed_audio(mels).cpu().numpy())
        vectors = iter(embedded)
        for window in windows:
            own = None if window.silent else next(vectors)
            yield EmbeddedWindow(window.file, window.start, window.end, own)


def embed_texts(retriever: Retriever, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed sentences: (N, D), rows of length 1.

    Raises:
        InputError: there is none, or one is empty.
    """
    if not texts or not all(text.strip() for text in texts):
        raise InputError("a sentence to compare sounds with is empty, or there is none")
    vectors: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for some in in_batches(texts, CPU_CLIPS):
            vectors.append(retriever.model.embed_text(some).cpu().numpy())
    return np.concatenate(vectors)
