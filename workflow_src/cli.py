"""`python -m workflow_src <step>`: every step of the workflow as a command.

The rules of Snakemake are thin calls of these, so each step also runs by hand:

    python -m workflow_src --set scale=smoke train captioning pairmix --seed 20

What was typed after Snakemake's --config reaches them in the environment variable
WORKFLOW_OVERRIDES, as JSON.

Steps import what they need when they run: a step without a model starts fast.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from workflow_src import config as configuration
from workflow_src.errors import InputError
from workflow_src.layout import FRONT_ENDS, SPLITS, Layout
from workflow_src.metrics.java import JavaError

Run = Callable[[argparse.Namespace, dict, Layout], None]


def main(arguments: list[str] | None = None) -> None:
    """Run one step; an error prints one sentence and exits: 2 for bad input, else 1."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.needs_config:
            given = json.loads(os.environ.get(configuration.OVERRIDES, "{}"))
            typed = configuration.parse_set(parsed.set)
            config = configuration.load(
                parsed.config, configuration.merge(given, typed)
            )
            parsed.run(parsed, config, Layout.of(config))
        else:
            parsed.run(parsed)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except JavaError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workflow_src", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--config", default="config.yaml", help="the config file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replace a value of the config, e.g. captioning.training.epochs=5",
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    for add in (_add_corpus, _add_text, _add_training, _add_evaluation, _add_report):
        add(steps)
    return parser


def _step(steps, name: str, run: Run) -> argparse.ArgumentParser:
    """Add a step; the docstring of its function is its help."""
    step = steps.add_parser(name, help=run.__doc__, description=run.__doc__)
    step.set_defaults(run=run, needs_config=True)
    return step


def _add_corpus(steps) -> None:
    _step(steps, "audiocaps-captions", _audiocaps_captions)
    _step(steps, "audiocaps-mirror", _audiocaps_mirror)
    _step(steps, "embedded-captions", _embedded_captions)
    _add_shard(_step(steps, "embedded-audio", _embedded_audio))
    step = _step(steps, "ingest", _ingest)
    step.add_argument("split")
    _add_shard(step)
    step = _step(steps, "join", _join)
    step.add_argument("split")
    _step(steps, "manifest", _manifest)
    step = _step(steps, "log-mels", _log_mels)
    step.add_argument("front_end", choices=sorted(FRONT_ENDS.values()))
    step.add_argument("split")


def _add_shard(step: argparse.ArgumentParser) -> None:
    step.add_argument("--shard", type=int, default=0, help="from 0")
    step.add_argument("--shards", type=int, default=1)


def _audiocaps_captions(parsed, config, layout) -> None:
    """Fetch the captions of AudioCaps, and say how much disk its clips need."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.audiocaps import fetch_captions
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.summary import check_disk

    settings = config["audiocaps"]
    fetch_captions(layout.source, settings["version"], settings["captions"])
    clips = sum(len(read_split(layout.source, split).clips) for split in SPLITS)
    form = selected.clip_form(config)
    check_disk(layout.data, clips, form, selected.keeps_audio(config))


def _audiocaps_mirror(parsed, config, layout) -> None:
    """Fetch a parquet mirror of AudioCaps and unpack its audio."""
    from workflow_src.corpus.audiocaps import unpack_mirror

    unpack_mirror(
        config["audiocaps"],
        download=layout.source / "mirror",
        audio=layout.source / "audio",
    )


def _embedded_captions(parsed, config, layout) -> None:
    """Write the captions and tags of the synthesised corpus."""
    from workflow_src.corpus.embedded import write_captions

    write_captions(_embedded_settings(config), layout.source)


def _embedded_audio(parsed, config, layout) -> None:
    """Synthesise a share of the clips of the synthesised corpus."""
    from workflow_src.corpus.embedded import write_audio

    write_audio(_embedded_settings(config), layout.source, parsed.shard, parsed.shards)


def _embedded_settings(config):
    from workflow_src.corpus.embedded import EmbeddedSettings

    return EmbeddedSettings(**config["embedded"], **config["audio"])


def _ingest(parsed, config, layout) -> None:
    """Decode a share of a split's clips into waveforms."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.ingest import ingest

    job = f"{parsed.shard}-of-{parsed.shards}"
    ingest(
        read_split(selected.captions_folder(config, layout), parsed.split),
        selected.audio_source(config, layout, parsed.split, job),
        layout.shard(parsed.split, parsed.shard),
        parsed.shard,
        parsed.shards,
        selected.clip_form(config),
        config["clips"]["max_missing"],
    )


def _join(parsed, config, layout) -> None:
    """Join the shards of a split to its waveform cache and its captions."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.ingest import join_shards

    split = read_split(selected.captions_folder(config, layout), parsed.split)
    count = selected.shards(config, parsed.split)
    parts = [layout.shard(parsed.split, number) for number in range(count)]
    join_shards(split, parts, layout.data)


def _manifest(parsed, config, layout) -> None:
    """Join the manifests of all splits, and count what was got and lost."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.audiocaps import ACT_AUTHORS_CLIPS
    from workflow_src.corpus.manifest import merge_manifests
    from workflow_src.corpus.summary import write_corpus_table

    parts = [layout.shard_manifest(split) for split in selected.splits(config)]
    merge_manifests(parts, layout.manifest)
    published = ACT_AUTHORS_CLIPS if config["corpus"] == "audiocaps" else None
    write_corpus_table(layout.manifest, "results/corpus.csv", published)


def _log_mels(parsed, config, layout) -> None:
    """Compute the log-mel cache of a split under a front end."""
    from workflow_src.audio.frontend import front_end
    from workflow_src.audio.store import write_log_mels
    from workflow_src.device import prepare

    device = prepare(config)
    write_log_mels(
        layout.waveforms(parsed.split),
        front_end(config, parsed.front_end).to(device),
        layout.log_mels(parsed.front_end, parsed.split),
        device=device,
    )


def _add_text(steps) -> None:
    _step(steps, "vocabulary", _vocabulary)
    _step(steps, "word2vec", _word2vec)
    _step(steps, "word-pieces", _word_pieces)


def _vocabulary(parsed, config, layout) -> None:
    """Collect the words of the training captions."""
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary

    captions = [caption for _, caption in read_pairs(layout.captions("train"))]
    Vocabulary.from_captions(captions).save(layout.vocabulary)


def _word2vec(parsed, config, layout) -> None:
    """Train word vectors on the training captions."""
    import numpy as np

    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary
    from workflow_src.models.word2vec import word_vectors

    vectors = word_vectors(
        [caption for _, caption in read_pairs(layout.captions("train"))],
        Vocabulary.load(layout.vocabulary),
        width=config["captioning"]["model"]["decoder_width"],
    )
    np.save(layout.word2vec, vectors)


def _word_pieces(parsed, config, layout) -> None:
    """Learn the WordPieces of the small text encoder from the training captions."""
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.models.retrieval import train_wordpieces

    train_wordpieces(
        [caption for _, caption in read_pairs(layout.captions("train"))],
        config["retrieval"]["model"]["text_pieces"],
        layout.word_pieces,
    )


def _add_training(steps) -> None:
    step = _step(steps, "fetch", _fetch)
    step.add_argument("name", help="a published file, e.g. audioset_deit")
    step = _step(steps, "pretrain", _pretrain)
    step.add_argument("front_end", choices=sorted(FRONT_ENDS.values()))
    step = _step(steps, "train", _train)
    _add_run(step, with_task=True)


def _add_run(step: argparse.ArgumentParser, with_task: bool) -> None:
    """Add the arguments that name one training."""
    if with_task:
        step.add_argument("task", choices=sorted(FRONT_ENDS))
    step.add_argument("recipe", help="a recipe of the config")
    step.add_argument("--seed", type=int, required=True)


def _fetch(parsed, config, layout) -> None:
    """Fetch a published file that a model starts from."""
    from workflow_src.models.pretrained import fetch

    fetch(parsed.name, pinned=config["pretrained_sha256"])


def _pretrain(parsed, config, layout) -> None:
    """Pre-train an audio encoder by tagging."""
    from workflow_src.training.pretraining import pretrain

    task = next(t for t, f in FRONT_ENDS.items() if f == parsed.front_end)
    pretrain(config, layout, task)


def _train(parsed, config, layout) -> None:
    """Train one model under one recipe."""
    if parsed.task == "captioning":
        from workflow_src.training.captioning import train
    else:
        from workflow_src.training.retrieval import train
    train(config, layout, parsed.recipe, parsed.seed)


def _add_evaluation(steps) -> None:
    _add_run(_step(steps, "caption", _caption), with_task=False)
    _step(steps, "parse-references", _parse_references)
    _add_run(_step(steps, "evaluate", _evaluate), with_task=True)
    _add_run(_step(steps, "caption-grid", _caption_grid), with_task=False)
    _add_run(_step(steps, "evaluate-grid", _evaluate_grid), with_task=True)


def _caption_grid(parsed, config, layout) -> None:
    """Caption the test clips at every point of the test-time augmentation grid."""
    from workflow_src.evaluation.tta_grid import caption_grid

    caption_grid(config, layout, parsed.recipe, parsed.seed)


def _evaluate_grid(parsed, config, layout) -> None:
    """Score every point of the test-time augmentation grid."""
    if parsed.task == "captioning":
        from workflow_src.evaluation.caption_scores import evaluate_grid
    else:
        from workflow_src.evaluation.tta_grid import evaluate_grid
    evaluate_grid(config, layout, parsed.recipe, parsed.seed)


def _caption(parsed, config, layout) -> None:
    """Caption the test clips with a trained model."""
    from workflow_src.evaluation.captioning import caption_test_clips

    caption_test_clips(config, layout, parsed.recipe, parsed.seed)


def _parse_references(parsed, config, layout) -> None:
    """Parse the test references for SPICE, once for all runs."""
    from workflow_src.evaluation.caption_scores import parse_references

    parse_references(config, layout)


def _evaluate(parsed, config, layout) -> None:
    """Score a trained model on the test clips."""
    if parsed.task == "captioning":
        from workflow_src.evaluation.caption_scores import evaluate
    else:
        from workflow_src.evaluation.retrieval import evaluate
    evaluate(config, layout, parsed.recipe, parsed.seed)


def _add_report(steps) -> None:
    step = _step(steps, "table", _table)
    step.add_argument("table", choices=["table1", "table2", "table3", "table4"])
    _step(steps, "sanity", _sanity)
    _step(steps, "figure4", _figure4)
    _step(steps, "layer-search", _layer_search)
    _step(steps, "sweep", _sweep)
    _step(steps, "pictures", _pictures)
    _step(steps, "metrics", _metrics)
    _add_score(steps)


def _add_score(steps) -> None:
    """Add the command that scores anybody's captions; it reads no config."""
    from workflow_src.metrics import score_command

    step = steps.add_parser("score", help=score_command.run.__doc__)
    score_command.add_arguments(step)
    step.set_defaults(run=score_command.run, needs_config=False)


def _layer_search(parsed, config, layout) -> None:
    """Try each stage of the retriever's audio encoder as the middle layer."""
    from workflow_src.evaluation.layer_search import layer_search
    from workflow_src.files import write_atomically

    table = layer_search(config, layout)
    write_atomically("results/layer_search.csv", table.to_csv(index=False))


def _sweep(parsed, config, layout) -> None:
    """Write and draw the sweep of Section 4.3."""
    from workflow_src.files import write_atomically
    from workflow_src.report.sweep import draw_sweep, sweep_table

    table = sweep_table(config)
    write_atomically("results/sweep.csv", table.to_csv(index=False))
    draw_sweep(table, ["results/sweep.png", "results/sweep.svg"])


def _pictures(parsed, config, layout) -> None:
    """Draw the pictures of docs/: augmentations, and learning rates."""
    from workflow_src.report.pictures import draw_pictures

    draw_pictures(config, layout)


def _figure4(parsed, config, layout) -> None:
    """Write and draw the test-time augmentation grid, the paper's Figure 4."""
    from workflow_src.files import write_atomically
    from workflow_src.report.grid import grid_table
    from workflow_src.report.tta_figure import draw_tta_figure

    table = grid_table(config)
    write_atomically("results/figure4.csv", table.to_csv(index=False))
    drawn = ["results/figure4.png", "results/figure4.svg"]
    draw_tta_figure("results/figure4.csv", drawn)


def _table(parsed, config, layout) -> None:
    """Write one of the paper's tables."""
    from workflow_src.files import write_atomically
    from workflow_src.report.tables import table

    content = table(config, parsed.table)
    write_atomically(f"results/{parsed.table}.csv", content.to_csv(index=False))
    print(content.to_string(index=False))


def _sanity(parsed, config, layout) -> None:
    """Compare the trained models with trivial ones and with chance."""
    from workflow_src.files import write_atomically
    from workflow_src.report.sanity import sanity

    content = sanity(config, layout)
    write_atomically("results/sanity.csv", content.to_csv(index=False))
    print(content.to_string(index=False))


def _metrics(parsed, config, layout) -> None:
    """Write the headline figures of each recipe as JSON."""
    from workflow_src.files import write_atomically
    from workflow_src.report.metrics import TABLES, headlines

    tables = [Path("results") / f"{table}.csv" for table in TABLES]
    for recipe, content in headlines(tables).items():
        write_atomically(f"results/metrics/{recipe}.json", content)
