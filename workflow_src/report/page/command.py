"""The step that writes the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.progress import say
from workflow_src.report.formats.html import fragment
from workflow_src.report.formats.model import Table, read_table
from workflow_src.report.formats.words import corpus_name
from workflow_src.report.page.about import about, hours
from workflow_src.report.page.clips import TestClips, captioning, retrieval
from workflow_src.report.page.corpus import losses, new_combinations
from workflow_src.report.page.data import (
    add_pictures,
    add_sounds,
    clip_data,
    grid_data,
)
from workflow_src.report.page.described import described
from workflow_src.report.page.heard import heard_mixes, heard_views
from workflow_src.report.page.render import render
from workflow_src.report.page.runs import (
    Run,
    histories,
    read_runs,
    records,
    stages,
)
from workflow_src.report.page.sounds import Budget
from workflow_src.report.page.studied import studied
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
    caption_statistics: Path | None = None,
    sweep: Path | None = None,
    study: Path | None = None,
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
        caption_statistics: CSV of what the captions are like.
        sweep: CSV of the sweep; left out where it was not run.
        study: `effects.csv` of the study, its figure beside it; likewise.
        logs: folder with the timings of the rules.
    """
    read = {path.stem: read_table(path) for path in [*tables, figure4]}
    if "table3" not in read:
        raise InputError("the page needs Table 3, which is not among the tables")
    runs = in_order(read_runs(scores), read)
    clips = TestClips.read(captions, settings.seed, settings.youtube)
    shown = shown_runs(settings, runs)
    said = captioning(of_task(shown, "captioning"), clips)
    answers = {path.stem: path for path in retrieved}
    found = retrieval(of_task(shown, "retrieval"), clips, answers)
    data: dict[str, Any] = {
        "clips": clip_data(clips, new_combinations(train_tags, tags)),
        "captioning": said,
        "retrieval": found,
        "rows": clips.rows,
        "sample": settings.sample,
        "grid": grid_data(read[figure4.stem]),
        "histories": histories(runs),
        "sweep": grid_data(read_table(sweep)) if sweep else None,
    }
    sounds: dict[str, str] = {}
    lost = losses(corpus, manifest)
    content = {
        **_heading(settings, read["table3"]),
        "lead": sentences(read["table3"], runs, lost.got("train")),
        "plots": interval_plots(read["table3"], read[figure4.stem], settings.point),
        "tables": [fragment(read[path.stem]) for path in tables],
        "described": described(caption_statistics),
        "sweep": fragment(read_table(sweep)) if sweep else None,
        "study": studied(study),
        "mixes": heard_mixes(settings, train_waveforms, train_captions, sounds),
        "views": heard_views(settings, views, _merged(settings, said, clips), sounds),
        "found": any(own["found"] for own in found),
        "about": about(records(runs).values()),
        "hours": hours(stages(logs)),
        "losses": lost,
    }
    # What has to be in the page comes first; pictures and sounds get the rest.
    budget = Budget(int(settings.megabytes * MEGABYTE))
    if not budget.take(render(content, data, sounds)):
        raise InputError(f"{output}: {settings.megabytes:g} MB are too few")
    share = PICTURES_SHARE if settings.audio else 1.0
    add_pictures(data["clips"], clips.names, log_mels, budget, share)
    if settings.audio:
        add_sounds(data["clips"], clips.names, waveforms, budget, sounds)
    page = render(content, data, sounds)
    write_atomically(output, page)
    heard = sum("sound" in clip for clip in data["clips"])
    size = len(page.encode()) / MEGABYTE
    say(f"{output}: {size:.1f} MB, {heard} of {len(clips.names)} clips can be heard")


def _heading(settings: PageSettings, table: Table) -> dict[str, Any]:
    """What the page is of."""
    one = len(settings.seeds) == 1
    return {
        "title": f"{settings.name}: PairMix and Multi-TTA",
        "name": settings.name,
        "corpus": corpus_name(table),
        "scale": table.origin("scale"),
        "split": table.origin("split"),
        "seeds": len(settings.seeds),
        "resampled": "test clips" if one else "seeds and clips",
        "audio": settings.audio,
    }


def _merged(
    settings: PageSettings, said: list[dict[str, Any]], clips: TestClips
) -> dict[str, str]:
    """Clip -> the caption of all its test-time views; empty where there is none."""
    for own in said:
        if own["tta"] == settings.point:
            return dict(zip(clips.names, own["captions"], strict=True))
    return {}


def of_task(runs: list[Run], task: str) -> list[Run]:
    """The runs of a task."""
    return [run for run in runs if run.key[0] == task]


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
