"""The τ grid of Figure 4 for one trained model, scored like any other run.

Each point of the grid gets a folder `tta/<point>/` in the run's folder, with the
same files as the run itself has; so tables read both in the same way.
"""

from collections.abc import Mapping

import pandas as pd
import torch

from workflow_src.audio.frontend import front_end
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import WaveformStore
from workflow_src.augment.recipe import Recipe
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.captioning import load_captioner
from workflow_src.evaluation.retrieval import (
    embed_captions,
    load_retriever,
    write_retrieval_scores,
)
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.evaluation.views import Views
from workflow_src.files import write_atomically
from workflow_src.layout import FRONT_ENDS, Layout
from workflow_src.tta import GridPoint, grid_points


def points(config: Mapping) -> list[GridPoint]:
    """List the points of the config's grid."""
    return grid_points(**config["tta"]["grid"])


def views(
    config: Mapping,
    layout: Layout,
    task: str,
    recipe_name: str,
    device: torch.device,
    split: str = "test",
) -> Views:
    """Augmented views of a split's clips, for a model trained under a recipe."""
    name = FRONT_ENDS[task]
    recipe = Recipe.from_config(config, recipe_name, task)
    return Views(
        augmentation=recipe.test_time(),
        front_end=front_end(config, name).to(device),
        log_mels=open_log_mels(config, layout, task, split),
        waveforms=WaveformStore(layout.waveforms(split)),
        seed=config["tta"]["seed"],
        batch=config["tta"]["views_per_batch"],
        device=device,
    )


def caption_grid(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Caption the test clips at every point: `tta/captions.csv`.

    Columns: point, file_name, caption.
    """
    device = prepare(config)
    model, vocabulary = load_captioner(config, layout, recipe, seed, device)
    grid = points(config)
    said = captioning_grid(
        model,
        views(config, layout, "captioning", recipe, device),
        [point.strategy for point in grid],
        vocabulary.decode,
        stabilise=config["tta"]["stabilise"],
        memories_per_search=config["tta"]["memories_per_search"],
        sos=vocabulary.sos,
        eos=vocabulary.eos,
        **config["captioning"]["decoding"],
    )
    table = pd.DataFrame(
        [
            (point.name, clip, caption)
            for point in grid
            for clip, caption in said[point.strategy].items()
        ],
        columns=["point", "file_name", "caption"],
    )
    path = layout.run("captioning", recipe, seed) / "tta" / "captions.csv"
    write_atomically(path, table.to_csv(index=False))


def evaluate_grid(config: Mapping, layout: Layout, recipe: str, seed: int) -> None:
    """Embed the test clips at every point and score each into a folder."""
    device = prepare(config)
    model = load_retriever(config, layout, recipe, seed, device)
    grid = points(config)
    clips = views(config, layout, "retrieval", recipe, device)
    with torch.no_grad():
        embedded = retrieval_grid(
            model,
            clips,
            [point.strategy for point in grid],
            layer=config["tta"]["retrieval_layer"],
            stabilise=config["tta"]["stabilise"],
        )
    pairs = read_pairs(layout.captions("test"))
    captions = embed_captions(model, pairs)
    folder = layout.run("retrieval", recipe, seed) / "tta"
    for point in grid:
        write_retrieval_scores(
            folder / point.name,
            embedded[point.strategy],
            captions,
            clips.names,
            pairs,
        )
