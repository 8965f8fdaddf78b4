"""Mini-batches of a training: planned, read, augmented, ready for the model."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workflow_src.audio.store import FULL_SCALE
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.loudness import level_of_log_mels
from workflow_src.augment.mix_parts import Clips, MixDraw
from workflow_src.augment.mixing import Mixing
from workflow_src.augment.recipe import Recipe, is_changed
from workflow_src.augment.spectrogram import SpectrogramTransform
from workflow_src.errors import InputError
from workflow_src.training.batch_plans import BatchPlan, BatchPlanner

READ_AHEAD = 2  # mini-batches a worker


class Store(Protocol):
    """What is used of a waveform or log-mel store."""

    @property
    def names(self) -> Sequence[str]:
        """File names of the clips, row by row."""

    def read(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Read the clips of `rows`: int16 (B, T) or float16 (B, L, 64)."""


@dataclass(frozen=True)
class Batch:
    """One mini-batch: the ordinary samples, then the generated ones.

    Attributes:
        log_mels: (B, L, 64) float32 in dB, on the device.
        captions: B captions; those of generated samples joined.
        names: B tuples of file names: one clip, or the n of a mix.
        spec_augment: applied to the normalised spectrogram inside the model, or
            None.
    """

    log_mels: Tensor
    captions: list[str]
    names: list[tuple[str, ...]]
    spec_augment: SpectrogramTransform | None


@dataclass(frozen=True)
class _BatchInputs:
    """What is drawn and read for a mini-batch of P = B - G + n G pairs.

    Attributes:
        plan: its pairs.
        strengths: (P, effects), drawn waveform effects.
        mix: drawn mixing of the G generated samples.
        captions: P captions.
        waveforms: (W, T) int16 of the pairs in `from_waveform`, or None for W = 0.
        log_mels: (P - W, L, 64) float16 of the others, or None for none.
    """

    plan: BatchPlan
    strengths: Tensor
    mix: MixDraw
    captions: list[str]
    waveforms: Tensor | None
    log_mels: Tensor | None


class Batches:
    """The mini-batches of a training under a recipe.

    What a mini-batch is made of depends on (seed, epoch, step) alone, so a training
    resumes at any epoch, and any number of workers gives the same.
    A waveform is read, and the front end runs, only where a draw asks for it:
    for clips under noise or reverberation and for waveform-level mixes. All other
    clips come from the log-mel cache.

    Args:
        captions: N pairs (file name, caption).
        waveforms: store of the clips; None if the recipe needs no waveforms.
        log_mels: store of their log-mels by the same front end.
        recipe: augmentations.
        batch_size: B.
        seed: of the training.
        front_end: (B, T) float in [-1, 1] -> (B, L, 64) in dB; None if the recipe
            needs no waveforms. Moved to `device`.
        device: where the mini-batches are made.
        workers: threads that read ahead; 0 reads when a mini-batch is asked for.

    Raises:
        InputError: something the recipe needs is missing, a clip is in no store,
            or the corpus is too small for one mini-batch.
    """

    def __init__(
        self,
        captions: Sequence[tuple[str, str]],
        waveforms: Store | None,
        log_mels: Store,
        recipe: Recipe,
        batch_size: int,
        seed: int,
        front_end: nn.Module | None = None,
        device: torch.device | str = "cpu",
        workers: int = 0,
    ) -> None:
        self.names = [name for name, _ in captions]
        self.captions = [caption for _, caption in captions]
        self.recipe = recipe
        self._mixing = recipe.pairmix or Mixing(ratio=0.0)
        self.seed = seed
        self.device = torch.device(device)
        self.workers = workers
        self.planner = BatchPlanner(len(captions), batch_size, seed, recipe.pairmix)
        self._front_end = None if front_end is None else front_end.to(self.device)
        self._log_mels = _ClipsOfPairs(self.names, log_mels, "log-mel")
        self._waveforms: _ClipsOfPairs | None = None
        if recipe.needs_waveforms:
            if waveforms is None or front_end is None:
                raise InputError(
                    f"recipe {recipe.name!r} needs the clips' waveforms and a front end"
                )
            self._waveforms = _ClipsOfPairs(self.names, waveforms, "waveform")

    def __len__(self) -> int:
        """Mini-batches in an epoch: ceil(N / B), for every recipe."""
        return self.planner.steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the mini-batches of `epoch` (from 0)."""
        plans = enumerate(self.planner.epoch(epoch))
        if not self.workers:
            for step, plan in plans:
                yield self._assemble(self._read(plan, epoch, step), epoch, step)
            return
        with ThreadPoolExecutor(self.workers) as pool:
            waiting: deque[tuple[int, Future[_BatchInputs]]] = deque()
            try:
                for step, plan in plans:
                    waiting.append((step, pool.submit(self._read, plan, epoch, step)))
                    if len(waiting) > READ_AHEAD * self.workers:
                        step, inputs = waiting.popleft()
                        yield self._assemble(inputs.result(), epoch, step)
                while waiting:
                    step, inputs = waiting.popleft()
                    yield self._assemble(inputs.result(), epoch, step)
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, plan: BatchPlan, epoch: int, step: int) -> _BatchInputs:
        """Draw everything that decides what to read, and read it."""
        generator = torch_generator(self.seed, "draws", epoch, step)
        rows = plan.rows
        strengths = self.recipe.draw_effects(len(rows), generator)
        mix = MixDraw.none(self._mixing.n)
        if self.recipe.pairmix is not None:
            mix = self.recipe.pairmix.draw(len(plan.extra), generator)
            mix = self._balanced(mix, plan.extra)
        captions = [self.captions[row] for row in rows]
        if self.recipe.eda is not None:
            captions = self.recipe.eda(captions, generator)
        needed = (is_changed(strengths) | mix.needs_waveform(len(rows))).numpy()
        waveforms = log_mels = None
        if needed.any() and self._waveforms is not None:
            waveforms = self._waveforms.read(rows[needed])
        if not needed.all():
            log_mels = self._log_mels.read(rows[~needed])
        return _BatchInputs(
            plan,
            strengths,
            mix,
            captions,
            self._tensor(waveforms),
            self._tensor(log_mels),
        )

    def _balanced(self, mix: MixDraw, sources: NDArray[np.int64]) -> MixDraw:
        """Let λ and the captions depend on how loud the recordings are, if asked to.

        All sources are measured on the cached log-mels, before any effect.
        """
        if not self._mixing.needs_levels or not sources.size:
            return mix
        log_mels = torch.from_numpy(self._log_mels.read(sources.flatten()))
        return self._mixing.balance(
            mix, level_of_log_mels(log_mels).view(sources.shape)
        )

    def _tensor(self, values: NDArray[Any] | None) -> Tensor | None:
        if values is None:
            return None
        tensor = torch.from_numpy(np.ascontiguousarray(values))
        return tensor.pin_memory() if self.device.type == "cuda" else tensor

    @torch.no_grad()
    def _assemble(self, inputs: _BatchInputs, epoch: int, step: int) -> Batch:
        """Augment on the device: what is mixed as waveforms, then all others."""
        generator = torch_generator(
            self.seed, "samples", epoch, step, device=self.device
        )
        plan, mix = inputs.plan, inputs.mix
        clips = self._clips(inputs, generator)
        log_mels = self._mixing.log_mels(clips, mix, self._front_end)
        captions = list(inputs.captions)
        kept = len(plan.ordinary)
        captions[kept:] = self._mixing.mix_captions(captions[kept:], mix.named)
        groups = [*plan.ordinary[:, None], *plan.extra]
        names = [tuple(self.names[row] for row in group) for group in groups]
        spec_augment = self.recipe.bound_specaugment(generator)
        return Batch(log_mels, captions, names, spec_augment)

    def _clips(self, inputs: _BatchInputs, generator: torch.Generator) -> Clips:
        """Put what was read on the device: waveforms under their effects, log-mels."""
        changed = is_changed(inputs.strengths)
        needed = changed | inputs.mix.needs_waveform(len(changed))
        waveforms = log_mels = None
        if inputs.waveforms is not None:
            samples = inputs.waveforms.to(self.device, non_blocking=True)
            waveforms = self.recipe.apply_effects(
                samples * (1 / FULL_SCALE),  # float32, in one pass
                inputs.strengths[needed],
                generator,
            )
        if inputs.log_mels is not None:
            log_mels = inputs.log_mels.to(self.device, non_blocking=True).float()
        return Clips(needed, waveforms, log_mels)


class _ClipsOfPairs:
    """The clips of a store, by the numbers of the pairs that they belong to.

    Args:
        names: file name of each pair.
        store: has all of them.
        kind: of the store, for the error.

    Raises:
        InputError: a clip is not in the store.
    """

    def __init__(self, names: Sequence[str], store: Store, kind: str) -> None:
        rows = {name: row for row, name in enumerate(store.names)}
        missing = [name for name in names if name not in rows]
        if missing:
            raise InputError(
                f"clip {missing[0]} has a caption but is not in the {kind} store "
                f"(captions without a clip there: {len(missing)})"
            )
        self._store = store
        self._rows = np.array([rows[name] for name in names])

    def read(self, pairs: NDArray[np.int64]) -> NDArray[Any]:
        """Read the clip of each pair."""
        return self._store.read(self._rows[pairs])
