"""What is to be heard in sound files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from workflow_src.errors import InputError
from workflow_src.evaluation.batch_sizes import CPU_CLIPS
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.settings import DecodingSettings
from workflow_src.inference.features import log_mels
from workflow_src.inference.loading import load_captioner
from workflow_src.inference.n_best import n_best
from workflow_src.inference.sounds import OnBad, refuse, sound_files
from workflow_src.inference.test_time import NONE, WindowViews, strategy_named
from workflow_src.inference.windows import Window, in_batches, windows_of
from workflow_src.tta.generation import Ensemble

MEMORIES = 256  # most that are decoded at once, as in the workflow
DEFAULTS = DecodingSettings()


@dataclass(frozen=True)
class Caption:
    """One caption of a window.

    Attributes:
        text: the caption.
        length_normalised_probability: geometric mean of the probabilities of its
            words and of its end; the search ranks by it, whatever the length.
        sequence_probability: their product: of exactly this caption.
    """

    text: str
    length_normalised_probability: float
    sequence_probability: float


@dataclass(frozen=True)
class CaptionedWindow:
    """The captions of a window.

    Attributes:
        file: path of the sound.
        start: seconds.
        end: seconds.
        captions: the best first; none of a silent window.
    """

    file: str
    start: float
    end: float
    captions: tuple[Caption, ...]


def caption_files(
    run: str | Path | Captioner,
    paths: str | Path | Iterable[str | Path],
    *,
    tta: str = NONE,
    beams: int | None = None,
    top: int = 1,
    max_words: int = DEFAULTS.max_words,
    batch: int = CPU_CLIPS,
    device: str = "auto",
    threads: int | None = None,
    on_bad: OnBad = refuse,
) -> Iterator[CaptionedWindow]:
    """Caption sound files, window by window, as they are read.

    Args:
        run: see `workflow_src.inference.runs`, or a captioner that is loaded.
        paths: files, and folders of them.
        tta: test-time augmentation: see `test_time.strategy_named`.
        beams: of the search; None: 3, as in the workflow, or `top` where that is more.
        top: captions wanted of each window; the search may find fewer.
        max_words: of a caption.
        batch: most windows, or views of them, encoded at once.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        on_bad: is told of each file that cannot be used.

    Yields:
        The windows of each file in turn, in the order of the files.

    Raises:
        InputError: bad arguments, no such captioner, or a bad file under the
            default of `on_bad`.
    """
    beams = max(top, DEFAULTS.beams) if beams is None else beams
    if not 1 <= top <= beams:
        raise InputError(f"top is from 1 to the number of beams, {beams}, not {top}")
    if batch < 1 or max_words < 1:
        raise InputError("batch and max_words are at least 1")
    strategy = strategy_named(tta)
    captioner = load_captioner(run, device, threads)
    front = captioner.make_front_end()
    views = None
    if strategy is not None:
        views = WindowViews(captioner, front, strategy, batch)
    search = _Search(captioner, beams, top, max_words)
    files = sound_files(paths, on_bad)
    windows = windows_of(files, captioner.audio, on_bad)
    return _captioned(windows, captioner, front, views, search, batch)


@dataclass(frozen=True)
class _Search:
    captioner: Captioner
    beams: int
    top: int
    max_words: int

    def captions(self, ensembles: Sequence[Ensemble]) -> list[tuple[Caption, ...]]:
        """The captions of each ensemble; all are decoded at once."""
        if not ensembles:
            return []
        model, vocabulary = self.captioner.model, self.captioner.vocabulary
        memories = torch.cat([one.memories for one in ensembles])
        found = n_best(
            model.step,
            model.start(memories),
            [one.weights for one in ensembles],
            sos=vocabulary.sos,
            eos=vocabulary.eos,
            count=self.top,
            beams=self.beams,
            max_words=self.max_words,
        )
        captions = []
        for hypotheses in found:
            texts: dict[str, Caption] = {}
            for one in hypotheses:
                text = vocabulary.decode(one.words)
                total = one.score * (len(one.words) + 1)
                # Other words may be the same text: <sos> is one, and not shown.
                texts.setdefault(
                    text, Caption(text, math.exp(one.score), math.exp(total))
                )
            captions.append(tuple(texts.values()))
        return captions


@torch.inference_mode()
def _captioned(
    windows: Iterable[Window],
    captioner: Captioner,
    front: nn.Module,
    views: WindowViews | None,
    search: _Search,
    batch: int,
) -> Iterator[CaptionedWindow]:
    for some in in_batches(windows, batch):
        heard = [window for window in some if not window.silent]
        found: list[tuple[Caption, ...]] = []
        if heard and views is None:
            mels = log_mels(heard, front, captioner.device)
            memories = captioner.model.encode(mels).split(1)
            found = search.captions([Ensemble(one, [1.0]) for one in memories])
        elif views is not None:
            for group in _small_groups(views.ensembles(heard)):
                found += search.captions(group)
        captions = iter(found)
        for window in some:
            own = () if window.silent else next(captions)
            yield CaptionedWindow(window.file, window.start, window.end, own)


def _small_groups(ensembles: Iterable[Ensemble]) -> Iterator[list[Ensemble]]:
    """Ensembles whose memories are few enough to be decoded at once."""
    group: list[Ensemble] = []
    for one in ensembles:
        if group and sum(len(e.memories) for e in [*group, one]) > MEMORIES:
            yield group
            group = []
        group.append(one)
    if group:
        yield group
