"""What a trained captioner says of the test clips."""

from collections.abc import Mapping

import pandas as pd
import torch

from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.text import Vocabulary
from workflow_src.decoding import beam_search
from workflow_src.device import prepare
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.models.act import ACT, ActConfig
from workflow_src.progress import track
from workflow_src.training.loop import load_model

BATCH = 32  # clips encoded and decoded at once


def load_captioner(
    config: Mapping, layout: Layout, recipe: str, seed: int, device: torch.device
) -> tuple[ACT, Vocabulary]:
    """Load the captioner of a run, ready to caption."""
    vocabulary = Vocabulary.load(layout.vocabulary)
    model = ACT(ActConfig(len(vocabulary), **config["captioning"]["model"]))
    path = layout.run("captioning", recipe, seed) / "model.pt"
    model.load_state_dict(load_model(path)["model"])
    return model.to(device).eval(), vocabulary


@torch.no_grad()
def caption(
    model: ACT,
    log_mels: LogMelStore,
    vocabulary: Vocabulary,
    device: torch.device,
    **decoding,
) -> dict[str, str]:
    """Caption every clip of a store: file name -> caption.

    Args:
        model: the captioner, in evaluation mode.
        log_mels: the clips.
        vocabulary: its words.
        device: where the model is.
        decoding: options of `beam_search`.
    """
    said = {}
    for start in track(range(0, len(log_mels), BATCH), "captioning"):
        rows = range(start, min(start + BATCH, len(log_mels)))
        memory = model.encode(torch.from_numpy(log_mels.read(rows)).float().to(device))
        found = beam_search(
            model.step,
            model.start(memory),
            [[1.0]] * len(rows),
            sos=vocabulary.sos,
            eos=vocabulary.eos,
            **decoding,
        )
        for row, hypothesis in zip(rows, found, strict=True):
            said[log_mels.names[row]] = vocabulary.decode(hypothesis.words)
    return said


def caption_split(
    config: Mapping, layout: Layout, recipe: str, seed: int, split: str = "test"
) -> None:
    """Write `captions.csv` of a run: columns file_name, caption."""
    device = prepare(config)
    model, vocabulary = load_captioner(config, layout, recipe, seed, device)
    log_mels = open_log_mels(config, layout, "captioning", split)
    decoding = config["captioning"]["decoding"]
    said = caption(model, log_mels, vocabulary, device, **decoding)
    table = pd.DataFrame(said.items(), columns=["file_name", "caption"])
    path = layout.evaluated("captioning", recipe, seed, split) / "captions.csv"
    write_atomically(path, table.to_csv(index=False))
