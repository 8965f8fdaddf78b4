"""Train a model of a family: an entry of `models` under one recipe.

The loop, the mini-batches, the losses and the validations are those of the paper's
models; what differs is the model, its front end and its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workflow_src.audio.store import LogMelStore, WaveformStore, write_log_mels
from workflow_src.augment.recipe import Recipe
from workflow_src.corpus.identity import read_identity
from workflow_src.corpus.pairs import read_pairs, read_references
from workflow_src.corpus.text import Vocabulary
from workflow_src.device import in_words, prepare
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import caption
from workflow_src.evaluation.retrieval import (
    embed_captions,
    embed_clips,
    retrieval_metrics,
)
from workflow_src.metrics.captioning import quick_cider
from workflow_src.models.families import runs as families
from workflow_src.models.families.model import Making
from workflow_src.models.families.settings import FORM, PARAMETERS
from workflow_src.models.run_folder import VOCABULARY, run_record
from workflow_src.training.batches import Batch, Batches
from workflow_src.training.captioning import caption_loss
from workflow_src.training.captioning_loss import numbered
from workflow_src.training.compute import Compute
from workflow_src.training.family_settings import (
    FamilySettings,
    FeatureSettings,
    check_domain,
)
from workflow_src.training.loop import Training, fit
from workflow_src.training.retrieval import contrastive_loss, mean_recall
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import (
    DEFAULT_OPTIONS,
    CaptioningOptimization,
    RetrievalOptimization,
    TrainingOptions,
)
from workflow_src.training.training_files import TrainingFiles


def model_features(
    settings: FeatureSettings,
    *,
    waveforms: Path,
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Compute the features that a model's own front end makes of a split.

    Args:
        settings: the audio encoder and the form of the clips.
        waveforms: store of the split.
        output: store of the features.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    on = prepare(device, threads)
    front_end = families.front_end_of(settings.part, settings.audio)
    write_log_mels(waveforms, front_end.to(on), output, device=on)


@dataclass(frozen=True)
class Task:
    """What a task adds to the training of a model.

    Attributes:
        text: captions and names of their clips -> arrays, see `Batches`.
        loss: batch -> scalar.
        validate: -> metrics, with `selection`.
    """

    text: Callable[[Sequence[str], Sequence[str]], Mapping[str, Tensor]]
    loss: Callable[[Batch], Tensor]
    validate: Callable[[], dict[str, float]]


def train_model(
    settings: FamilySettings,
    *,
    corpus: Path,
    captions: Path,
    val_captions: Path,
    waveforms: Path,
    features: Path,
    val_features: Path,
    vocabulary: Path,
    word_pieces: Path,
    run: Path,
    device: str = "auto",
    threads: int | None = None,
    options: TrainingOptions = DEFAULT_OPTIONS,
) -> None:
    """Train one model of a family.

    Args:
        settings: what the training depends on.
        corpus: `corpus.yaml`.
        captions: of the training split.
        val_captions: of the validation split.
        waveforms: store of the training split.
        features: store of the training split, by the model's front end.
        val_features: store of the validation split.
        vocabulary: words of the training captions.
        word_pieces: WordPieces of the training captions, for parts from scratch.
        run: folder of the run; see `workflow_src.models.run_folder`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        options: how it runs on its device, as JSON.

    Raises:
        InputError: the recipe needs log-mels in decibels.
    """
    check_domain(settings.recipe)
    on = prepare(device, threads)
    compute = Compute.of(options, on)
    entry, own = settings.entry, settings.optimization
    torch.manual_seed(settings.seed)
    making = Making(entry, settings.audio, vocabulary, word_pieces)
    model = families.make(making).to(on)
    compute.compile(model.compiled_layers)
    files = TrainingFiles(
        corpus,
        captions,
        val_captions,
        waveforms,
        features,
        val_features,
        None,
        families.learned(making),
    )
    task = TASKS[entry.task](model, settings, files, compute)
    recipe = families.recipe_of(model, entry.task, settings.recipe)
    batches = Batches(
        captions=read_pairs(captions),
        waveforms=WaveformStore(waveforms),
        log_mels=LogMelStore(features),
        recipe=Recipe.of(recipe),
        front_end=model.audio.front_end,
        batch_size=own.batch_size,
        seed=settings.seed,
        device=on,
        text=task.text,
        resident=options.resident,
    )
    optimizer, scheduler = optimizer_and_schedule(model, own, len(batches))
    words = Vocabulary.load(vocabulary)

    def beside(folder: Path) -> None:
        words.save(folder / VOCABULARY)
        model.save_form(folder / FORM)

    parameters = sum(weights.numel() for weights in model.parameters())
    record = run_record(
        entry.task,
        settings,
        files.digests(),
        read_identity(corpus),
        in_words(on),
        compute.environment | {PARAMETERS: str(parameters)},
    )
    fit(
        Training(
            model=model,
            optimizer=optimizer,
            scheduler=scheduler,
            batches=batches.epoch,
            steps=len(batches),
            loss=task.loss,
            validate=task.validate,
            settings=own,
            seed=settings.seed,
            record=record,
            checkpoint_minutes=options.checkpoint_minutes,
            beside=beside,
        ),
        run,
    )


def _captioning(
    model: Any, settings: FamilySettings, files: TrainingFiles, compute: Compute
) -> Task:
    own = settings.optimization
    if not isinstance(own, CaptioningOptimization):
        raise InputError("optimization is not of captioning")
    words, smoothing = model.words, own.label_smoothing
    validation = LogMelStore(files.val_log_mels)
    references = read_references(files.val_captions)

    def text(captions: Sequence[str], clips: Sequence[str]) -> dict[str, Tensor]:
        # The loss on padding is a trait of the published ACT, and stays there.
        return numbered(words, captions, clips, False, compute.compiled)

    def loss(batch: Batch) -> Tensor:
        return caption_loss(model, batch, smoothing, compute)

    def validate() -> dict[str, float]:
        with compute.eagerly():
            candidates = caption(model, validation, words, compute.device, beams=1)
        cider, _ = quick_cider(candidates, references)
        return {"selection": cider, "quick CIDEr": cider}

    return Task(text, loss, validate)


def _retrieval(
    model: Any, settings: FamilySettings, files: TrainingFiles, compute: Compute
) -> Task:
    own = settings.optimization
    if not isinstance(own, RetrievalOptimization):
        raise InputError("optimization is not of retrieval")
    temperature = own.temperature
    validation = LogMelStore(files.val_log_mels)
    pairs = read_pairs(files.val_captions)

    def text(captions: Sequence[str], _: Sequence[str]) -> dict[str, Tensor]:
        pieces: dict[str, Tensor] = model.text_encoder.pieces(
            captions, few_widths=compute.compiled
        )
        return pieces

    def loss(batch: Batch) -> Tensor:
        return contrastive_loss(model, batch, temperature, compute)

    def validate() -> dict[str, float]:
        with compute.eagerly():
            audio = embed_clips(model, validation, compute.device)
            texts = embed_captions(model, pairs)
        metrics, _ = retrieval_metrics(audio, texts, validation.names, pairs)
        return {"selection": mean_recall(metrics)} | metrics

    return Task(text, loss, validate)


TASKS = {"captioning": _captioning, "retrieval": _retrieval}
