"""Which middle layer h_E suits retrieval: each stage of ResNet38, on validation.

The paper uses the encoder's last layer and leaves the choice as future work.
"""

from collections.abc import Mapping

import pandas as pd

from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.retrieval import (
    embed_captions,
    load_retriever,
    retrieval_metrics,
)
from workflow_src.evaluation.tta_grid import views
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.layout import Layout
from workflow_src.tta import Strategy


def layer_search(config: Mapping, layout: Layout) -> pd.DataFrame:
    """Score Multi-TTA with each stage as h_E, on the validation clips.

    Columns: layer, tau, |P_hE|, |P_H|, clips, seed, then the retrieval metrics. The
    strategy is the largest of the grid's Multi-TTA points. Each seed has its rows.
    """
    device = prepare(config)
    recipe = config["tta"]["recipe"]
    sizes = max(config["tta"]["grid"]["multi"], key=lambda pair: pair[0] * pair[1])
    strategy = Strategy.uniform(sizes)
    clips = views(config, layout, "retrieval", recipe, device, split="val")
    pairs = read_pairs(layout.captions("val"))
    rows = []
    for seed in config["seeds"]:
        model = load_retriever(config, layout, recipe, seed, device)
        captions = embed_captions(model, pairs)
        for layer in model.audio_encoder.stage_names:
            embedded = retrieval_grid(
                model,
                clips,
                [strategy],
                layer=layer,
                stabilise=config["tta"]["stabilise"],
            )
            metrics, _ = retrieval_metrics(
                embedded[strategy], captions, clips.names, pairs
            )
            row = {
                "layer": layer,
                "tau": strategy.tau,
                "|P_hE|": sizes[0],
                "|P_H|": sizes[1],
                "clips": len(clips.names),
                "seed": seed,
            }
            shown = {name: round(value, 2) for name, value in metrics.items()}
            rows.append(row | shown)
    return pd.DataFrame(rows)
