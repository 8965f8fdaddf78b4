"""What the scripts of the page get: clips with pictures and sounds, and Figure 4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.audio.store import FULL_SCALE, LogMelStore, WaveformStore
from workflow_src.progress import track
from workflow_src.report.formats.model import Table, falls, task_of_metric
from workflow_src.report.page.clips import TestClips
from workflow_src.report.page.pictures import log_mel_picture
from workflow_src.report.page.sounds import Budget, sound


def clip_data(clips: TestClips, new: set[str]) -> list[dict[str, Any]]:
    """The test clips, without pictures and sounds.

    Args:
        clips: names, references and addresses.
        new: names of those whose events no training clip has together.
    """
    return [
        {"name": name, "references": texts, "youtube": address, "new": name in new}
        for name, texts, address in zip(
            clips.names, clips.references, clips.youtube, strict=True
        )
    ]


def grid_data(table: Table) -> dict[str, Any]:
    """Figure 4 or the sweep for the script: its metrics, and a row a point."""
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


def add_pictures(
    clips: list[dict[str, Any]],
    names: list[str],
    store: Path,
    budget: Budget,
    share: float,
) -> None:
    """Put a log-mel picture into each clip, as many as fit.

    Args:
        clips: what the scripts get, in the order of `names`.
        names: file names.
        store: log-mels.
        budget: what is left for pictures and sounds.
        share: of it for pictures.
    """
    own = Budget(int(budget.left * share))
    log_mels = LogMelStore(store)
    drawn = (
        (number, log_mel_picture(log_mels.read([log_mels.row(name)])[0]))
        for number, name in enumerate(names)
    )
    for number, picture in own.fitting(drawn).items():
        clips[number]["picture"] = picture
        budget.take(picture)


def add_sounds(
    clips: list[dict[str, Any]],
    names: list[str],
    store: Path,
    budget: Budget,
    sounds: dict[str, str],
) -> None:
    """Put the key of a sound into each clip, as many as fit.

    Args:
        clips: what the scripts get, in the order of `names`.
        names: file names.
        store: waveforms.
        budget: what is left.
        sounds: gets key -> sound.
    """
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
