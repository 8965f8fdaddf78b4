"""The sounds of a folder that fit a sentence."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import CPU_CLIPS
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.embeddings import embed_files, embed_texts
from workflow_src.inference.index import (
    DATABASE,
    AudioIndex,
    EmbeddedFile,
    Hit,
    Stretch,
    open_index,
)
from workflow_src.inference.loading import load_retriever, model_digest
from workflow_src.inference.sounds import BadFile, OnBad, names_below, refuse
from workflow_src.models.settings import RetrieverConfig
from workflow_src.progress import say, track

FOLDER = ".audio-index"


@dataclass(frozen=True)
class FoundFile:
    """A sound that was found.

    Attributes:
        file: its path, beginning with the folder as it was given.
        start: of its window that fits best, seconds.
        end: of that window.
        score: cosine of the window and the query, from -1 to 1.
    """

    file: str
    start: float
    end: float
    score: float


def search_folder(
    run: str | Path | Retriever,
    folder: str | Path,
    query: str,
    *,
    top: int = 10,
    update: bool = True,
    show_progress: bool = False,
    batch: int = CPU_CLIPS,
    device: str = "auto",
    threads: int | None = None,
    on_bad: OnBad = refuse,
) -> list[FoundFile]:
    """Find the sounds below a folder that fit a sentence best.

    The first search embeds every sound, and keeps the embeddings in
    `FOLDER/.audio-index/`, one folder a model; later ones embed what is new.

    Args:
        run: see `workflow_src.inference.runs`, or a retriever that is loaded.
        folder: of the sounds, with all folders in it.
        query: what shall be heard.
        top: files wanted.
        update: look for new, changed and removed files before; without, what the
            index has is searched.
        show_progress: of the embedding, on stderr.
        batch: most windows embedded at once.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        on_bad: is told of each sound that cannot be used.

    Returns:
        Up to `top` files, the best first; each once, by its best window.

    Raises:
        InputError: bad arguments, no such folder or retriever, no sounds, or a bad
            file under the default of `on_bad`.
    """
    if top < 1:
        raise InputError(f"top is at least 1, not {top}")
    if not Path(folder).is_dir():
        raise InputError(f"{folder} is no folder")
    indexed = IndexedFolder(load_retriever(run, device, threads), folder)
    vectors = embed_texts(indexed.retriever, [query])
    if update:
        indexed.update(batch=batch, show_progress=show_progress, on_bad=on_bad)
    return indexed.nearest(vectors, top)


class IndexedFolder:
    """A folder of sounds with its index by one model.

    Args:
        retriever: the model.
        folder: of the sounds, with all folders in it.

    Raises:
        InputError: there is no such folder.
    """

    def __init__(self, retriever: Retriever, folder: str | Path) -> None:
        self.sounds = Path(folder)
        if not self.sounds.is_dir():
            raise InputError(f"{folder} is no folder")
        self.retriever = retriever
        self.place = index_place(self.sounds, model_digest(retriever))
        self.dimension = retriever.record.part("model", RetrieverConfig).embedding

    def update(
        self,
        *,
        batch: int = CPU_CLIPS,
        show_progress: bool = False,
        on_bad: OnBad = refuse,
    ) -> None:
        """Embed what is new or changed; the arguments are those of `search_folder`."""
        with open_index(self.sounds, self.place, self.dimension) as index:
            _update(index, self.retriever, batch, show_progress, on_bad)

    def nearest(self, vectors: NDArray[np.float32], top: int) -> list[FoundFile]:
        """The files nearest to any of some vectors (N, D), the best first.

        Raises:
            InputError: there is no index yet.
        """
        if not (self.place / DATABASE).exists():
            raise InputError(
                f"{self.sounds} has no index by this model yet: let it be updated"
            )
        best: dict[str, Hit] = {}
        with open_index(self.sounds, self.place, self.dimension) as index:
            for vector in vectors:
                for hit in index.search(vector, top):
                    known = best.setdefault(hit.name, hit)
                    best[hit.name] = max(known, hit, key=lambda one: one.score)
        ranked = sorted(best.values(), key=lambda one: -one.score)[:top]
        return [
            FoundFile(str(self.sounds / hit.name), hit.start, hit.end, hit.score)
            for hit in ranked
        ]


def index_place(sounds: Path, model: str) -> Path:
    """The folder of an index, made where it is missing.

    It lies in the folder of the sounds. Where that cannot be written, it lies in the
    user's cache, and a line on stderr says so.

    Args:
        sounds: folder of the sounds.
        model: digest of the model.
    """
    place = sounds / FOLDER / model
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not os.access(place, os.W_OK):
            raise PermissionError(None, "it is read-only")
        ignored = sounds / FOLDER / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
        return place
    except OSError as error:
        caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        name = hashlib.sha256(os.fsencode(sounds.resolve())).hexdigest()[:16]
        instead = Path(caches) / "pairmix-workflow" / "audio-index" / name / model
        say(f"{place} cannot be written ({error.strerror}): the index is in {instead}")
        instead.mkdir(parents=True, exist_ok=True)
        return instead


def _update(
    index: AudioIndex,
    retriever: Retriever,
    batch: int,
    show_progress: bool,
    on_bad: OnBad,
) -> None:
    names = names_below(index.sounds)
    if not names:
        raise InputError(f"{index.sounds} has no sound files")

    def embed(some: list[str]) -> Iterator[EmbeddedFile]:
        return _embedded(index.sounds, some, retriever, batch)

    shown: Iterable[str] = track(names, "indexing") if show_progress else names
    index.update(shown, embed, on_bad)


def _embedded(
    sounds: Path, names: list[str], retriever: Retriever, batch: int
) -> Iterator[EmbeddedFile]:
    """Embed files; those that are bad have a problem and no windows."""
    problems: dict[str, str] = {}

    def note(bad: BadFile) -> None:
        problems[bad.file] = bad.reason

    name_of = {str(sounds / name): name for name in names}
    windows = embed_files(retriever, list(name_of), batch=batch, on_bad=note)
    good: dict[str, EmbeddedFile] = {}
    for file, own in itertools.groupby(windows, key=lambda window: window.file):
        heard = [(w, w.embedding) for w in own if w.embedding is not None]
        good[file] = EmbeddedFile(
            name=name_of[file],
            windows=[Stretch(window.start, window.end) for window, _ in heard],
            vectors=[vector for _, vector in heard],
        )
    for file, name in name_of.items():
        if file in problems:
            yield EmbeddedFile(name, problem=problems[file])
        else:
            yield good[file]
