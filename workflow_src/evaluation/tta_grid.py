"""The τ grid of Figure 4 for one trained model, scored like any other run.

Each point of the grid gets a folder `tta/<point>/` in the run's folder, with the
same files as the run itself has; so tables read both in the same way.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from workflow_src.audio.store import WaveformStore
from workflow_src.augment.recipe import Recipe
from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.evaluation.batch_sizes import (
    encodings_at_once,
    views_of_captioner,
    views_of_retriever,
)
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.retrieval import (
    Retriever,
    embed_captions,
    write_retrieval_scores,
)
from workflow_src.evaluation.scores import Evaluated
from workflow_src.evaluation.settings import CaptionGridSettings, TestTimeSettings
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.evaluation.views import Views
from workflow_src.files import write_atomically
from workflow_src.models.families.runs import recipe_of_run


def views(
    loaded: Captioner | Retriever,
    settings: TestTimeSettings,
    log_mels: Path,
    waveforms: Path,
    views_per_batch: int | None,
) -> Views:
    """Make views of a split's clips, by the recipe that a model was trained with.

    Args:
        loaded: the model.
        settings: of test-time augmentation.
        log_mels: store of the split.
        waveforms: store of the split.
        views_per_batch: most views encoded at once; None: by the device's memory.
    """
    cached = loaded.open_log_mels(log_mels)
    shape = cached.shape[1:]
    if isinstance(loaded, Captioner):
        batch = views_of_captioner(loaded.model, shape, loaded.device, views_per_batch)
    else:
        batch = views_of_retriever(loaded.model, shape, loaded.device, views_per_batch)
    recipe = Recipe.of(recipe_of_run(loaded.model, loaded.record))
    return Views(
        augmentation=recipe.test_time(settings.strength),
        front_end=loaded.make_front_end(),
        log_mels=cached,
        waveforms=WaveformStore(waveforms),
        seed=settings.seed,
        batch=batch,
        device=loaded.device,
    )


def caption_grid(
    settings: CaptionGridSettings,
    *,
    run: Path,
    log_mels: Path,
    waveforms: Path,
    output: Path,
    views_per_batch: int | None = None,
    encodings_per_search: int | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Caption the test clips at every point of the test-time augmentation grid.

    Args:
        settings: of the views and of the search.
        run: folder of the captioner.
        log_mels: store of the test split.
        waveforms: store of the test split.
        output: gets columns point, file_name, caption.
        views_per_batch: most views encoded at once; None: by the device's memory.
        encodings_per_search: most averaged encodings of clips decoded at once; None:
            by the device's memory.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    captioner = Captioner.load(run, prepare(device, threads))
    test_time, vocabulary = settings.test_time, captioner.vocabulary
    clips = views(captioner, test_time, log_mels, waveforms, views_per_batch)
    captions = captioning_grid(
        captioner.model,
        clips,
        [point.strategy for point in test_time.grid.points],
        vocabulary.decode,
        stabilise=test_time.stabilise,
        encodings_per_search=encodings_at_once(
            captioner.model,
            clips.log_mels.shape[1],
            captioner.device,
            settings.decoding.beams,
            settings.decoding.max_words,
            encodings_per_search,
        ),
        sos=vocabulary.sos,
        eos=vocabulary.eos,
        beams=settings.decoding.beams,
        max_words=settings.decoding.max_words,
        order=settings.decoding.order,
    )
    table = pd.DataFrame(
        [
            (point.name, clip, text)
            for point in test_time.grid.points
            for clip, text in captions[point.strategy].items()
        ],
        columns=["point", "file_name", "caption"],
    )
    write_atomically(output, table.to_csv(index=False))


def score_retrieval_grid(
    settings: TestTimeSettings,
    *,
    run: Path,
    log_mels: Path,
    waveforms: Path,
    captions: Path,
    output: Path,
    views_per_batch: int | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Score a retriever at every point of the test-time augmentation grid.

    Args:
        settings: of the views and the strategies.
        run: folder of the retriever.
        log_mels: store of the test split.
        waveforms: store of the test split.
        captions: of the test split.
        output: folder that gets a folder a point, with `scores.json` and `ranks.csv`.
        views_per_batch: most views encoded at once; None: by the device's memory.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    retriever = Retriever.load(run, prepare(device, threads))
    clips = views(retriever, settings, log_mels, waveforms, views_per_batch)
    with torch.no_grad():
        embedded = retrieval_grid(
            retriever.model,
            clips,
            [point.strategy for point in settings.grid.points],
            layer=settings.retrieval_layer,
            stabilise=settings.stabilise,
        )
    pairs = read_pairs(captions)
    texts = embed_captions(retriever.model, pairs)
    for point in settings.grid.points:
        write_retrieval_scores(
            output / point.name,
            Evaluated.of(retriever.record, "test", point.name),
            embedded[point.strategy],
            texts,
            clips.names,
            pairs,
        )
