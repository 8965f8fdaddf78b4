"""Train the captioner: ACT under one recipe (paper, sections 4.2.1 and 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.corpus.pairs import read_references
from workflow_src.corpus.text import Vocabulary
from workflow_src.evaluation.captioning import caption
from workflow_src.metrics.captioning import quick_cider, score
from workflow_src.metrics.spice import Settings as SpiceSettings
from workflow_src.models.act import ACT, label_smoothing_loss
from workflow_src.models.caption_model import CaptionModel
from workflow_src.models.run_folder import VOCABULARY
from workflow_src.models.weights import load_weights
from workflow_src.training.batches import Batch
from workflow_src.training.captioning_loss import loss_in_parts, numbered
from workflow_src.training.compute import Compute
from workflow_src.training.launch import on_its_gpus
from workflow_src.training.loop import Training, fit
from workflow_src.training.ranks import join
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import (
    DEFAULT_OPTIONS,
    OWN,
    SCRATCH,
    CaptioningSettings,
    TrainingOptions,
)
from workflow_src.training.training_files import TrainingFiles, given


@on_its_gpus
def train_captioner(
    settings: CaptioningSettings,
    *,
    corpus: Path,
    captions: Path,
    val_captions: Path,
    waveforms: Path,
    log_mels: Path,
    val_log_mels: Path,
    vocabulary: Path,
    word_vectors: Path | None = None,
    encoder: Path | None = None,
    run: Path,
    device: str = "auto",
    threads: int | None = None,
    trust_pickle: bool = False,
    corenlp: Path | None = None,
    options: TrainingOptions = DEFAULT_OPTIONS,
) -> None:
    """Train one captioner.

    Args:
        settings: what the training depends on.
        corpus: `corpus.yaml`.
        captions: of the training split.
        val_captions: of the validation split.
        waveforms: store of the training split.
        log_mels: store of the training split.
        val_log_mels: store of the validation split.
        vocabulary: words of the training captions.
        word_vectors: of the vocabulary, where `settings.word2vec` asks for them.
        encoder: weights that the audio encoder starts from, unless from scratch.
        run: folder of the run; see `workflow_src.models.run_folder`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        trust_pickle: read an encoder that is a pickled program.
        corenlp: folder of the official SPICE's parser, for `selection: spider`.
        options: how it runs on its device, as JSON.
    """
    ranks, on = join(options.gpus, device, threads)
    own = settings.optimization
    clips = len(ranks.share(own.batch_size))
    compute = Compute.of(options, on)
    learned = {"vocabulary": vocabulary}
    if settings.word2vec and word_vectors is not None:
        learned["word_vectors"] = word_vectors
    files = TrainingFiles(
        corpus,
        captions,
        val_captions,
        waveforms,
        log_mels,
        val_log_mels,
        encoder,
        learned,
    )
    words = Vocabulary.load(vocabulary)
    torch.manual_seed(settings.seed)
    model = initialised(settings, words, encoder, word_vectors, trust_pickle).to(on)
    compute.compile([*model.encoder.blocks, *model.layers])

    def text(captions: Sequence[str], clips: Sequence[str]) -> dict[str, torch.Tensor]:
        return numbered(words, captions, clips, own.loss_on_padding, compute.compiled)

    batches = files.batches(settings, own.batch_size, on, text, options.resident)
    optimizer, scheduler = optimizer_and_schedule(model, own, len(batches))

    def loss(batch: Batch) -> torch.Tensor:
        return caption_loss(model, batch, own.label_smoothing, compute)

    def gradients(batch: Batch, size: int) -> torch.Tensor:
        return loss_in_parts(model, batch, own.label_smoothing, compute, size, ranks)

    validation = open_log_mels(val_log_mels, settings.front_end, settings.audio)
    references = read_references(val_captions)

    def validate() -> dict[str, float]:
        # Greedy: the choice of an epoch does not depend on the decoding section.
        with compute.eagerly():
            candidates = caption(model, validation, words, on, beams=1)
        cider, _ = quick_cider(candidates, references)
        metrics = {"selection": cider, "quick CIDEr": cider}
        if own.selection == "spider":
            official = SpiceSettings(kind="java", corenlp=corenlp)
            spider, _ = score(candidates, references, official)["SPIDEr"]
            metrics |= {"selection": spider, "SPIDEr": spider}
        return metrics

    fit(
        Training(
            model=model,
            optimizer=optimizer,
            scheduler=scheduler,
            batches=batches.epoch,
            steps=len(batches),
            loss=loss,
            validate=validate,
            settings=own,
            seed=settings.seed,
            record=files.record(settings, compute, ranks),
            checkpoint_minutes=options.checkpoint_minutes,
            # A rank's share is a part of the mini-batch, as a micro-batch is.
            micro_batch=options.micro_batch or (None if ranks.alone else clips),
            gradients=gradients,
            beside=lambda folder: words.save(folder / VOCABULARY),
            ranks=ranks,
        ),
        run,
    )


def caption_loss(
    model: CaptionModel, batch: Batch, smoothing: float, compute: Compute
) -> torch.Tensor:
    """Compute the loss of a mini-batch, which has the arrays of `numbered`."""
    text = batch.text
    with compute.autocast():
        logits = model(
            batch.log_mels, text["given"], text["unseen"], batch.spec_augment
        )
    return label_smoothing_loss(
        logits.float(), text["right"], smoothing, text.get("padding")
    )


def initialised(
    settings: CaptioningSettings,
    vocabulary: Vocabulary,
    encoder: Path | None,
    word_vectors: Path | None,
    trust_pickle: bool,
) -> ACT:
    """Make the model, its encoder and its words as the training starts with them.

    Raises:
        InputError: a file that the settings ask for is missing.
    """
    model = ACT(replace(settings.model, vocabulary=len(vocabulary)))
    if settings.encoder != SCRATCH:
        start = given(encoder, "--encoder", f"encoder is {settings.encoder}")
        if settings.encoder == OWN:
            model.encoder.load_state_dict(load_weights(start)["model"])
        else:
            model.load_encoder(start, trust_pickle)
    if settings.word2vec:
        vectors = given(word_vectors, "--word-vectors", "word2vec is true")
        model.load_word_vectors(torch.from_numpy(np.load(vectors)))
    return model
