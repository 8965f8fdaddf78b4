"""What every job of the graph depends on in the config, by rule and by job.

The rules put these very settings into their parameters; so this is what Snakemake
compares. From it come the table of docs/staleness.md and the keys in dvc.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workflow_src.config import corpus, modelled, steps, studied
from workflow_src.config.schema import Config
from workflow_src.layout import FRONT_ENDS, SPLITS
from workflow_src.settings import digest

# Rule -> job (its wildcards) -> what its results depend on.
Dependencies = dict[str, dict[str, Any]]

# The folder below which a rule's files lie, and so the stage of dvc.yaml.
STAGES: dict[str, tuple[str, ...]] = {
    "features": (
        "identify_corpus",
        "audiocaps_captions",
        "audiocaps_mirror",
        "embedded_captions",
        "embedded_audio",
        "ingest",
        "join",
        "merge_manifests",
        "log_mels",
        "vocabulary",
        "word2vec",
        "word_pieces",
    ),
    "train": (
        "fetch_published",
        "pretrain",
        "train_captioning",
        "train_retrieval",
        "caption_split",
        "prepare_references",
        "score_captions",
        "caption_grid",
        "score_caption_grid",
        "score_retrieval",
        "score_retrieval_grid",
    ),
    "evaluate": ("corpus_table", "table", "figure4", "sanity", "headlines"),
}
# Targets of their own, not part of `all`.
EXTRA_TARGETS = (
    "sweep_table",
    "layer_search",
    "pictures",
    "studied_word2vec",
    "studied_word_pieces",
    "studied_captioner",
    "studied_retriever",
    "studied_split",
    "score_studied_captions",
    "studied_caption_grid",
    "score_studied_caption_grid",
    "score_studied_retrieval_grid",
    "study_tables",
    "fetch_checkpoint",
    "model_features",
    "train_model",
    "model_captions",
    "score_model_captions",
    "model_caption_grid",
    "score_model_caption_grid",
    "score_model_retrieval",
    "score_model_retrieval_grid",
    "score_likelihood",
    "score_model_likelihood",
    "models_table",
    "likelihood_table",
)


def dependencies(config: Config) -> Dependencies:
    """What the results of every job depend on; jobs that settings do not touch, `{}`.

    Args:
        config: resolved.
    """
    by_rule: Dependencies = {}
    for rule, job, settings in _jobs(config):
        by_rule.setdefault(rule, {})[job] = settings
    return by_rule


def _jobs(config: Config) -> Iterator[tuple[str, str, Any]]:
    yield from _corpus(config)
    for name in FRONT_ENDS.values():
        yield "log_mels", name, steps.front_end(config, name)
    yield "vocabulary", "", {}
    if config.captioning.word2vec:
        yield "word2vec", "", steps.word2vec_width(config)
    if config.retrieval.model.text_encoder is None:
        yield "word_pieces", "", steps.word_pieces_size(config)
    yield from _models(config)
    yield from _evaluations(config)
    for table in config.tables:
        yield "table", table, steps.table(config, table)
    yield "figure4", "", steps.figure4(config)
    yield "sanity", "", {"trainings": sorted(_sanity_recipes(config))}
    yield "headlines", "", {}
    yield "sweep_table", "", steps.sweep(config)
    yield "layer_search", "", steps.layer_search(config)
    yield "pictures", "", steps.pictures(config)
    yield from _study(config)
    yield from _further_models(config)


def _corpus(config: Config) -> Iterator[tuple[str, str, Any]]:
    yield "identify_corpus", "", steps.corpus_identity(config)
    if config.selected_corpus == "embedded":
        made = steps.embedded_corpus(config)
        yield "embedded_captions", "", made
        yield "embedded_audio", "", made
    if config.selected_corpus == "audiocaps":
        yield "audiocaps_captions", "", steps.audiocaps_captions(config)
        if corpus.mirrored(config):
            yield "audiocaps_mirror", "", corpus.mirror_settings(config)
    for split in SPLITS:
        yield "ingest", split, corpus.ingest_settings(config, split)
        # Shards are temporary: what they depend on, the joined split depends on.
        yield "join", split, corpus.ingest_settings(config, split)
    yield "merge_manifests", "", {}
    yield "corpus_table", "", {}


def _models(config: Config) -> Iterator[tuple[str, str, Any]]:
    for task, name in FRONT_ENDS.items():
        if steps.own_encoder(config, task):
            yield "pretrain", name, steps.pretraining(config, name)
    for file in _published(config):
        yield "fetch_published", file, steps.pinned_sums(config)
    for recipe in trained_recipes(config, "captioning"):
        for seed in config.seeds:
            job = f"{recipe}, seed {seed}"
            yield "train_captioning", job, steps.captioner(config, recipe, seed)
    for recipe in trained_recipes(config, "retrieval"):
        for seed in config.seeds:
            job = f"{recipe}, seed {seed}"
            yield "train_retrieval", job, steps.retriever(config, recipe, seed)


def _evaluations(config: Config) -> Iterator[tuple[str, str, Any]]:
    spice = steps.spice_kind(config)
    yield "caption_split", "", config.captioning.decoding
    yield "prepare_references", "", spice
    yield "score_captions", "", spice
    grid_run = f"{config.tta.recipe}"
    yield "caption_grid", grid_run, steps.caption_grid(config)
    yield "score_caption_grid", grid_run, spice
    yield "score_retrieval", "", {}
    yield "score_retrieval_grid", grid_run, steps.retrieval_grid(config)


def _study(config: Config) -> Iterator[tuple[str, str, Any]]:
    own = config.study
    spice = steps.spice_kind(config)
    for clips in dict.fromkeys(arm.clips for arm in own.arms):
        if config.captioning.word2vec:
            yield "studied_word2vec", str(clips), steps.word2vec_width(config)
        if config.retrieval.model.text_encoder is None:
            yield "studied_word_pieces", str(clips), steps.word_pieces_size(config)
    for arm, seeds in own.arms.items():
        for seed in seeds:
            job = f"{arm.recipe}, {arm.corpus} clips, seed {seed}"
            given = (config, arm.recipe, seed, arm.clips, arm.length)
            if arm.task == "captioning":
                yield "studied_captioner", job, studied.captioner(*given)
            else:
                yield "studied_retriever", job, studied.retriever(*given)
    yield "studied_split", "", config.captioning.decoding
    yield "score_studied_captions", "", spice
    yield "studied_caption_grid", "", studied.caption_grid(config)
    yield "score_studied_caption_grid", "", spice
    yield "score_studied_retrieval_grid", "", studied.retrieval_grid(config)
    yield "study_tables", "", studied.tables(config)


def _further_models(config: Config) -> Iterator[tuple[str, str, Any]]:
    """Of the models beside the paper's."""
    own, spice = config.models, steps.spice_kind(config)
    for folder in modelled.checkpoints(config):
        yield "fetch_checkpoint", folder, {}
    for name in dict.fromkeys(map(modelled.features_name, own.entries)):
        yield "model_features", name, modelled.features(config, name)
    for entry in own.entries:
        for recipe in own.recipes:
            for seed in config.seeds:
                job = f"{entry.name}, {recipe}, seed {seed}"
                settings = modelled.training(config, entry.name, recipe, seed)
                yield "train_model", job, settings
    yield "model_captions", "", config.captioning.decoding
    yield "score_model_captions", "", spice
    yield "model_caption_grid", "", modelled.caption_grid(config)
    yield "score_model_caption_grid", "", spice
    yield "score_model_retrieval", "", {}
    yield "score_model_retrieval_grid", "", modelled.retrieval_grid(config)
    yield "score_likelihood", "", modelled.likelihood(config)
    yield "score_model_likelihood", "", modelled.likelihood(config)
    yield "models_table", "", modelled.table(config)
    yield "likelihood_table", "", modelled.likelihood_table(config)


def trained_recipes(config: Config, task: str) -> list[str]:
    """The recipes that the tables train a task with, each once."""
    return list(
        dict.fromkeys(
            row.recipe
            for table in config.tables.values()
            for row in table.rows
            if task in table.tasks_of(row)
        )
    )


def _sanity_recipes(config: Config) -> set[str]:
    rows = [
        row
        for name, table in config.tables.items()
        if name in ("table1", "table2")
        for row in table.rows
    ]
    return {f"{row.recipe}, seed {config.seeds[0]}" for row in rows}


def _published(config: Config) -> list[str]:
    names = (
        config.captioning.pretrained,
        config.retrieval.pretrained,
        config.retrieval.model.text_encoder,
    )
    return [name for name in names if name is not None]


def changed(before: Dependencies, after: Dependencies) -> set[str]:
    """Rules of which a job depends on other settings than before.

    Jobs that are only in one of the two are no change: they come or go.
    """
    return {
        rule
        for rule, jobs in before.items()
        for job, settings in jobs.items()
        if job in after.get(rule, {}) and digest(settings) != digest(after[rule][job])
    }


def other_jobs(before: Dependencies, after: Dependencies) -> set[str]:
    """Rules that have other jobs than before."""
    return {
        rule
        for rule in {*before, *after}
        if set(before.get(rule, {})) != set(after.get(rule, {}))
    }
