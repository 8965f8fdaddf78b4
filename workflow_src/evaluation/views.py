"""Augmented views of test clips, made once and encoded once for all strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import torch
from torch import Tensor

from workflow_src.audio.store import LogMelStore, WaveformStore, to_float
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.recipe import TestTimeAugmentation, is_changed
from workflow_src.augment.spectrogram import SpectrogramTransform, Stripes
from workflow_src.device import send
from workflow_src.errors import InputError
from workflow_src.progress import track
from workflow_src.tta import Strategy
from workflow_src.tta.levels import ORIGINAL, Piece

# (log-mels (n, L, F), SpecAugment) -> (n, ...).
Encode = Callable[[Tensor, SpectrogramTransform | None], Tensor]

# Views are drawn so many at a time, whatever the number that is asked for: so
# view i of a clip is the same in a grid with 10 views and in one with 100.
BLOCK = 10


@dataclass(frozen=True)
class Views:
    """The augmented views of the clips of a split.

    A view depends on `seed`, the clip's name and the view's number, on nothing
    else: not on the order of clips, the size of a batch or the number of views.

    Attributes:
        augmentation: what is drawn; never a mix.
        front_end: (B, T) -> (B, L, F), of the model that reads the views.
        log_mels: the un-augmented clips through `front_end`.
        waveforms: the same clips; may be None where `augmentation` needs none.
        seed: of the views.
        batch: most views encoded at once, whatever their number.
        device: where views are made.

    Raises:
        InputError: waveforms are needed and None, or `batch` is below 1.
    """

    augmentation: TestTimeAugmentation
    front_end: torch.nn.Module
    log_mels: LogMelStore
    waveforms: WaveformStore | None
    seed: int
    batch: int
    device: torch.device

    def __post_init__(self) -> None:
        if self.augmentation.needs_waveforms and self.waveforms is None:
            raise InputError("these augmentations need the waveforms of the clips")
        if self.batch < 1:
            raise InputError(
                f"tta.views_per_batch must be at least 1, not {self.batch}"
            )

    @property
    def names(self) -> list[str]:
        """File names of the clips, in the order of the log-mels."""
        return self.log_mels.names

    def of(self, name: str, count: int) -> tuple[Tensor, Tensor | None]:
        """Make the clip itself, then `count` views of it.

        Args:
            name: file name of the clip.
            count: of the views.

        Returns:
            Log-mels (1 + count, L, F) in dB, and what SpecAugment masks of them
            after the model's BatchNorm, bool of the same shape; None without
            SpecAugment. Both on the device.
        """
        made = self._make(name, count)
        return made.log_mels, None if made.stripes is None else _mask(made.stripes)

    def encode(self, name: str, count: int, encode: Encode) -> Iterator[Piece]:
        """Encode one clip and `count` views of it; see `encode_all`."""
        for _, piece in self._encoded([name], count, encode):
            yield piece

    def encode_all(
        self, count: int, encode: Encode, description: str
    ) -> Iterator[tuple[str, Iterator[Piece]]]:
        """Encode every clip and `count` views of each, `batch` at once.

        A batch begins where the one before ended, also in the middle of a clip.

        Args:
            count: of the views.
            encode: (log-mels (n, L, F), SpecAugment) -> (n, ...), n <= batch.
            description: of what is done, for people.

        Yields:
            Of each clip in turn its name, and pieces to be read before the next: the
            keys of some views, and their outputs, (n, ...); the clip itself comes
            first.
        """
        encoded = self._encoded(track(self.names, description), count, encode)
        for name, pieces in groupby(encoded, key=itemgetter(0)):
            yield name, (piece for _, piece in pieces)

    def _make(self, name: str, count: int) -> _Made:
        """What `of` gives, with the stripes that are masked."""
        stored = self.log_mels.read([self.log_mels.row(name)])
        plain = send(torch.from_numpy(stored), self.device).float()
        _, frames, bins = plain.shape
        waveform = None
        if self.augmentation.needs_waveforms and self.waveforms is not None:
            samples = self.waveforms.read([self.waveforms.row(name)])
            waveform = to_float(samples, self.device)
        rows, clips = [], []
        stripes = [(torch.zeros(1, frames).bool(), torch.zeros(1, bins).bool())]
        for first in range(0, count, BLOCK):
            generator = torch_generator(self.seed, "view", name, first // BLOCK)
            strengths = self.augmentation.draw_effects(BLOCK, generator)
            changed = is_changed(strengths).nonzero().flatten()
            if waveform is not None and len(changed):
                plan = self.augmentation.plan_effects(strengths[changed])
                drawn = self.augmentation.effects_of_plan(
                    waveform.repeat(len(changed), 1),
                    {key: send(value, self.device) for key, value in plan.items()},
                    generator,
                )
                wanted = int((changed < count - first).sum())
                rows.append(1 + first + changed[:wanted])
                clips.append(drawn[:wanted])
            if self.augmentation.specaugment is not None:
                shape = (BLOCK, frames, bins)
                own = self.augmentation.specaugment.stripes(shape, generator)
                stripes.append((own[0][: count - first], own[1][: count - first]))
        log_mels = plain.repeat(1 + count, 1, 1)
        if sum(map(len, clips)):
            made = self.front_end(torch.cat(clips))
            log_mels[send(torch.cat(rows), self.device)] = made.to(log_mels.dtype)
        if self.augmentation.specaugment is None:
            return _Made(name, ORIGINAL, log_mels, None)
        in_time, in_frequency = (
            send(torch.cat(own), self.device) for own in zip(*stripes, strict=True)
        )
        return _Made(name, ORIGINAL, log_mels, Stripes(in_time, in_frequency))

    def _encoded(
        self, names: Iterable[str], count: int, encode: Encode
    ) -> Iterator[tuple[str, Piece]]:
        """Clip by clip, the keys of some views and their outputs."""
        waiting: list[_Made] = []
        room = self.batch
        for name in names:
            made = self._make(name, count)
            while len(made.log_mels):
                waiting.append(made.part(slice(room)))
                made = made.part(slice(room, None))
                room -= len(waiting[-1].log_mels)
                if not room:
                    yield from _encode_together(waiting, encode)
                    waiting, room = [], self.batch
        if waiting:
            yield from _encode_together(waiting, encode)


class _Made(NamedTuple):
    """Some views of a clip.

    Attributes:
        name: of the clip.
        first: key of the first view.
        log_mels: (n, L, F).
        stripes: what SpecAugment masks of them; None without.
    """

    name: str
    first: int
    log_mels: Tensor
    stripes: Stripes | None

    def part(self, rows: slice) -> _Made:
        """The views of some rows."""
        stripes = self.stripes
        if stripes is not None:
            stripes = Stripes(stripes.in_time[rows], stripes.in_frequency[rows])
        first = self.first + (rows.start or 0)
        return self._replace(first=first, log_mels=self.log_mels[rows], stripes=stripes)


def _encode_together(
    parts: Sequence[_Made], encode: Encode
) -> Iterator[tuple[str, Piece]]:
    """Encode views of some clips as one batch."""
    stripes = [part.stripes for part in parts if part.stripes is not None]
    spec_augment = None
    if stripes:
        spec_augment = Stripes(
            _joined([own.in_time for own in stripes]),
            _joined([own.in_frequency for own in stripes]),
        )
    sizes = [len(part.log_mels) for part in parts]
    outputs = encode(_joined([part.log_mels for part in parts]), spec_augment)
    for part, size, own in zip(parts, sizes, outputs.split(sizes), strict=True):
        yield part.name, (range(part.first, part.first + size), own)


def _mask(stripes: Stripes) -> Tensor:
    """(n, L, F) bool."""
    return stripes.in_time[:, :, None] | stripes.in_frequency[:, None, :]


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def largest(strategies: Iterable[Strategy]) -> int:
    """Count the views that strategies read: they share them."""
    return max((strategy.tau for strategy in strategies), default=0)
