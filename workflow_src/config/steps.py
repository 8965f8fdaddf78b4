"""The settings of every step, made from the config: the one place where that is done.

Each function gives what the results of a step depend on, complete: a rule that has
them in its parameters runs again when one of them changes, and only then. How a step
runs (device, threads, sizes of batches, patience with servers) is not among them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workflow_src.audio.settings import FrontEndName, FrontEndSettings
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.config.schema import Config
from workflow_src.config.sections import SpiceKind
from workflow_src.corpus.embedded.settings import EMBEDDED_SPLITS, EmbeddedSettings
from workflow_src.corpus.identity import CorpusIdentity, corpus_name
from workflow_src.corpus.settings import AudioCapsSource
from workflow_src.evaluation.settings import CaptionGridSettings, TestTimeSettings
from workflow_src.layout import task_of
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.report.settings import (
    CaptionRowSettings,
    CaptionStatisticsSettings,
    ExampleSettings,
    FigureSettings,
    PageSettings,
    PictureSettings,
    RowSettings,
    SweepCellSettings,
    SweepSettings,
    TableSettings,
    ViewedSettings,
    published_figures,
)
from workflow_src.training.settings import (
    OWN,
    SCRATCH,
    CaptioningSettings,
    PretrainingSettings,
    RetrievalSettings,
)


def corpus_identity(config: Config) -> CorpusIdentity:
    """What the selected corpus is."""
    kind = config.selected_corpus
    if kind == "folder":
        folder = Path(str(config.corpus_dir)).resolve()
        return CorpusIdentity(
            "folder", folder.name, config.scale, {"folder": str(folder)}
        )
    if kind == "audiocaps":
        own = config.audiocaps
        return CorpusIdentity(
            "audiocaps",
            "audiocaps",
            config.scale,
            {"version": own.version, "captions": own.captions},
        )
    made = embedded_corpus(config)
    origin = {"seed": made.seed} | {
        f"{split}_clips": made.clips(split) for split in EMBEDDED_SPLITS
    }
    return CorpusIdentity("embedded", "embedded", config.scale, origin)


def embedded_corpus(config: Config) -> EmbeddedSettings:
    """What the synthesised corpus is made from."""
    own = config.embedded
    return EmbeddedSettings(
        seed=own.seed,
        train_clips=config.train_clips or own.train_clips,
        val_clips=own.val_clips,
        test_clips=own.test_clips,
        tagged_clips=own.tagged_clips,
        sample_rate=config.audio.sample_rate,
        seconds=config.audio.seconds,
    )


def front_end(config: Config, name: FrontEndName) -> FrontEndSettings:
    """Which log-mels a task's models are fed."""
    section = getattr(config, task_of(name))
    return FrontEndSettings(name, section.hop_length)


def own_encoder(config: Config, task: str) -> bool:
    """Whether a task's audio encoder starts from our own pre-training on tags.

    It does where the config names no published checkpoint and the corpus has tags,
    which only the embedded one has.
    """
    section = getattr(config, task)
    return section.pretrained is None and config.selected_corpus == "embedded"


def _encoder(config: Config, task: str) -> str:
    section = getattr(config, task)
    if section.pretrained is not None:
        return str(section.pretrained)
    return OWN if own_encoder(config, task) else SCRATCH


def pretraining(config: Config, name: FrontEndName) -> PretrainingSettings:
    """What the pre-training of an audio encoder depends on."""
    act = name == "act"
    return PretrainingSettings(
        front_end=front_end(config, name),
        audio=config.audio,
        optimization=config.pretraining,
        act=_encoder_sizes(config.captioning.model) if act else None,
        retriever=None if act else _audio_sizes(config.retrieval.model),
    )


def _encoder_sizes(sizes: ActConfig) -> ActConfig:
    """The sizes of ACT's encoder; the decoder's are the published ones."""
    return ActConfig(
        encoder_width=sizes.encoder_width,
        encoder_layers=sizes.encoder_layers,
        encoder_heads=sizes.encoder_heads,
        encoder_feedforward=sizes.encoder_feedforward,
        encoder_head_width=sizes.encoder_head_width,
        tag_classes=sizes.tag_classes,
        dropout=sizes.dropout,
    )


def _audio_sizes(sizes: RetrieverConfig) -> RetrieverConfig:
    """The sizes of the retriever's audio encoder; all others are the published ones."""
    return RetrieverConfig(
        audio_width=sizes.audio_width,
        audio_blocks=sizes.audio_blocks,
        audio_dropout=sizes.audio_dropout,
    )


def captioner(config: Config, recipe: str, seed: int) -> CaptioningSettings:
    """What a captioner's training depends on.

    Args:
        config: resolved.
        recipe: name of the augmentation recipe.
        seed: of the training.

    Raises:
        InputError: there is no such recipe, or it is not for captioning.
    """
    own = config.captioning
    frames = front_end(config, "act")
    return CaptioningSettings(
        recipe=_recipe(config, recipe, frames),
        seed=seed,
        front_end=frames,
        audio=config.audio,
        encoder=_encoder(config, "captioning"),
        model=own.model,
        word2vec=own.word2vec,
        optimization=own.training,
    )


def retriever(config: Config, recipe: str, seed: int) -> RetrievalSettings:
    """What a retriever's training depends on.

    Args:
        config: resolved.
        recipe: name of the augmentation recipe.
        seed: of the training.

    Raises:
        InputError: there is no such recipe.
    """
    own = config.retrieval
    frames = front_end(config, "panns")
    return RetrievalSettings(
        recipe=_recipe(config, recipe, frames),
        seed=seed,
        front_end=frames,
        audio=config.audio,
        encoder=_encoder(config, "retrieval"),
        model=own.model,
        optimization=own.training,
    )


def _recipe(config: Config, name: str, frames: FrontEndSettings) -> RecipeSettings:
    """A recipe with its stripes in frames of this hop, as long as the published ones.

    So a scale with fewer frames a second changes sizes and no strength.
    """
    known = config.all_recipes
    recipe = known[name] if name in known else config.recipe(name)
    return recipe.of_frames(frames.published_frames)


def caption_grid(config: Config) -> CaptionGridSettings:
    """What captions at every point of the grid depend on, beside the model."""
    test_time = replace(config.tta.settings, retrieval_layer="pool")
    return CaptionGridSettings(test_time, config.captioning.decoding)


def retrieval_grid(config: Config) -> TestTimeSettings:
    """What embeddings at every point of the grid depend on, beside the model."""
    return config.tta.settings


def table(config: Config, name: str, split: str = "test") -> TableSettings:
    """Rows and columns of a table, with the paper's figures.

    The grid of test-time augmentation is evaluated on the test split alone.

    Args:
        config: resolved.
        name: of the table.
        split: that was evaluated.
    """
    content = config.tables[name]
    figures = published_figures().get(name, {})
    rows = tuple(
        RowSettings(
            method=row.method,
            recipe=row.recipe,
            tta=row.tta,
            tasks=content.tasks_of(row),
            published=figures.get(row.method, {}),
        )
        for row in content.rows
        if split == "test" or row.tta is None
    )
    return TableSettings(
        name=name,
        split=split,
        metrics=content.metrics,
        rows=rows,
        seeds=config.seeds,
        resamples=config.metrics.resamples,
    )


def figure4(config: Config) -> FigureSettings:
    """What Figure 4 shows."""
    return FigureSettings(
        recipe=config.tta.recipe,
        seeds=config.seeds,
        grid=config.tta.grid,
        resamples=config.metrics.resamples,
    )


def layer_search(config: Config) -> TestTimeSettings:
    """What the search for a middle layer depends on; it tries them all."""
    return replace(config.tta.settings, retrieval_layer="pool")


def sweep(config: Config) -> SweepSettings:
    """What the sweep of Section 4.3 shows."""
    cells = tuple(
        SweepCellSettings(cell.recipe.name, cell.ratio, cell.fixed_lambda)
        for cell in config.sweep_cells
    )
    return SweepSettings(cells, config.seeds, config.metrics.resamples)


def word2vec_width(config: Config) -> int:
    """Width of the word vectors."""
    return config.captioning.model.decoder_width


def word_pieces_size(config: Config) -> int:
    """WordPieces of the small text encoder."""
    return config.retrieval.model.text_vocabulary_size


def pinned_sums(config: Config) -> list[str]:
    """Sums of published files whose authors give none: `file=sum`."""
    return [f"{file}={own}" for file, own in config.pretrained_sha256.items()]


def spice_kind(config: Config) -> SpiceKind:
    """Which SPICE scores the captions: `metrics.spice`."""
    return config.metrics.spice


def audiocaps_captions(config: Config) -> AudioCapsSource:
    """Which captions of AudioCaps are fetched: no matter where its audio comes from."""
    own = config.audiocaps
    return AudioCapsSource(version=own.version, captions=own.captions)


def pictures(config: Config) -> PictureSettings:
    """What the pictures of docs/ show."""
    return PictureSettings(config.augmentations)


def examples(config: Config) -> ExampleSettings:
    """What Figure 3 shows: Table 4's PairMix and concat, and Table 1's baseline."""
    designs = {row.method: row.recipe for row in config.tables["table4"].rows}
    baseline = config.tables["table1"].rows[0]
    chosen = {name: designs[name] for name in ("PairMix", "concat") if name in designs}
    return ExampleSettings(chosen | {baseline.method: baseline.recipe})


def caption_statistics(config: Config, similarity: bool) -> CaptionStatisticsSettings:
    """Whose captions are described: every captioner of the tables."""
    rows = tuple(
        CaptionRowSettings(name, row.method, row.recipe, row.tta)
        for name in config.tables
        for row in table(config, name).rows
        if "captioning" in row.tasks
    )
    return CaptionStatisticsSettings(rows, config.seeds, similarity)


def viewed(config: Config) -> ViewedSettings:
    """Which test-time views the page shows."""
    grid = caption_grid(config)
    return ViewedSettings(grid.test_time, grid.decoding)


def page(config: Config) -> PageSettings:
    """What the page of results shows; no sounds at paper scale."""
    return PageSettings(
        name=corpus_name(corpus_identity(config)),
        youtube=config.selected_corpus == "audiocaps",
        audio=config.scale != "paper",
        seeds=config.seeds,
        point=config.tta.grid.points[-1].name,
        pairmix=config.augmentations.pairmix,
    )
