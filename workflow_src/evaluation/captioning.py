"""What a trained captioner says of the test clips, and its scores."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import torch

from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_references
from workflow_src.corpus.text import Vocabulary
from workflow_src.decoding import beam_search
from workflow_src.device import prepare
from workflow_src.files import write_atomically
from workflow_src.layout import Layout
from workflow_src.metrics.captioning import score_many
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


def caption_test_clips(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Write `captions.csv` of a run: columns file_name, caption."""
    device = prepare(config)
    model, vocabulary = load_captioner(config, layout, recipe, seed, device)
    log_mels = LogMelStore(layout.log_mels("act", "test"))
    decoding = config["captioning"]["decoding"]
    said = caption(model, log_mels, vocabulary, device, **decoding)
    table = pd.DataFrame(said.items(), columns=["file_name", "caption"])
    path = layout.run("captioning", recipe, seed) / "captions.csv"
    write_atomically(path, table.to_csv(index=False))


def evaluate(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Score `captions.csv` of a run: `scores.json`, and `clips.csv` clip by clip."""
    folder = layout.run("captioning", recipe, seed)
    said = read_said(folder / "captions.csv").set_index("file_name")["caption"]
    references = read_references(layout.captions("test"))
    score_systems({folder.name: said.to_dict()}, references, folder.parent)


def read_said(path: Path) -> pd.DataFrame:
    """Read what a model said, as text: an empty caption and "nan" are captions too."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def score_systems(
    systems: Mapping[str, Mapping[str, str]],
    references: Mapping[str, list[str]],
    parent: Path,
) -> None:
    """Score what several systems said of the same clips, each into its own folder.

    `clips.csv` has the score of each clip, as a fraction; `scores.json` those of
    the corpus in the paper's unit, per cent.
    """
    scored = score_many(systems, references)
    for system, scores in scored.items():
        clips = pd.DataFrame({name: own for name, (_, own) in scores.items()})
        clips.insert(0, "file_name", list(references))
        write_atomically(parent / system / "clips.csv", clips.to_csv(index=False))
        metrics = {name: 100 * corpus for name, (corpus, _) in scores.items()}
        write_scores(parent / system, len(references), metrics)


def write_scores(folder: Path, clips: int, metrics: Mapping[str, float]) -> None:
    """Write `scores.json`: {"clips": N, "metrics": {name: value}}."""
    content = {"clips": clips, "metrics": dict(metrics)}
    write_atomically(folder / "scores.json", json.dumps(content, indent=2) + "\n")
