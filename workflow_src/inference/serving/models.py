"""The models behind the page, and what they make of a sound. No web in it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from workflow_src.audio.settings import AudioForm
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.captions import caption_files
from workflow_src.inference.embeddings import embed_files, embed_texts
from workflow_src.inference.features import log_mels
from workflow_src.inference.loading import load_captioner, load_retriever
from workflow_src.inference.runs import TASKS, find_run
from workflow_src.inference.search import FoundFile, IndexedFolder
from workflow_src.inference.sounds import OnBad, refuse
from workflow_src.inference.windows import Window, read_windows
from workflow_src.models.run_folder import SETTINGS, read_record
from workflow_src.report.page.pictures import log_mel_picture

SILENCE = "(silence)"
MOST_WINDOWS = 12  # of a sound that is put in: two minutes at 10 s


@dataclass(frozen=True)
class CaptionRow:
    """What one captioner says of one window.

    Attributes:
        recipe: of its training.
        views: of test-time augmentation: none, tta-10, multi-100.
        start: seconds.
        end: seconds.
        caption: the text; why there is none, where the recipe has no such views.
        probability: length-normalised; None without a caption.
    """

    recipe: str
    views: str
    start: float
    end: float
    caption: str
    probability: float | None


@dataclass(frozen=True)
class Picture:
    """The log-mel of a window: a `data:` address of a PNG, and its times in seconds."""

    address: str
    start: float
    end: float


@dataclass
class Models:
    """What the page answers with; one question at a time.

    Attributes:
        captioners: name of the recipe -> captioner.
        retriever: for the search.
        folder: that is searched.
    """

    captioners: dict[str, Captioner]
    retriever: Retriever | None = None
    folder: IndexedFolder | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def audio(self) -> AudioForm:
        """Form of the clips that the first model hears."""
        return self._first.audio

    @property
    def _first(self) -> Captioner | Retriever:
        first = next(iter(self.captioners.values()), self.retriever)
        assert first is not None  # `load_models` gives at least one
        return first

    def pictures(self, sound: str) -> list[Picture]:
        """The log-mels of a sound, window by window, as the first model is fed them."""
        model = self._first
        windows = _windows(sound, model.audio)
        with self._lock:
            mels = log_mels(windows, model.make_front_end(), model.device).cpu()
        return [
            Picture(log_mel_picture(mel.numpy()), window.start, window.end)
            for mel, window in zip(mels, windows, strict=True)
        ]

    def captions(
        self, sound: str, recipes: Iterable[str], views: Sequence[str]
    ) -> list[CaptionRow]:
        """What captioners say of a sound, by recipe and test-time augmentation.

        Args:
            sound: path of a file.
            recipes: names of captioners.
            views: see `test_time.strategy_named`.

        Raises:
            InputError: the sound cannot be used.
        """
        rows = []
        windows = _windows(sound, self.audio)
        with self._lock:
            for recipe in recipes:
                for tta in views:
                    rows += _rows(sound, recipe, self.captioners[recipe], tta, windows)
        return rows

    def nearest(self, sound: str, top: int) -> list[FoundFile]:
        """The files of the folder that sound like a sound, by its nearest window."""
        retriever, folder = self._search
        with self._lock:
            vectors = [
                window.embedding
                for window in embed_files(retriever, [sound])
                if window.embedding is not None
            ]
            if not vectors:
                raise InputError("there is nothing to hear in this sound")
            return folder.nearest(np.stack(vectors[:MOST_WINDOWS]), top)

    def search(self, sentence: str, top: int) -> list[FoundFile]:
        """The files of the folder that fit a sentence."""
        retriever, folder = self._search
        with self._lock:
            return folder.nearest(embed_texts(retriever, [sentence]), top)

    def heard(self, found: FoundFile) -> Window:
        """The window of a file that was found, to be played."""
        for window in read_windows(found.file, self.audio):
            if window.end > found.start:
                return window
        raise InputError(f"{found.file} has changed since it was indexed")

    @property
    def _search(self) -> tuple[Retriever, IndexedFolder]:
        if self.retriever is None or self.folder is None:
            raise InputError("there is no folder to search: start with --sounds FOLDER")
        return self.retriever, self.folder


def load_models(
    runs: Sequence[str | Path],
    sounds: str | Path | None = None,
    *,
    device: str = "auto",
    threads: int | None = None,
    show_progress: bool = False,
    on_bad: OnBad = refuse,
) -> Models:
    """Load what RUNs mean, and bring the index of a folder up to date.

    A name that fits a captioner and a retriever means both. Of several retrievers the
    first searches.

    Args:
        runs: see `workflow_src.inference.runs`.
        sounds: folder to search; None: there is no search.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        show_progress: of the indexing, on stderr.
        on_bad: is told of each sound that cannot be indexed.

    Raises:
        InputError: there is no such run or folder, or nothing to search it with.
    """
    captioners: dict[str, Captioner] = {}
    retrievers: list[Retriever] = []
    for folder in dict.fromkeys(one for run in runs for one in folders_of(run)):
        if read_record(folder).task == "captioning":
            captioner = load_captioner(folder, device, threads)
            name = str(captioner.record.settings["recipe"]["name"])
            captioners[name if name not in captioners else str(folder)] = captioner
        elif not retrievers:
            retrievers.append(load_retriever(folder, device, threads))
    retriever = retrievers[0] if retrievers else None
    indexed = None
    if sounds is not None:
        if retriever is None:
            raise InputError(
                f"{sounds} cannot be searched: none of the runs is a retriever"
            )
        indexed = IndexedFolder(retriever, sounds)
        indexed.update(show_progress=show_progress, on_bad=on_bad)
    return Models(captioners, retriever, indexed)


def folders_of(run: str | Path) -> list[Path]:
    """The folders of the models that a RUN means: one, or one of each task.

    Raises:
        InputError: there is none.
    """
    if (Path(run) / SETTINGS).is_file():
        return [Path(run)]
    found: list[Path] = []
    complaints: list[InputError] = []
    for task in TASKS:
        try:
            found.append(find_run(run, task))
        except InputError as error:
            complaints.append(error)
    if not found:
        raise complaints[0]
    return list(dict.fromkeys(found))


def _windows(sound: str, form: AudioForm) -> list[Window]:
    windows = []
    for window in read_windows(sound, form):
        windows.append(window)
        if len(windows) > MOST_WINDOWS:
            most = round(MOST_WINDOWS * form.seconds)
            raise InputError(
                f"the sound is longer than {most} s: cut it, or use the command caption"
            )
    return windows


def _rows(
    sound: str, recipe: str, captioner: Captioner, tta: str, windows: Sequence[Window]
) -> list[CaptionRow]:
    try:
        found = list(caption_files(captioner, [sound], tta=tta))
    except InputError as error:
        # Said in the table: other recipes have such views.
        end = windows[-1].end
        return [CaptionRow(recipe, tta, 0.0, end, f"({error})", None)]
    rows = []
    for window in found:
        best = window.captions[0] if window.captions else None
        text = best.text if best else SILENCE
        probability = best.length_normalised_probability if best else None
        rows.append(
            CaptionRow(recipe, tta, window.start, window.end, text, probability)
        )
    return rows
