"""Train the retriever: ResNet38 and BERT under one recipe (paper, section 4.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.corpus.pairs import read_pairs
from workflow_src.evaluation.retrieval import (
    embed_captions,
    embed_clips,
    retrieval_metrics,
)
from workflow_src.models.retrieval import AudioTextRetriever, TwoTowers, ntxent
from workflow_src.models.run_folder import TEXT_ENCODER
from workflow_src.models.weights import load_weights
from workflow_src.training.batches import Batch
from workflow_src.training.compute import Compute
from workflow_src.training.gathered_norm import normalise_over_all
from workflow_src.training.launch import on_its_gpus
from workflow_src.training.loop import Training, fit
from workflow_src.training.ranks import ALONE, Ranks, join
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import (
    DEFAULT_OPTIONS,
    OWN,
    SCRATCH,
    RetrievalSettings,
    TrainingOptions,
)
from workflow_src.training.training_files import TrainingFiles, given


@on_its_gpus
def train_retriever(
    settings: RetrievalSettings,
    *,
    corpus: Path,
    captions: Path,
    val_captions: Path,
    waveforms: Path,
    log_mels: Path,
    val_log_mels: Path,
    word_pieces: Path | None = None,
    encoder: Path | None = None,
    run: Path,
    device: str = "auto",
    threads: int | None = None,
    trust_pickle: bool = False,
    options: TrainingOptions = DEFAULT_OPTIONS,
) -> None:
    """Train one retriever.

    Args:
        settings: what the training depends on.
        corpus: `corpus.yaml`.
        captions: of the training split.
        val_captions: of the validation split.
        waveforms: store of the training split.
        log_mels: store of the training split.
        val_log_mels: store of the validation split.
        word_pieces: of the small BERT, where the settings name no text encoder.
        encoder: weights that the audio encoder starts from, unless from scratch.
        run: folder of the run; see `workflow_src.models.run_folder`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
        trust_pickle: read an encoder that is a pickled program.
        options: how it runs on its device, as JSON.
    """
    ranks, on = join(options.gpus, device, threads)
    own = settings.optimization
    ranks.share(own.batch_size)
    compute = Compute.of(options, on)
    learned = {} if word_pieces is None else {"word_pieces": word_pieces}
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
    torch.manual_seed(settings.seed)
    model = initialised(settings, word_pieces, encoder, trust_pickle).to(on)
    normalise_over_all(model, ranks, on)
    # What exchanges statistics between its operations is not compiled.
    audio_layers = model.audio_encoder.layers if ranks.alone else []
    compute.compile([*audio_layers, *model.text_encoder.layers])

    def text(captions: Sequence[str], _: Sequence[str]) -> dict[str, torch.Tensor]:
        return model.text_encoder.pieces(captions, few_widths=compute.compiled)

    batches = files.batches(settings, own.batch_size, on, text, options.resident)
    optimizer, scheduler = optimizer_and_schedule(model, own, len(batches))

    def loss(batch: Batch) -> torch.Tensor:
        return contrastive_loss(model, batch, own.temperature, compute, ranks)

    validation = open_log_mels(val_log_mels, settings.front_end, settings.audio)
    pairs = read_pairs(val_captions)

    def validate() -> dict[str, float]:
        with compute.eagerly():
            audio = embed_clips(model, validation, on)
            texts = embed_captions(model, pairs)
        metrics, _ = retrieval_metrics(audio, texts, validation.names, pairs)
        return {"selection": mean_recall(metrics)} | metrics

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
            beside=lambda own: model.text_encoder.save_form(own / TEXT_ENCODER),
            ranks=ranks,
        ),
        run,
    )


def mean_recall(metrics: Mapping[str, float]) -> float:
    """The mean of R@1, R@5 and R@10 in both directions, which picks the epoch."""
    recalls = [
        metrics[f"{direction} R@{k}"]
        for direction in ("T2A", "A2T")
        for k in (1, 5, 10)
    ]
    return sum(recalls) / len(recalls)


def contrastive_loss(
    model: TwoTowers,
    batch: Batch,
    temperature: float,
    compute: Compute,
    ranks: Ranks = ALONE,
) -> torch.Tensor:
    """Compute the loss of a mini-batch, which has the arrays of `pieces`.

    Of several ranks each embeds its share, and computes the loss of all.
    """
    if not ranks.alone:
        share = ranks.share(len(batch))
        batch = batch.part(share.start, share.stop)
    with compute.autocast():
        audio = model.embed_audio(batch.log_mels, batch.spec_augment)
        text = model.embed_pieces(batch.text)
    audio, text = ranks.gathered(audio.float()), ranks.gathered(text.float())
    return ntxent(audio, text, temperature)


def initialised(
    settings: RetrievalSettings,
    word_pieces: Path | None,
    encoder: Path | None,
    trust_pickle: bool,
) -> AudioTextRetriever:
    """Make the model, its encoders as the training starts with them.

    Raises:
        InputError: a file that the settings ask for is missing.
    """
    sizes = settings.model
    if sizes.text_encoder is None:
        pieces = given(word_pieces, "--word-pieces", "text_encoder is null")
        sizes = replace(sizes, word_pieces=str(pieces))
    model = AudioTextRetriever(sizes)
    if settings.encoder != SCRATCH:
        start = given(encoder, "--encoder", f"encoder is {settings.encoder}")
        if settings.encoder == OWN:
            model.audio_encoder.load_state_dict(load_weights(start)["model"])
        else:
            model.audio_encoder.load_upstream(start, trust_pickle)
    return model
