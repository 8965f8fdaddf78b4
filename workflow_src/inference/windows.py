"""A sound of any length as windows of the length that a model hears.

Windows follow each other without overlap, from the beginning. The last one is padded
with zeros, as a corpus's short clips are; what is left at the end is no window of its
own where it is shorter than the shortest clip of a corpus (0.5 s), so a clip of
10.02 s is one window of 10 s. A file is read piece by piece: memory does not grow
with its length.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from workflow_src.audio.loading import (
    SAMPLE_RATES,
    BadAudio,
    _refuse_truncated,
    _Sequential,
)
from workflow_src.audio.settings import AudioForm, ClipForm
from workflow_src.inference.sounds import BadFile, OnBad, refuse

STEP = 1 / 32768  # of 16 bits; all samples within one: silence

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """A stretch of a sound.

    Attributes:
        file: path of the sound.
        start: seconds from the sound's beginning.
        end: of what there is: the end of the sound, where the clip is padded.
        clip: (T,) int16, full scale 32768, of the model's form.
        silent: all samples lie within one 16-bit step.
    """

    file: str
    start: float
    end: float
    clip: NDArray[np.int16]
    silent: bool

    @property
    def name(self) -> str:
        """What random views are drawn by: as in a corpus, the name of the file.

        Later windows of a file add their start to it.
        """
        name = Path(self.file).name
        return name if self.start == 0 else f"{name} from {self.start:g} s"


def clip_form(form: AudioForm) -> ClipForm:
    """The form of clips, with the shortest that a corpus takes."""
    return ClipForm(form.sample_rate, form.seconds)


def read_windows(path: str | Path, form: AudioForm) -> Iterator[Window]:
    """Read a sound window by window.

    Channels are averaged and the rate is changed as in a corpus: the first window
    of a file is its clip there, bit for bit.

    Args:
        path: any file that libsndfile reads.
        form: of the model's clips.

    Raises:
        BadAudio: the file cannot be opened, is no sound, is cut off, has samples
            that are not finite, or is too short. Of a file that breaks off in its
            middle, the windows before come first.
    """
    clips = clip_form(form)
    left = np.empty(0, np.float32)
    number, silent = 0, []
    for piece, is_silent in _pieces(path, clips):
        left = np.concatenate([left, piece])
        silent.append(is_silent)
        while len(left) >= clips.samples:
            samples, left = left[: clips.samples], left[clips.samples :]
            yield _window(path, number, samples, silent[number], clips)
            number += 1
    if len(left) >= max(1, clips.min_seconds * clips.sample_rate):
        yield _window(path, number, left, silent[number], clips)
    elif number == 0:
        duration = f"{len(left) / clips.sample_rate:.3g} s"
        raise BadAudio("too short", f"{duration}, minimum {clips.min_seconds:g} s")


def windows_of(
    files: Iterable[str], form: AudioForm, on_bad: OnBad = refuse
) -> Iterator[Window]:
    """The windows of many files; `on_bad` is told of each bad one."""
    for file in files:
        try:
            yield from read_windows(file, form)
        except BadAudio as error:
            on_bad(BadFile(file, str(error)))


def count_windows(files: Iterable[str], form: AudioForm) -> int:
    """About how many windows files have, by their headers: for a progress bar."""
    count = 0
    for file in files:
        try:
            header = soundfile.info(file)
        except (soundfile.LibsndfileError, OSError):
            count += 1
        else:
            count += max(1, math.ceil(header.frames / header.samplerate / form.seconds))
    return count


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items, the last one shorter."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _window(
    path: str | Path,
    number: int,
    samples: NDArray[np.float32],
    silent: bool,
    form: ClipForm,
) -> Window:
    clip = np.zeros(form.samples, np.int16)
    clip[: len(samples)] = np.clip(np.rint(samples * 32768), -32768, 32767)
    start = number * form.samples / form.sample_rate
    end = start + len(samples) / form.sample_rate
    return Window(str(path), start, end, clip, silent)


# The samples of a window, and whether they are silent.
Piece = tuple[NDArray[np.float32], bool]


def _pieces(path: str | Path, form: ClipForm) -> Iterator[Piece]:
    """Mono samples at the form's rate, those of a window at once."""
    try:
        # Opened here, not by name in libsndfile: its errors do not say why.
        with open(path, "rb", buffering=0) as file:
            if not file.read(1):
                raise BadAudio("corrupt", "the file is empty")
            file.seek(0)
            with _Sequential(file.fileno(), closefd=False) as sound:
                yield from _resampled(sound, form)
    except soundfile.LibsndfileError as error:
        told = error.error_string.rstrip(".")
        raise BadAudio("corrupt", f"not readable: {told}") from None
    except OSError as error:
        raise BadAudio("failed", f"cannot be opened: {error.strerror}") from None


def _resampled(sound: _Sequential, form: ClipForm) -> Iterator[Piece]:
    """As many pieces as windows, and a shorter one: the filter delays samples.

    Silence is told before the filter, which rings on into the next window.
    """
    rate, channels, got = sound.samplerate, sound.channels, 0
    if rate not in SAMPLE_RATES:
        raise BadAudio("corrupt", f"{rate} samples a second")
    _refuse_truncated(sound, 0, 0)  # what the header says
    resample = None
    if rate != form.sample_rate:
        resample = soxr.ResampleStream(rate, form.sample_rate, 1, quality="HQ")
    for number in itertools.count(1):
        wanted = round(number * form.seconds * rate) - got
        samples = sound.read(wanted, dtype="float32", always_2d=True)
        got += len(samples)
        if not np.isfinite(samples).all():
            raise BadAudio("corrupt", "samples that are not finite numbers")
        mono = samples @ np.full(channels, 1 / channels, np.float32)
        silent = not len(mono) or bool(mono.max() - mono.min() < STEP)
        last = len(samples) < wanted
        if last:
            _refuse_truncated(sound, got, sound.frames)
        if resample is not None:
            mono = resample.resample_chunk(mono, last=last)
        yield mono, silent
        if last:
            return
