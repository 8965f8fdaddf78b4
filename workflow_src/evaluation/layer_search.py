"""Which middle layer h_E suits retrieval: each stage of ResNet38, on validation.

The paper uses the encoder's last layer and leaves the choice as future work.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.errors import InputError
from workflow_src.evaluation.retrieval import (
    Retriever,
    embed_captions,
    retrieval_metrics,
)
from workflow_src.evaluation.settings import TestTimeSettings
from workflow_src.evaluation.tta_grid import views
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.files import write_atomically
from workflow_src.models.panns import ResNet38
from workflow_src.tta import Strategy


def layer_search(
    settings: TestTimeSettings,
    *,
    runs: list[Path],
    log_mels: Path,
    waveforms: Path,
    captions: Path,
    output: Path,
    views_per_batch: int | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Try each stage of the retriever's audio encoder as the middle layer.

    The strategy is the largest of the grid's Multi-TTA points.

    Args:
        settings: of the views; the layer in it counts for nothing here.
        runs: folders of retrievers, one a seed.
        log_mels: store of the validation split.
        waveforms: store of the validation split.
        captions: of the validation split.
        output: gets columns layer, tau, |P_hE|, |P_H|, clips, seed, then the metrics.
        views_per_batch: most views encoded at once; None: by the device's memory.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    on = prepare(device, threads)
    sizes = max(settings.grid.multi, key=lambda pair: pair[0] * pair[1])
    strategy = Strategy.uniform(sizes)
    pairs = read_pairs(captions)
    rows = []
    for run in runs:
        retriever = Retriever.load(run, on)
        clips = views(retriever, settings, log_mels, waveforms, views_per_batch)
        texts = embed_captions(retriever.model, pairs)
        encoder = retriever.model.audio_encoder
        if not isinstance(encoder, ResNet38):
            raise InputError(f"{run}: only ResNet38 has stages to choose from")
        for layer in encoder.stage_names:
            embedded = retrieval_grid(
                retriever.model,
                clips,
                [strategy],
                layer=layer,
                stabilise=settings.stabilise,
            )
            metrics, _ = retrieval_metrics(
                embedded[strategy], texts, clips.names, pairs
            )
            row = {
                "layer": layer,
                "tau": strategy.tau,
                "|P_hE|": sizes[0],
                "|P_H|": sizes[1],
                "clips": len(clips.names),
                "seed": retriever.record.settings["seed"],
            }
            shown = {name: round(value, 2) for name, value in metrics.items()}
            rows.append(row | shown)
    write_atomically(output, pd.DataFrame(rows).to_csv(index=False))
