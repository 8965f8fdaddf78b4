"""The first test-time views of one clip: heard, seen, and captioned one by one."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_src.audio.store import FULL_SCALE, WaveformStore, to_float
from workflow_src.augment.generators import torch_generator
from workflow_src.decoding import beam_search
from workflow_src.device import prepare
from workflow_src.errors import InputError
from workflow_src.evaluation import tta_grid
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.settings import DecodingSettings
from workflow_src.evaluation.views import BLOCK, Views
from workflow_src.files import write_atomically
from workflow_src.report.sample import sample
from workflow_src.report.settings import ViewedSettings


@dataclass(frozen=True)
class Viewed:
    """A clip and V views of it, what SpecAugment masks, and what is said of each.

    Attributes:
        clip: its file name.
        waveforms: (1 + V, T) int16, the clip first.
        log_mels: (1 + V, L, F) in dB.
        masked: (1 + V, L, F) bool.
        captions: 1 + V.
    """

    clip: str
    waveforms: NDArray[np.int16]
    log_mels: NDArray[np.float16]
    masked: NDArray[np.bool_]
    captions: list[str]


def write_views(
    settings: ViewedSettings,
    *,
    run: Path,
    log_mels: Path,
    waveforms: Path,
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Write the first test-time views of one clip, and the caption of each.

    Args:
        settings: how many views, of which clip, and how it is captioned.
        run: folder of the captioner.
        log_mels: store of the test split.
        waveforms: store of the test split.
        output: an .npz; see `Viewed`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    captioner = Captioner.load(run, prepare(device, threads))
    views = tta_grid.views(captioner, settings.test_time, log_mels, waveforms, BLOCK)
    (name,) = sample(views.names, 1, settings.seed)
    mels, masked = views.of(name, settings.views)
    if masked is None:
        masked = torch.zeros(mels.shape, dtype=torch.bool)
    content = Viewed(
        clip=name,
        waveforms=view_waveforms(views, WaveformStore(waveforms), name, settings.views),
        log_mels=mels.cpu().numpy().astype(np.float16),
        masked=masked.cpu().numpy(),
        captions=_captions(captioner, mels, masked, settings.decoding),
    )
    file = io.BytesIO()
    np.savez_compressed(
        file,
        clip=np.array(content.clip),
        waveforms=content.waveforms,
        log_mels=content.log_mels,
        masked=content.masked,
        captions=np.array(content.captions),
    )
    write_atomically(output, file.getvalue())


def read_views(path: Path) -> Viewed:
    """Read what `write_views` wrote.

    Raises:
        InputError: it is missing or is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return Viewed(
                str(file["clip"]),
                file["waveforms"],
                file["log_mels"],
                file["masked"],
                [str(caption) for caption in file["captions"]],
            )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} holds no views: {error}") from None


def view_waveforms(
    views: Views, store: WaveformStore, name: str, count: int
) -> NDArray[np.int16]:
    """What the front end hears of a clip and of its first views.

    Args:
        views: of the clips.
        store: their waveforms.
        name: of the clip.
        count: of the views.

    Returns:
        (1 + count, T) int16; a view that would go beyond ±1 is made quieter.
    """
    clip = to_float(store.read([store.row(name)]), views.device)
    heard = [clip]
    for block in range(-(-count // BLOCK)):
        # As `Views.of` draws, with the waveform in the place of its log-mel.
        again = clip.expand(BLOCK, -1)
        generator = torch_generator(views.seed, "view", name, block)
        heard.append(
            views.augmentation.log_mels(again, again, torch.nn.Identity(), generator)
        )
    samples = torch.cat(heard)[: 1 + count].cpu()
    samples = samples / samples.abs().amax(dim=1, keepdim=True).clamp(min=1)
    scaled = (samples * FULL_SCALE).round().clamp(max=FULL_SCALE - 1)
    return np.asarray(scaled.numpy(), np.int16)


@torch.no_grad()
def _captions(
    captioner: Captioner, log_mels: Tensor, masked: Tensor, decoding: DecodingSettings
) -> list[str]:
    model, vocabulary = captioner.model, captioner.vocabulary
    memory = model.encode(
        log_mels, lambda spectrogram: spectrogram.masked_fill(masked, 0)
    )
    found = beam_search(
        model.step,
        model.start(memory),
        [[1.0]] * len(log_mels),
        sos=vocabulary.sos,
        eos=vocabulary.eos,
        beams=decoding.beams,
        max_words=decoding.max_words,
        order=decoding.order,
    )
    return [vocabulary.decode(hypothesis.words) for hypothesis in found]
