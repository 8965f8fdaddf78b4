"""Every step of the workflow: the name of its command, and the function behind it.

The command's options are the function's parameters. Modules are imported when their
step runs: a step without a model starts fast.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

# Stage -> command -> module:function.
STEPS: dict[str, dict[str, str]] = {
    "corpus": {
        "identify-corpus": "corpus.steps:identify_corpus",
        "audiocaps-captions": "corpus.steps:audiocaps_captions",
        "audiocaps-mirror": "corpus.steps:audiocaps_mirror",
        "embedded-captions": "corpus.steps:embedded_captions",
        "embedded-audio": "corpus.steps:embedded_audio",
        "ingest": "corpus.steps:ingest",
        "join": "corpus.steps:join",
        "merge-manifests": "corpus.steps:merge_manifests",
        "corpus-table": "corpus.steps:corpus_table",
    },
    "features": {
        "log-mels": "corpus.steps:log_mels",
        "model-features": "training.families:model_features",
    },
    "text": {
        "vocabulary": "corpus.steps:vocabulary",
        "word2vec": "models.steps:word2vec",
        "word-pieces": "models.steps:word_pieces",
        "first-captions": "corpus.steps:first_captions",
    },
    "train": {
        "fetch": "models.steps:fetch",
        "pretrain": "training.pretraining:pretrain",
        "train-captioner": "training.captioning:train_captioner",
        "train-retriever": "training.retrieval:train_retriever",
        "fetch-checkpoint": "models.steps:fetch_checkpoint",
        "train-model": "training.families:train_model",
    },
    "evaluate": {
        "caption-split": "evaluation.captioning:caption_split",
        "caption-grid": "evaluation.tta_grid:caption_grid",
        "prepare-references": "evaluation.caption_scores:prepare_references",
        "score-captions": "evaluation.caption_scores:score_captions",
        "score-caption-grid": "evaluation.caption_scores:score_caption_grid",
        "score-retrieval": "evaluation.retrieval:score_retrieval",
        "score-likelihood": "evaluation.likelihood:score_likelihood",
        "score-retrieval-grid": "evaluation.tta_grid:score_retrieval_grid",
    },
    "report": {
        "table": "report.tables:write_table",
        "sanity": "report.sanity:write_sanity",
        "figure4": "report.grid:write_figure4",
        "layer-search": "evaluation.layer_search:layer_search",
        "sweep": "report.sweep:write_sweep",
        "study": "study.command:write_study",
        "models-table": "report.models_table:write_models_table",
        "likelihood-table": "report.likelihood_table:write_likelihood_table",
        "headlines": "report.headlines:write_headlines",
        "pictures": "report.pictures:draw_pictures",
        "method-figure": "report.method_figure:draw_method",
        "table-formats": "report.formats.command:write_formats",
        "caption-statistics": "report.caption_statistics:write_caption_statistics",
        "figure3": "report.examples:write_examples",
        "retrieved": "report.page.retrieved:write_retrieved",
        "views": "report.page.views:write_views",
        "page": "report.page.command:write_page",
        "screenshots": "report.page.screenshots:write_screenshots",
    },
}

# What a person asks of the workflow, and no rule of it: command -> module:function.
TOOLS = {
    "status": "status.command:show_status",
    "readme-tables": "versioning.readme:readme_tables",
    "compare-captions": "corpus.caption_language:compare_captions",
}


def step(name: str) -> Callable[..., None] | None:
    """The function of a command; None where there is no such step."""
    for commands in STEPS.values():
        if name in commands:
            return _imported(commands[name])
    return None


def tool(name: str) -> Callable[..., None] | None:
    """The function of a command that is no step; None where there is no such tool."""
    return _imported(TOOLS[name]) if name in TOOLS else None


def _imported(place: str) -> Callable[..., None]:
    module, _, name = place.partition(":")
    function: Callable[..., None] = getattr(
        import_module(f"workflow_src.{module}"), name
    )
    return function
