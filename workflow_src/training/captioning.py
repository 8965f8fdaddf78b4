"""Train the captioner: ACT under one recipe (paper, sections 4.2.1 and 4.3)."""

from collections.abc import Mapping

import numpy as np
import torch

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.config import own_encoder
from workflow_src.corpus.pairs import read_references
from workflow_src.corpus.text import Vocabulary
from workflow_src.device import prepare
from workflow_src.evaluation.captioning import caption
from workflow_src.layout import Layout
from workflow_src.metrics import spice
from workflow_src.metrics.captioning import quick_cider, score
from workflow_src.models.act import ACT, ActConfig, label_smoothing_loss
from workflow_src.models.pretrained import published_encoder
from workflow_src.training.loop import load_model
from workflow_src.training.run import Run
from workflow_src.training.schedules import captioning_optimizer


def train(config: Mapping, layout: Layout, recipe_name: str, seed: int) -> None:
    """Train one captioner and write it to its folder of the layout."""
    device = prepare(config)
    run = Run(config, layout, "captioning", recipe_name, seed)
    settings = run.settings
    vocabulary = Vocabulary.load(layout.vocabulary)
    torch.manual_seed(seed)
    model = build(config, layout, vocabulary).to(device)
    batches = run.batches(device)
    optimizer, scheduler = captioning_optimizer(model, settings, len(batches))

    def loss(batch) -> torch.Tensor:
        clips = [" + ".join(names) for names in batch.names]
        tokens = vocabulary.batch(batch.captions, clips)
        right = tokens[:, 1:]
        padding = None if settings["loss_on_padding"] else vocabulary.padding(right)
        memory = model.encode(batch.log_mels, batch.mask)
        given = tokens[:, :-1]
        # As the published code: no word attends to padding, not even padding.
        unseen = vocabulary.padding(given).to(device)
        logits = model.decode(memory, given.to(device), unseen)
        return label_smoothing_loss(
            logits,
            right.to(device),
            settings["label_smoothing"],
            padding if padding is None else padding.to(device),
        )

    validation = open_log_mels(config, layout, "captioning", "val")
    validation_references = read_references(layout.captions("val"))

    def validate() -> dict[str, float]:
        # Greedy: the choice of an epoch does not depend on the decoding section.
        said = caption(model, validation, vocabulary, device, beams=1)
        cider, _ = quick_cider(said, validation_references)
        found = {"selection": cider, "quick CIDEr": cider}
        if settings["selection"] == "spider":
            official = spice.chosen(config, "java")
            spider, _ = score(said, validation_references, official)["SPIDEr"]
            found |= {"selection": spider, "SPIDEr": spider}
        return found

    run.fit(
        batches,
        model=model,
        optimizer=optimizer,
        scheduler=scheduler,
        loss=loss,
        validate=validate,
    )


def build(config: Mapping, layout: Layout, vocabulary: Vocabulary) -> ACT:
    """Make the model of the config, with its encoder and its words initialised."""
    settings = config["captioning"]
    model = ACT(ActConfig(len(vocabulary), **settings["model"]))
    if settings["pretrained"] is not None:
        model.load_encoder(
            published_encoder(settings["pretrained"]), config["trust_pickle"]
        )
    elif own_encoder(config, "captioning"):
        state = load_model(layout.pretrained("captioning"))
        model.encoder.load_state_dict(state["model"])
    if settings["word2vec"]:
        model.load_word_vectors(torch.from_numpy(np.load(layout.word2vec)))
    return model
