"""Augmented views of test clips, made once and encoded once for all strategies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from workflow_src.audio.store import LogMelStore, WaveformStore, to_float
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.recipe import TestTimeAugmentation
from workflow_src.errors import InputError
from workflow_src.tta import Strategy
from workflow_src.tta.levels import ORIGINAL, Piece

Mask = Callable[[Tensor], Tensor]
Encode = Callable[[Tensor, Mask | None], Tensor]

# Views are drawn so many at a time, whatever the number that is asked for: so
# view i of a clip is the same in a grid with 10 views and in one with 100.
BLOCK = 10


@dataclass(frozen=True)
class Views:
    """The augmented views of the clips of a split.

    A view depends on `seed`, the clip's name and the view's number, on nothing
    else: not on the order of clips, the size of a batch or the number of views.

    augmentation: what is drawn; never a mix.
    front_end: (B, T) -> (B, L, F), of the model that reads the views.
    log_mels: the un-augmented clips through `front_end`.
    waveforms: the same clips; may be None where `augmentation` needs none.
    batch: most views encoded at once, whatever their number.
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
        """The clip itself, then `count` views of it.

        Returns:
            Log-mels (1 + count, L, F) in dB, and what SpecAugment masks of them
            after the model's BatchNorm, bool of the same shape; None without
            SpecAugment. Both on the device.
        """
        stored = self.log_mels.read([self.log_mels.row(name)])
        plain = torch.from_numpy(stored).to(self.device).float()
        waveform = None
        if self.augmentation.needs_waveforms:
            samples = self.waveforms.read([self.waveforms.row(name)])
            waveform = to_float(samples, self.device)
        specaugment = self.augmentation.specaugment
        log_mels, masked = [plain], [torch.zeros(plain.shape, dtype=torch.bool)]
        for block in range(-(-count // BLOCK)):
            generator = torch_generator(self.seed, "view", name, block)
            size = min(BLOCK, count - block * BLOCK)
            drawn = self.augmentation.log_mels(
                None if waveform is None else waveform.expand(BLOCK, -1),
                plain.expand(BLOCK, -1, -1),
                self.front_end,
                generator,
            )
            log_mels.append(drawn[:size])
            if specaugment:
                masked.append(specaugment.masked(tuple(drawn.shape), generator)[:size])
        mask = torch.cat(masked).to(self.device) if specaugment else None
        return torch.cat(log_mels), mask

    def encode(self, name: str, count: int, encode: Encode) -> Iterator[Piece]:
        """Encode a clip and `count` views of it, `batch` at once.

        encode: (log-mels (n, L, F), mask) -> (n, ...), n <= batch.

        Yields the keys of some views, and their outputs, (n, ...); the clip itself
        comes first.
        """
        log_mels, masked = self.of(name, count)
        for start in range(0, len(log_mels), self.batch):
            part = slice(start, start + self.batch)
            mask = None if masked is None else _fill(masked[part])
            outputs = encode(log_mels[part], mask)
            first = start + ORIGINAL  # views follow it: 0, 1, ...
            yield range(first, first + len(outputs)), outputs


def _fill(masked: Tensor) -> Mask:
    return lambda spectrogram: spectrogram.masked_fill(masked, 0)


def largest(strategies: Iterable[Strategy]) -> int:
    """The number of views that strategies read: they share them."""
    return max((strategy.tau for strategy in strategies), default=0)
