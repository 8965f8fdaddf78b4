"""What a trained captioner says of clips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from workflow_src.audio.frontend import front_end
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.text import Vocabulary, Words
from workflow_src.decoding import NeverFinished, beam_search
from workflow_src.device import prepare, send
from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import clips_of_captioner
from workflow_src.evaluation.settings import DecodingSettings, SearchOrder
from workflow_src.files import write_atomically
from workflow_src.models.act import ACT
from workflow_src.models.caption_model import CaptionModel
from workflow_src.models.families import runs as families
from workflow_src.models.folder_weights import load_into
from workflow_src.models.run_folder import VOCABULARY, RunRecord, read_record
from workflow_src.models.settings import ActConfig
from workflow_src.progress import track


@dataclass(frozen=True)
class Captioner:
    """A trained captioner, ready to caption.

    Attributes:
        model: in evaluation mode.
        vocabulary: its words.
        front_end: the log-mels it is fed; None: those of a front end of its own.
        audio: form of its clips.
        record: what the run is.
        device: where the model is.
    """

    model: CaptionModel
    vocabulary: Words
    front_end: FrontEndSettings | None
    audio: AudioForm
    record: RunRecord
    device: torch.device

    @classmethod
    def load(cls, run: Path, device: torch.device) -> Captioner:
        """Load the captioner of a folder.

        Args:
            run: a run's folder, or one that `export` wrote.
            device: where the model goes.

        Raises:
            InputError: the folder holds no trained captioner.
        """
        record = read_record(run)
        record.require_task("captioning", run)
        if families.is_of_family(record):
            own = families.load(run, record).to(device).eval()
            form = record.part("audio", AudioForm)
            return cls(own, own.words, None, form, record, device)
        vocabulary = Vocabulary.load(run / VOCABULARY)
        sizes = replace(record.part("model", ActConfig), vocabulary=len(vocabulary))
        model = ACT(sizes)
        load_into(model, run)
        return cls(
            model.to(device).eval(),
            vocabulary,
            record.part("front_end", FrontEndSettings),
            record.part("audio", AudioForm),
            record,
            device,
        )

    def open_log_mels(self, folder: Path) -> LogMelStore:
        """Open log-mels that this model reads; see `log_mel_cache.open_log_mels`."""
        if self.front_end is None:
            return LogMelStore(folder)
        return open_log_mels(folder, self.front_end, self.audio)

    def make_front_end(self) -> nn.Module:
        """What turns waveforms into the log-mels it is fed, on its device."""
        if self.front_end is None:
            encoder: Any = self.model.audio  # of a family
            own: nn.Module = encoder.front_end
            return own
        return front_end(self.front_end).to(self.device)


@torch.no_grad()
def caption(
    model: CaptionModel,
    log_mels: LogMelStore,
    vocabulary: Words,
    device: torch.device,
    *,
    beams: int = 3,
    max_words: int = 30,
    order: SearchOrder = "beam",
) -> dict[str, str]:
    """Caption every clip of a store.

    Args:
        model: the captioner, in evaluation mode.
        log_mels: the clips.
        vocabulary: its words.
        device: where the model is.
        beams: hypotheses kept a clip.
        max_words: of a caption.
        order: of the search.

    Returns:
        File name -> caption, in the order of the store.

    Raises:
        InputError: the model's numbers are not finite; names the clip.
    """
    captions = {}
    batch = clips_of_captioner(model, log_mels.shape[1:], device, beams, max_words)
    for start in track(range(0, len(log_mels), batch), "captioning"):
        rows = range(start, min(start + batch, len(log_mels)))
        mels = send(torch.from_numpy(log_mels.read(rows)), device)
        memory = model.encode(mels.float())
        try:
            hypotheses = beam_search(
                model.step,
                model.start(memory),
                [[1.0]] * len(rows),
                sos=vocabulary.sos,
                eos=vocabulary.eos,
                beams=beams,
                max_words=max_words,
                order=order,
            )
        except NeverFinished as error:
            raise InputError(
                f"{log_mels.names[rows[error.clip]]}: no caption could be finished, as "
                "the model's word distributions are not finite: train it anew, with a "
                "lower learning rate"
            ) from None
        for row, hypothesis in zip(rows, hypotheses, strict=True):
            captions[log_mels.names[row]] = vocabulary.decode(hypothesis.words)
    return captions


def caption_split(
    settings: DecodingSettings,
    *,
    run: Path,
    log_mels: Path,
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Caption the clips of a split with a trained model.

    Args:
        settings: of the search.
        run: folder of the captioner.
        log_mels: store of the split.
        output: gets columns file_name, caption.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    captioner = Captioner.load(run, prepare(device, threads))
    captions = caption(
        captioner.model,
        captioner.open_log_mels(log_mels),
        captioner.vocabulary,
        captioner.device,
        beams=settings.beams,
        max_words=settings.max_words,
        order=settings.order,
    )
    table = pd.DataFrame(captions.items(), columns=["file_name", "caption"])
    write_atomically(output, table.to_csv(index=False))
