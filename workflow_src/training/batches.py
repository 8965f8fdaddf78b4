"""Mini-batches of a training: planned, read, augmented, ready for the model.

Whatever decides shapes is drawn on the CPU before anything is computed, and sent to
the device in one piece. Making a mini-batch there waits for nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from workflow_src.audio.store import FULL_SCALE
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.loudness import level_of_log_mels
from workflow_src.augment.mix_parts import MixDraw
from workflow_src.augment.mix_plan import MixPlan
from workflow_src.augment.mixing import Mixing
from workflow_src.augment.recipe import Recipe, is_changed
from workflow_src.augment.spectrogram import (
    SpecAugment,
    Stripes,
)
from workflow_src.errors import InputError
from workflow_src.training.batch_plans import BatchPlan, BatchPlanner
from workflow_src.training.clips import ClipsOfPairs, Store, make_resident
from workflow_src.training.parcel import Parcel
from workflow_src.training.settings import Resident

READERS = 4  # threads that feed a GPU
READ_AHEAD = 2  # mini-batches a worker
MEASURED_AT_ONCE = 256  # clips

# B captions, and what their clips are called -> arrays on the CPU.
CaptionArrays = Callable[[Sequence[str], Sequence[str]], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Batch:
    """One mini-batch: the ordinary samples, then the generated ones.

    Attributes:
        log_mels: (B, L, 64) float32 in dB, on the device.
        captions: B captions; those of generated samples joined.
        names: B tuples of file names: one clip, or the n of a mix.
        spec_augment: applied to the normalised spectrogram inside the model, or
            None.
        text: what the task made of the captions, on the device.
    """

    log_mels: Tensor
    captions: list[str]
    names: list[tuple[str, ...]]
    spec_augment: Stripes | None
    text: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.captions)

    def part(self, start: int, stop: int) -> "Batch":
        """Some of the samples, with their SpecAugment."""
        rows = slice(start, stop)
        text = {name: array[rows] for name, array in self.text.items()}
        stripes = None if self.spec_augment is None else self.spec_augment.part(rows)
        return Batch(
            self.log_mels[rows], self.captions[rows], self.names[rows], stripes, text
        )


@dataclass(frozen=True)
class _BatchInputs:
    """What is drawn and read for a mini-batch of P = B - G + n G pairs.

    Attributes:
        captions: B captions.
        names: B tuples of file names.
        waveforms: of the W pairs that are needed as such, as `ClipsOfPairs.read`
            gives them, or None for W = 0.
        log_mels: of the P - W others, or None for none.
        plan: the small arrays: which clip each effect changes, the `MixPlan`,
            stripes, words. Packed, where the device is not the CPU.
    """

    captions: list[str]
    names: list[tuple[str, ...]]
    waveforms: Tensor | None
    log_mels: Tensor | None
    plan: Parcel | dict[str, Tensor]


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
        workers: threads that read ahead; 0 reads when a mini-batch is asked for;
            None: some for a GPU, which computes meanwhile, else 0.
        resident: clips that lie on the device; see `clips.make_resident`.
        text: B captions and the names of their clips -> arrays on the CPU, which
            `Batch.text` has on the device; called in the threads that read ahead.

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
        workers: int | None = None,
        resident: Resident = "none",
        text: CaptionArrays | None = None,
    ) -> None:
        self.names = [name for name, _ in captions]
        self.captions = [caption for _, caption in captions]
        self.recipe = recipe
        self._mixing = recipe.pairmix or Mixing(ratio=0.0)
        self.seed = seed
        self.device = torch.device(device)
        if workers is None:
            workers = READERS if self.device.type == "cuda" else 0
        self.workers = workers
        self._text = text
        self.planner = BatchPlanner(len(captions), batch_size, seed, recipe.pairmix)
        self._front_end = None if front_end is None else front_end.to(self.device)
        self._log_mels = ClipsOfPairs(self.names, log_mels, "log-mel", self.device)
        self._waveforms: ClipsOfPairs | None = None
        if recipe.needs_waveforms:
            if waveforms is None or front_end is None:
                raise InputError(
                    f"recipe {recipe.name!r} needs the clips' waveforms and a front end"
                )
            self._waveforms = ClipsOfPairs(
                self.names, waveforms, "waveform", self.device
            )
        self._levels = self._measure() if self._mixing.needs_levels else None
        make_resident(resident, self.device, self._log_mels, self._waveforms)

    def __len__(self) -> int:
        """Mini-batches in an epoch: ceil(N / B), for every recipe."""
        return self.planner.steps

    def epoch(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield the mini-batches of `epoch` (from 0), from step `first` on."""
        plans = islice(enumerate(self.planner.epoch(epoch)), first, None)
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
            if self._levels is not None and plan.extra.size:
                mix = self._mixing.balance(mix, self._levels[plan.extra])
        captions = [self.captions[row] for row in rows]
        if self.recipe.eda is not None:
            captions = self.recipe.eda(captions, generator)
        kept = len(plan.ordinary)
        captions[kept:] = self._mixing.mix_captions(captions[kept:], mix.named)
        groups = [*plan.ordinary[:, None], *plan.extra]
        names = [tuple(self.names[row] for row in group) for group in groups]

        as_waveform = is_changed(strengths) | mix.needs_waveform(len(rows))
        of_mixes = MixPlan.of(as_waveform, mix.weights, mix.waveform_level)
        arrays = of_mixes.tensors()
        arrays |= self.recipe.plan_effects(strengths[as_waveform])
        if self.recipe.specaugment is not None and self.device.type != "cpu":
            # From the stream that a CPU draws them from, see `_assemble`.
            samples = torch_generator(self.seed, "samples", epoch, step)
            arrays |= self._stripes(
                self.recipe.specaugment, len(names), self._log_mels.shape, samples
            )
        if self._text is not None:
            clips = [" + ".join(group) for group in names]
            for name, array in self._text(captions, clips).items():
                arrays[f"text.{name}"] = array

        needed = as_waveform.numpy()
        waveforms = log_mels = None
        if needed.any() and self._waveforms is not None:
            waveforms = self._waveforms.read(rows[needed])
            if self._waveforms.resident:
                arrays["waveforms"] = waveforms
        if not needed.all():
            log_mels = self._log_mels.read(rows[~needed])
            if self._log_mels.resident:
                arrays["log_mels"] = log_mels
        packed = self.device.type != "cpu"
        return _BatchInputs(
            captions,
            names,
            waveforms,
            log_mels,
            Parcel.pack(arrays, self.device) if packed else arrays,
        )

    def _measure(self) -> Tensor:
        """Levels (N,) of all pairs' cached log-mels, before any effect.

        Once, as every mix draws from all pairs; in parts, as they may not fit at once.
        """
        rows = np.arange(len(self.names))
        parts = np.split(rows, range(MEASURED_AT_ONCE, len(rows), MEASURED_AT_ONCE))
        return torch.cat([level_of_log_mels(self._log_mels.read(p)) for p in parts])

    @torch.no_grad()
    def _assemble(self, inputs: _BatchInputs, epoch: int, step: int) -> Batch:
        """Augment on the device: what is mixed as waveforms, then all others."""
        generator = torch_generator(
            self.seed, "samples", epoch, step, device=self.device
        )
        plan = inputs.plan
        if isinstance(plan, Parcel):
            plan = plan.to(self.device)
        waveforms = log_mels = None
        if inputs.waveforms is not None and self._waveforms is not None:
            samples = self._waveforms.on_device(plan.get("waveforms", inputs.waveforms))
            waveforms = self.recipe.effects_of_plan(
                samples * (1 / FULL_SCALE),  # float32, in one pass
                plan,
                generator,
            )
        if inputs.log_mels is not None:
            log_mels = self._log_mels.on_device(plan.get("log_mels", inputs.log_mels))
            log_mels = log_mels.float()
        of_mixes = MixPlan.of_tensors(plan)
        log_mels = self._mixing.log_mels_of_plan(
            waveforms, log_mels, of_mixes, self._front_end
        )
        if self.recipe.specaugment is not None and self.device.type == "cpu":
            # After the samples of the effects, in the same stream.
            shape = tuple(log_mels.shape[1:])
            plan |= self._stripes(
                self.recipe.specaugment, len(log_mels), shape, generator
            )
        spec_augment = None
        if self.recipe.specaugment is not None:
            spec_augment = Stripes(plan["stripes.time"], plan["stripes.frequency"])
        text = {
            name.removeprefix("text."): array
            for name, array in plan.items()
            if name.startswith("text.")
        }
        return Batch(log_mels, inputs.captions, inputs.names, spec_augment, text)

    @staticmethod
    def _stripes(
        specaugment: SpecAugment,
        samples: int,
        shape: tuple[int, ...],
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        frames, bins = shape
        drawn = specaugment.stripes((samples, frames, bins), generator)
        in_time, in_frequency = drawn
        return {"stripes.time": in_time, "stripes.frequency": in_frequency}
