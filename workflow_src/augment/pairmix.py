"""PairMix for any training loop: a batch of pairs in, one of the same size out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import get_worker_info

from workflow_src.augment.generators import (
    numpy_generator,
    or_default,
    seed_from,
)
from workflow_src.augment.loudness import level_of_log_mels, level_of_waveforms
from workflow_src.augment.mix_parts import Clips, MixDraw
from workflow_src.augment.mixing import FrontEnd, Mixing
from workflow_src.augment.settings import Joint, MixingDomain, MixingLevel
from workflow_src.errors import InputError

Pairs = tuple[Tensor, Sequence[str]]  # clips and their captions


@dataclass(frozen=True)
class PairDraw:
    """What is drawn for one mini-batch.

    Attributes:
        sources: (G, n) rows of the pairs that are mixed, on the CPU.
        mix: λ and γ of the G mixes.
    """

    sources: Tensor
    mix: MixDraw


class PairMix:
    """Mixes audio-caption pairs into new ones (Equation 1).

    Audio becomes a weighted sum; captions follow each other.

    Of a batch of B pairs the last round(ratio · B) are replaced by mixes of n pairs
    each. The sources are drawn from the batch itself, or from a second one: the
    paper's way (Section 4.3), which leaves no pair twice in a mini-batch.

        >>> import torch
        >>> from workflow_src.audio.frontend import PannsLogMel
        >>> from workflow_src.augment import PairMix
        >>> mix = PairMix(PannsLogMel(), generator=torch.Generator().manual_seed(5))
        >>> waveforms = torch.rand(4, 32_000) - 0.5  # one second at 32 kHz
        >>> captions = ["a dog barks", "rain falls", "a bell rings", "a car idles"]
        >>> log_mels, captions = mix(waveforms, captions)
        >>> log_mels.shape
        torch.Size([4, 101, 64])
        >>> captions[3]
        'a car idles a dog barks'

    Draws are made on the CPU, or where the generator lives; the mixing is done where
    the clips are.

    Args:
        front_end: M of Equation 1, (B, T) -> (B, L, F) in dB. None where all clips
            come as log-mels.
        ratio: K, the share of mixes in a batch, 0 to 1.
        level: where audio is mixed. `either`: a fair coin γ for each mix chooses
            `waveform` or `spectrogram`. `concat`: the clips follow each other in
            time, each cut to its n-th part.
        alpha: λ ~ Beta(alpha, alpha), for n > 2 Dirichlet(alpha, ..., alpha).
        fixed_lambda: if given, λ is not drawn: λ_1, or all n weights.
        n: pairs in a mix.
        domain: `log` mixes log-mels as they are; `power` mixes mel power and goes
            back to decibels. Of spectrogram-level mixes only.
        joint: `space` between captions, the paper's, or `conjunction`: " and ", for
            `concat` " then ".
        level_range_db: beyond the paper: no source lies more than so many dB below
            the loudest of its mix; λ is drawn for that, by the clips' levels.
        name_range_db: beyond the paper: the caption of a source that lies more than
            so many dB below the loudest of its mix is left out.
        generator: of every draw; None takes torch's default generator. In a worker
            of a DataLoader each worker has its own stream, decided by the seeds of
            this generator and of the worker; to repeat it, seed the loader too.

    Raises:
        InputError: a value out of its range, named in the sentence.
    """

    def __init__(
        self,
        front_end: FrontEnd | None,
        ratio: float = 0.25,
        level: MixingLevel = "either",
        alpha: float = 0.1,
        fixed_lambda: float | tuple[float, ...] | None = None,
        n: int = 2,
        domain: MixingDomain = "log",
        generator: torch.Generator | None = None,
        joint: Joint = "space",
        level_range_db: float | None = None,
        name_range_db: float | None = None,
    ) -> None:
        self.front_end = front_end
        self.mixing = Mixing(
            ratio,
            level,
            alpha,
            fixed_lambda,
            n,
            domain,
            joint,
            level_range_db,
            name_range_db,
        )
        self.generator = generator
        self._of_worker: tuple[int, torch.Generator] | None = None

    def __repr__(self) -> str:
        return f"PairMix({self.front_end!r}, {self.mixing!r})"

    def __call__(
        self,
        waveforms: Tensor,
        captions: Sequence[str],
        extra: Pairs | None = None,
    ) -> tuple[Tensor, list[str]]:
        """Makes a mini-batch of B samples from B pairs.

        Args:
            waveforms: (B, T) float; or log-mels (B, L, F) in dB, which the front
                end then does not see: level `spectrogram` only. Stay as they are.
            captions: B captions.
            extra: a second batch, (clips, captions), of which all mixes are made;
                clips like `waveforms`, any number of them. No pair is taken twice
                while there are enough: n · round(ratio · B).

        Returns:
            Log-mels (B, L, F) on the device of the clips, new memory, and B
            captions. The first B - round(ratio · B) are the given ones, in order;
            mixes follow. The pairs of a mix differ wherever n of them are there.

        Raises:
            InputError: shapes or numbers do not agree, or log-mels are to be mixed
                as waveforms.
        """
        available = len(waveforms) if extra is None else len(extra[0])
        draw = self.draw(len(waveforms), available)
        return self.apply(waveforms, captions, draw, extra)

    def draw(self, batch_size: int, available: int) -> PairDraw:
        """Draws for a mini-batch of `batch_size`, mixed from `available` pairs.

        Raises:
            InputError: there is no pair to mix.
        """
        generator = self._stream()
        count = self.mixing.generated(batch_size)
        mix = self.mixing.draw(count, generator)
        rng = numpy_generator(generator)
        return PairDraw(_sources(available, count, self.mixing.n, rng), mix)

    def apply(
        self,
        waveforms: Tensor,
        captions: Sequence[str],
        draw: PairDraw,
        extra: Pairs | None = None,
    ) -> tuple[Tensor, list[str]]:
        """Makes a mini-batch of what `draw` gave.

        Args:
            waveforms: as `__call__` takes them.
            captions: as `__call__` takes them.
            draw: for as many pairs.
            extra: as `__call__` takes it.

        Returns:
            As `__call__`.
        """
        pool = (waveforms, captions) if extra is None else extra
        for clips, texts in ((waveforms, captions), pool):
            self._check(clips, texts)
        if pool[0].shape[1:] != waveforms.shape[1:]:
            raise InputError(
                f"pairmix: clips {tuple(waveforms.shape)} and extra clips "
                f"{tuple(pool[0].shape)} differ in more than their number"
            )
        kept = len(waveforms) - len(draw.sources)
        rows = draw.sources.flatten()
        clips = waveforms[:kept]
        if len(rows):
            clips = torch.cat([clips, pool[0][rows.to(pool[0].device)]])
        is_waveform = clips.ndim == 2
        mix = draw.mix
        if self.mixing.needs_levels and len(rows):
            level_of = level_of_waveforms if is_waveform else level_of_log_mels
            levels = level_of(clips[kept:]).view(draw.sources.shape).cpu()
            mix = self.mixing.balance(mix, levels)
        all_clips = (
            Clips.of_waveforms(clips) if is_waveform else Clips.of_log_mels(clips)
        )
        log_mels = self.mixing.log_mels(all_clips, mix, self.front_end)
        if not len(rows):  # may be the memory of the input
            log_mels = log_mels.clone()
        sources = [pool[1][row] for row in rows.tolist()]
        mixed = self.mixing.mix_captions(sources, mix.named)
        return log_mels, [*captions[:kept], *mixed]

    def collate_fn(
        self, samples: Sequence[tuple[Tensor | NDArray[np.floating], str]]
    ) -> tuple[Tensor, list[str]]:
        """Makes a mini-batch in a DataLoader: its `collate_fn`.

        The mixes are made of the batch itself. Picklable where the front end is.

        Args:
            samples: B pairs, waveform (T,) and caption.

        Returns:
            As `__call__`.

        Raises:
            InputError: waveforms of different lengths, or what `__call__` raises.
        """
        clips = [torch.as_tensor(waveform) for waveform, _ in samples]
        shapes = {tuple(clip.shape) for clip in clips}
        if len(shapes) > 1:
            raise InputError(
                "pairmix: the clips of a batch have one shape, not "
                + ", ".join(map(str, sorted(shapes)))
            )
        return self(torch.stack(clips), [caption for _, caption in samples])

    def _check(self, clips: Tensor, captions: Sequence[str]) -> None:
        if clips.ndim not in (2, 3):
            raise InputError(
                "pairmix: clips are waveforms (B, T) or log-mels (B, L, F), not "
                f"{tuple(clips.shape)}"
            )
        if not clips.is_floating_point():
            raise InputError(f"pairmix: clips are floats, not {clips.dtype}")
        if clips.ndim == 3 and self.mixing.needs_waveforms:
            raise InputError(
                f"pairmix: level {self.mixing.level!r} mixes waveforms (B, T), not "
                f"log-mels {tuple(clips.shape)}; level 'spectrogram' mixes those"
            )
        if isinstance(captions, str) or len(clips) != len(captions):
            count = 1 if isinstance(captions, str) else len(captions)
            raise InputError(f"pairmix: {len(clips)} clips, but {count} captions")

    def _stream(self) -> torch.Generator:
        """Gives the generator to draw from: in a worker of a DataLoader, its own."""
        worker = get_worker_info()
        if self.generator is None or worker is None:
            return or_default(self.generator)
        # Each worker holds a copy of the generator, and all would draw the same.
        if self._of_worker is None or self._of_worker[0] != worker.seed:
            seed = seed_from(self.generator.initial_seed(), worker.seed)
            self._of_worker = worker.seed, torch.Generator().manual_seed(seed)
        return self._of_worker[1]


def _sources(available: int, count: int, n: int, rng: np.random.Generator) -> Tensor:
    """Draws the pairs of `count` mixes: rows (count, n) of 0 .. available - 1."""
    if count and not available:
        raise InputError("pairmix: there is no pair to mix")
    rows = np.empty((count, n), np.int64)
    if available >= count * n > 0:
        rows[:] = rng.choice(available, (count, n), replace=False)
    else:
        for row in rows:
            row[:] = rng.choice(available, n, replace=available < n)
    return torch.from_numpy(rows)
