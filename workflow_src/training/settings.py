"""What a training depends on, whole: the settings of its step, without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.errors import InputError
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.settings import Settings


@dataclass(frozen=True)
class OptimizationSettings(Settings):
    """AdamW, its learning rate over time, and the length of a training.

    The paper, section 4.3, gives AdamW, the learning rate, the weight decay and 30
    epochs, and leaves the rest to [13] for captioning and to [14] for retrieval.

    Attributes:
        epochs: passes of ceil(N / batch_size) mini-batches.
        batch_size: B, samples in a mini-batch.
        learning_rate: at its highest.
        weight_decay: of AdamW.
        warmup_epochs: linear, from zero.
        lr_decay_every: after the warm-up, epochs from one decay to the next.
        lr_decay_factor: of the learning rate at each decay.
        max_gradient_norm: gradients are clipped to it.
        validate_every: epochs from one validation to the next; the last epoch is
            validated too.

    Raises:
        InputError: a value out of its range.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 1e-6
    warmup_epochs: float = 0.0
    lr_decay_every: float = 10.0
    lr_decay_factor: float = 0.1
    max_gradient_norm: float = 2.0
    validate_every: int = 1

    def __post_init__(self) -> None:
        for key in ("epochs", "batch_size", "validate_every"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is at least 1, not {getattr(self, key)}")
        for key in (
            "learning_rate",
            "lr_decay_every",
            "lr_decay_factor",
            "max_gradient_norm",
        ):
            if not getattr(self, key) > 0:
                raise InputError(f"{key} is above 0, not {getattr(self, key)}")
        for key in ("weight_decay", "warmup_epochs"):
            if getattr(self, key) < 0:
                raise InputError(f"{key} is at least 0, not {getattr(self, key)}")


@dataclass(frozen=True)
class CaptioningOptimization(OptimizationSettings):
    """Training of the captioner; the defaults are the paper's and those of [13].

    Attributes:
        label_smoothing: of the cross entropy.
        loss_on_padding: the published loss counts the padding.
        selection: validation metric that picks the epoch: `cider`, which is fast,
            or `spider`, the mean with the official SPICE.
    """

    warmup_epochs: float = 5.0
    label_smoothing: float = 0.1
    loss_on_padding: bool = True
    selection: Literal["cider", "spider"] = "cider"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.label_smoothing < 1:
            raise InputError(
                f"label_smoothing is from 0 to below 1, not {self.label_smoothing}"
            )


@dataclass(frozen=True)
class RetrievalOptimization(OptimizationSettings):
    """Training of the retriever; the defaults are the paper's and those of [14].

    Attributes:
        temperature: of NT-Xent.
        selection: validation metric that picks the epoch: `recall`, the mean of R@1,
            R@5 and R@10 in both directions.
    """

    batch_size: int = 64
    lr_decay_every: float = 20.0
    temperature: float = 0.07
    selection: Literal["recall"] = "recall"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.temperature > 0:
            raise InputError(f"temperature is above 0, not {self.temperature}")


@dataclass(frozen=True)
class PretrainingOptimization(Settings):
    """Pre-training of an audio encoder on tags: one cycle of the learning rate.

    Attributes:
        epochs: passes over the tagged clips.
        batch_size: clips in a mini-batch.
        learning_rate: at its highest.
        weight_decay: of AdamW.
        max_gradient_norm: gradients are clipped to it.
        validate_every: epochs from one validation to the next.

    Raises:
        InputError: a value out of its range.
    """

    epochs: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    max_gradient_norm: float = 2.0
    validate_every: int = 1

    def __post_init__(self) -> None:
        for key in ("epochs", "batch_size", "validate_every"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is at least 1, not {getattr(self, key)}")
        for key in ("learning_rate", "max_gradient_norm"):
            if not getattr(self, key) > 0:
                raise InputError(f"{key} is above 0, not {getattr(self, key)}")
        if self.weight_decay < 0:
            raise InputError(f"weight_decay is at least 0, not {self.weight_decay}")


@dataclass(frozen=True)
class PretrainingSettings(Settings):
    """What the pre-training of one audio encoder depends on.

    Attributes:
        front_end: the log-mels it reads, and so which encoder it is.
        audio: form of the clips.
        act: sizes of ACT, for the front end `act`.
        retriever: sizes of the retriever, for the front end `panns`.
        optimization: how it is trained.
    """

    front_end: FrontEndSettings
    audio: AudioForm
    optimization: PretrainingOptimization
    act: ActConfig | None = None
    retriever: RetrieverConfig | None = None


# Where a model's audio encoder starts: random weights; the encoder that the step
# `pretrain` made; or a published name or the path of a file.
SCRATCH, OWN = "scratch", "own"


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """What the trainings of both tasks depend on.

    Attributes:
        recipe: the augmentations, complete.
        seed: of everything that is drawn.
        front_end: the log-mels that the model is fed.
        audio: form of the clips.
        encoder: where the audio encoder starts: `scratch`, `own` (pre-trained
            here), a published name or the path of a file.
    """

    recipe: RecipeSettings
    seed: int
    front_end: FrontEndSettings
    audio: AudioForm
    encoder: str


@dataclass(frozen=True)
class CaptioningSettings(TrainingSettings):
    """What a captioner's training depends on.

    Attributes:
        model: sizes of ACT; its vocabulary comes from the training captions.
        word2vec: whether word embeddings start from vectors trained on them.
        optimization: how it is trained.
    """

    model: ActConfig
    word2vec: bool
    optimization: CaptioningOptimization = field(default_factory=CaptioningOptimization)

    def __post_init__(self) -> None:
        self.recipe.check_task("captioning")


@dataclass(frozen=True)
class RetrievalSettings(TrainingSettings):
    """What a retriever's training depends on.

    Attributes:
        model: sizes of the retriever.
        optimization: how it is trained.
    """

    model: RetrieverConfig
    optimization: RetrievalOptimization = field(default_factory=RetrievalOptimization)

    def __post_init__(self) -> None:
        self.recipe.check_task("retrieval")


Resident = Literal["auto", "log_mels", "all", "none"]


@dataclass(frozen=True)
class TrainingOptions(Settings):
    """How a training runs on its device: section `training` of config.yaml.

    Like the device itself, nothing here is a setting of the result: the training is
    the same to the rounding of its numbers, and a killed one may go on under other
    options. A run's record says under `environment` what was used.

    Attributes:
        resident: clips that lie on the device during the whole training; `auto`:
            what fits on a GPU.
        precision: of the model's products; `auto`: bf16 on a GPU that has it, else
            fp32. Losses, softmax, statistics and the front end are fp32 always.
        compile: whether the layers of the models are compiled; `auto`: on a GPU.
        micro_batch: captioning: clips whose activations are in memory at once; None:
            the whole mini-batch.
        checkpoint_minutes: from one resume file to the next, at least; a killed
            training loses no more than that. 0: at the end of every epoch.
        gpus: of one machine, for one training of the captioner or the retriever; each
            has a part of every mini-batch. With `device: cpu`: as many processes.
            A pre-training takes one.

    Raises:
        InputError: a value out of its range.
    """

    resident: Resident = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    compile: Literal["auto", "on", "off"] | bool = "auto"  # YAML reads on as true
    micro_batch: int | None = None
    checkpoint_minutes: float = 5.0
    gpus: int = 1

    def __post_init__(self) -> None:
        if self.gpus < 1:
            raise InputError(f"gpus is at least 1, not {self.gpus}")
        if self.micro_batch is not None and self.micro_batch < 1:
            raise InputError(f"micro_batch is at least 1, not {self.micro_batch}")
        if not self.checkpoint_minutes >= 0:
            raise InputError(
                f"checkpoint_minutes is at least 0, not {self.checkpoint_minutes}"
            )


DEFAULT_OPTIONS = TrainingOptions()
