"""The step that writes the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.audio.store import FULL_SCALE, LogMelStore, WaveformStore
from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.progress import say, track
from workflow_src.report.formats.html import fragment
from workflow_src.report.formats.model import Table, falls, read_table, task_of_metric
from workflow_src.report.formats.words import corpus_name
from workflow_src.report.page.about import about, hours
from workflow_src.report.page.clips import TestClips, captioning, retrieval
from workflow_src.report.page.corpus import losses, new_combinations
from workflow_src.report.page.heard import heard_mixes, heard_views
from workflow_src.report.page.pictures import log_mel_picture
from workflow_src.report.page.render import render
from workflow_src.report.page.runs import (
    Run,
    histories,
    read_runs,
    records,
    stages,
)
from workflow_src.report.page.sounds import Budget, sound
from workflow_src.report.page.summary import interval_plots, sentences
from workflow_src.report.settings import PageSettings

MEGABYTE = 1_000_000
# Of what is left, pictures of clips may take so much where sounds follow them.
PICTURES_SHARE = 0.4


def write_page(
    settings: PageSettings,
    *,
    tables: list[Path],
    figure4: Path,
    corpus: Path,
    manifest: Path,
    scores: list[Path],
    captions: Path,
    log_mels: Path,
    waveforms: Path,
    train_captions: Path,
    train_waveforms: Path,
    output: Path,
    retrieved: list[Path],
    views: Path | None = None,
    tags: Path | None = None,
    train_tags: Path | None = None,
    logs: Path | None = None,
) -> None:
    """Write the page of results: one HTML file that needs no other.

    Args:
        settings: what it shows.
        tables: CSVs of the tables.
        figure4: CSV of Figure 4.
        corpus: table of the corpus, a row a split.
        manifest: state of every clip.
        scores: `scores.json` of every evaluation; captions, ranks, learning curves
            and settings lie beside them.
        captions: of the test split.
        log_mels: of the test split, by any front end.
        waveforms: of the test split.
        train_captions: of the training split.
        train_waveforms: of the training split.
        output: the HTML file.
        retrieved: `<recipe>.csv` of what retrievers find; may be none.
        views: test-time views of a clip; may be left out.
        tags: of the test split, where the corpus has any.
        train_tags: of the training split.
        logs: folder with the timings of the rules.
    """
    read = {path.stem: read_table(path) for path in [*tables, figure4]}
    if "table3" not in read:
        raise InputError("the page needs Table 3, which is not among the tables")
    runs = in_order(read_runs(scores), read)
    lost = losses(corpus, manifest)
    clips = TestClips.read(captions, settings.seed, settings.youtube)
    shown = shown_runs(settings, runs)
    said = captioning([run for run in shown if run.key[0] == "captioning"], clips)
    answers = {path.stem: path for path in retrieved}
    found = retrieval(
        [run for run in shown if run.key[0] == "retrieval"], clips, answers
    )

    sounds: dict[str, str] = {}
    budget = Budget(int(settings.megabytes * MEGABYTE))
    mixes = heard_mixes(settings, train_waveforms, train_captions, sounds)
    merged = [own["captions"] for own in said if own["tta"] == settings.point]
    of_all_views = dict(zip(clips.names, merged[0], strict=True)) if merged else {}
    viewed = heard_views(settings, views, of_all_views, sounds)
    data: dict[str, Any] = {
        "clips": _clips(clips, new_combinations(train_tags, tags)),
        "captioning": said,
        "retrieval": found,
        "rows": clips.rows,
        "sample": settings.sample,
        "grid": _grid(read[figure4.stem]),
        "histories": histories(runs),
    }
    content = {
        "title": f"{settings.name}: PairMix and Multi-TTA",
        "name": settings.name,
        "corpus": corpus_name(read["table3"]),
        "scale": read["table3"].origin("scale"),
        "split": read["table3"].origin("split"),
        "seeds": len(settings.seeds),
        "resampled": "test clips" if len(settings.seeds) == 1 else "seeds and clips",
        "lead": sentences(read["table3"], runs, lost.got("train")),
        "plots": interval_plots(read["table3"], read[figure4.stem], settings.point),
        "tables": [fragment(read[path.stem]) for path in tables],
        "mixes": mixes,
        "views": viewed,
        "audio": settings.audio,
        "found": any(own["found"] for own in found),
        "about": about(records(runs).values()),
        "hours": hours(stages(logs)),
        "losses": lost,
    }
    # What has to be in the page comes first; pictures and sounds get the rest.
    if not budget.take(render(content, data, sounds)):
        raise InputError(f"{output}: {settings.megabytes:g} MB are too few")
    share = PICTURES_SHARE if settings.audio else 1.0
    _add_pictures(data["clips"], clips.names, log_mels, budget, share)
    if settings.audio:
        _add_sounds(data["clips"], clips.names, waveforms, budget, sounds)
    page = render(content, data, sounds)
    write_atomically(output, page)
    heard = sum(key.startswith("clip") for key in sounds)
    size = len(page.encode()) / MEGABYTE
    say(f"{output}: {size:.1f} MB, {heard} of {len(clips.names)} clips can be heard")


def in_order(runs: list[Run], tables: dict[str, Table]) -> list[Run]:
    """Runs as the tables name their recipes, Table 3 first; captioning first."""
    first = [tables["table3"], *tables.values()]
    recipes = dict.fromkeys(row.recipe for table in first for row in table.methods)
    place = {recipe: number for number, recipe in enumerate(recipes)}
    return sorted(runs, key=lambda run: (run.key[0], place.get(run.key[1], len(place))))


def shown_runs(settings: PageSettings, runs: list[Run]) -> list[Run]:
    """The runs whose clips are shown: each recipe's first seed, then one point."""
    seed = settings.seeds[0]
    return [
        run
        for point in (None, settings.point)
        for run in runs
        if run.key[2:] == (point, seed)
    ]


def _clips(clips: TestClips, new: set[str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "references": texts, "youtube": address, "new": name in new}
        for name, texts, address in zip(
            clips.names, clips.references, clips.youtube, strict=True
        )
    ]


def _grid(table: Table) -> dict[str, Any]:
    """Figure 4 for the script: its metrics, and a row a point."""
    return {
        "metrics": [
            {"name": metric, "task": task_of_metric(metric), "falls": falls(metric)}
            for metric in table.metrics
        ],
        "rows": [
            {
                **method.head,
                "figures": {
                    metric: [
                        figure.value,
                        *(
                            [own.difference, own.low, own.high]
                            if (own := figure.interval) is not None
                            else []
                        ),
                    ]
                    for metric, figure in method.ours.items()
                },
            }
            for method in table.methods
        ],
    }


def _add_pictures(
    clips: list[dict[str, Any]],
    names: list[str],
    store: Path,
    budget: Budget,
    share: float,
) -> None:
    own = Budget(int(budget.left * share))
    log_mels = LogMelStore(store)
    drawn = (
        (number, log_mel_picture(log_mels.read([log_mels.row(name)])[0]))
        for number, name in enumerate(names)
    )
    for number, picture in own.fitting(drawn).items():
        clips[number]["picture"] = picture
        budget.take(picture)


def _add_sounds(
    clips: list[dict[str, Any]],
    names: list[str],
    store: Path,
    budget: Budget,
    sounds: dict[str, str],
) -> None:
    waveforms = WaveformStore(store)
    # A sound is a line of JSON with its key: `"clip123":"...",`.
    budget.take(" " * 16 * len(names))
    encoded = (
        (
            number,
            sound(waveforms.read([waveforms.row(name)])[0] / FULL_SCALE, SAMPLE_RATE),
        )
        for number, name in enumerate(track(names, "encoding clips"))
    )
    for number, address in budget.fitting(encoded).items():
        sounds[f"clip{number}"] = address
        clips[number]["sound"] = f"clip{number}"
