"""A corpus of noise in real stores, for what reads them: written once a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workflow_src.audio.frontend import LogMel
from workflow_src.audio.store import WaveformStore, write_log_mels, write_waveforms
from workflow_src.corpus.identity import CorpusIdentity, write_identity
from workflow_src.corpus.text import Vocabulary
from workflow_src.models.word_pieces import train_wordpieces

SAMPLES = 320_000
WORDS = 4984  # in the vocabulary of the full-size captioner
CAPTION = "a man talks while a dog barks and rain falls on a metal roof"


@dataclass(frozen=True)
class Files:
    """Where the files are.

    Attributes:
        folder: of all of them.
    """

    folder: Path

    @classmethod
    def write(cls, folder: Path, clips: int, front_ends: Mapping[str, LogMel]) -> Files:
        """Write them.

        Args:
            folder: is there and empty.
            clips: in every store.
            front_ends: a store of log-mels each, by name.
        """
        files = cls(folder)
        names = [f"{clip}.wav" for clip in range(clips)]
        write_waveforms(files.waveforms, names, _noise(clips), SAMPLES)
        for name, front_end in front_ends.items():
            write_log_mels(WaveformStore(files.waveforms), front_end, folder / name)
        pairs = [(name, f"{CAPTION} {position}") for position, name in enumerate(names)]
        columns = ["file_name", "caption"]
        pd.DataFrame(pairs, columns=columns).to_csv(files.captions, index=False)
        said = sorted({word for _, text in pairs for word in text.split()})
        others = [f"word{i}" for i in range(WORDS - 2 - len(said))]
        Vocabulary(["<sos>", "<eos>", *said, *others]).save(files.vocabulary)
        train_wordpieces([text for _, text in pairs], 1000, files.word_pieces)
        write_identity(CorpusIdentity("embedded", "bench", "paper"), [files.corpus])
        return files

    @property
    def waveforms(self) -> Path:
        """Store of the clips."""
        return self.folder / "waveforms"

    @property
    def captions(self) -> Path:
        """CSV of one caption a clip."""
        return self.folder / "captions.csv"

    @property
    def vocabulary(self) -> Path:
        """As many words as the full-size captioner has."""
        return self.folder / "vocabulary.txt"

    @property
    def word_pieces(self) -> Path:
        """WordPieces of the captions."""
        return self.folder / "word_pieces"

    @property
    def corpus(self) -> Path:
        """What the corpus is."""
        return self.folder / "corpus.yaml"

    def log_mels(self, front_end: str) -> Path:
        """Store of the clips' log-mels."""
        return self.folder / front_end


def _noise(clips: int) -> Iterator[NDArray[np.int16]]:
    rng = np.random.default_rng(0)
    for _ in range(clips):
        yield (4_000 * rng.standard_normal(SAMPLES)).astype("<i2")
