"""What the trainings of both tasks read, and the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from workflow_src.audio.frontend import front_end
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import LogMelStore, WaveformStore
from workflow_src.augment.recipe import Recipe
from workflow_src.corpus.identity import read_identity
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import in_words
from workflow_src.errors import InputError
from workflow_src.files import file_digest
from workflow_src.models.run_folder import RunRecord, run_record
from workflow_src.training.batches import Batches, CaptionArrays
from workflow_src.training.compute import Compute
from workflow_src.training.ranks import Ranks
from workflow_src.training.settings import (
    CaptioningSettings,
    Resident,
    TrainingSettings,
)


@dataclass(frozen=True)
class TrainingFiles:
    """The files that a training reads.

    Attributes:
        corpus: `corpus.yaml`.
        captions: of the training split.
        val_captions: of the validation split.
        waveforms: store of the training split.
        log_mels: store of the training split, by the model's front end.
        val_log_mels: store of the validation split.
        encoder: weights that the audio encoder starts from, or None.
        text: what the words are learned from: vocabulary, word vectors, WordPieces;
            each under its name.
    """

    corpus: Path
    captions: Path
    val_captions: Path
    waveforms: Path
    log_mels: Path
    val_log_mels: Path
    encoder: Path | None
    text: dict[str, Path]

    def digests(self) -> dict[str, str]:
        """Give the SHA-256 of each thing that is read; of a store, its index's."""
        files = {
            "captions": self.captions,
            "val_captions": self.val_captions,
            "encoder": self.encoder,
            **self.text,
        }
        of_files = {
            name: file_digest(path) for name, path in files.items() if path is not None
        }
        return of_files | {
            "waveforms": WaveformStore(self.waveforms).digest,
            "log_mels": LogMelStore(self.log_mels).digest,
            "val_log_mels": LogMelStore(self.val_log_mels).digest,
        }

    def record(
        self, settings: TrainingSettings, compute: Compute, ranks: Ranks
    ) -> RunRecord:
        """Make the record of a training on these files."""
        captioning = isinstance(settings, CaptioningSettings)
        return run_record(
            "captioning" if captioning else "retrieval",
            settings,
            self.digests(),
            read_identity(self.corpus),
            in_words(compute.device),
            compute.environment | ranks.environment,
        )

    def batches(
        self,
        settings: TrainingSettings,
        batch_size: int,
        device: torch.device,
        text: CaptionArrays,
        resident: Resident,
    ) -> Batches:
        """Make the mini-batches of a training on these files.

        Args:
            settings: of the training.
            batch_size: B.
            device: of the training.
            text: what the model reads of captions, see `Batches`.
            resident: clips that lie on the device.
        """
        return Batches(
            captions=read_pairs(self.captions),
            waveforms=WaveformStore(self.waveforms),
            log_mels=open_log_mels(self.log_mels, settings.front_end, settings.audio),
            recipe=Recipe.of(settings.recipe),
            front_end=front_end(settings.front_end).to(device),
            batch_size=batch_size,
            seed=settings.seed,
            device=device,
            text=text,
            resident=resident,
        )


def given(file: Path | None, option: str, asked: str) -> Path:
    """A file that the settings ask for.

    Args:
        file: as it was given.
        option: of the step, to give it.
        asked: what the settings say, for the error.

    Raises:
        InputError: it was not given.
    """
    if file is None:
        raise InputError(f"{asked}, but no file was given: {option}")
    return file
