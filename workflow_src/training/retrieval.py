"""Train the retriever: ResNet38 and BERT under one recipe (paper, section 4.2.2)."""

from collections.abc import Mapping

import torch

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.config import own_encoder
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.retrieval import (
    build_retriever,
    embed_captions,
    embed_clips,
    retrieval_metrics,
)
from workflow_src.layout import Layout
from workflow_src.models.pretrained import published_encoder
from workflow_src.models.retrieval import AudioTextRetriever, ntxent
from workflow_src.training.loop import load_model
from workflow_src.training.run import Run
from workflow_src.training.schedules import retrieval_optimizer


def train(config: Mapping, layout: Layout, recipe_name: str, seed: int) -> None:
    """Train one retriever and write it to its folder of the layout."""
    device = prepare(config)
    run = Run(config, layout, "retrieval", recipe_name, seed)
    settings = run.settings
    torch.manual_seed(seed)
    model = initialised(config, layout).to(device)
    batches = run.batches(device)
    optimizer, scheduler = retrieval_optimizer(model, settings, len(batches))

    def loss(batch) -> torch.Tensor:
        return ntxent(
            model.embed_audio(batch.log_mels, batch.mask),
            model.embed_text(batch.captions),
            settings["temperature"],
        )

    log_mels = open_log_mels(config, layout, "retrieval", "val")
    captions = read_pairs(layout.captions("val"))

    def validate() -> dict[str, float]:
        audio = embed_clips(model, log_mels, device)
        text = embed_captions(model, captions)
        metrics, _ = retrieval_metrics(audio, text, log_mels.names, captions)
        recalls = [
            metrics[f"{direction} R@{k}"]
            for direction in ("T2A", "A2T")
            for k in (1, 5, 10)
        ]
        return {"selection": sum(recalls) / len(recalls)} | metrics

    run.fit(
        batches,
        model=model,
        optimizer=optimizer,
        scheduler=scheduler,
        loss=loss,
        validate=validate,
    )


def initialised(config: Mapping, layout: Layout) -> AudioTextRetriever:
    """Make the model of the config, with its audio encoder pre-trained."""
    model = build_retriever(config, layout)
    pretrained = config["retrieval"]["pretrained"]
    if pretrained is not None:
        model.audio_encoder.load_upstream(
            published_encoder(pretrained), config["trust_pickle"]
        )
    elif own_encoder(config, "retrieval"):
        state = load_model(layout.pretrained("retrieval"))
        model.audio_encoder.load_state_dict(state["model"])
    return model
