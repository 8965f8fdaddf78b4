"""What is heard beside the test clips: mixes of training pairs, views of one clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.audio.store import FULL_SCALE
from workflow_src.report.page.mixes import Heard, mixes
from workflow_src.report.page.pictures import RANGE, log_mel_picture
from workflow_src.report.page.sounds import sound
from workflow_src.report.page.views import Viewed, read_views
from workflow_src.report.settings import PageSettings


def heard_mixes(
    settings: PageSettings, waveforms: Path, captions: Path, sounds: dict[str, str]
) -> list[list[Heard]]:
    """Mixes of training pairs; their sounds are put under keys.

    Args:
        settings: how they are made, and how many.
        waveforms: store of the training split.
        captions: of the training split.
        sounds: gets key -> sound.
    """
    made = mixes(settings.pairmix, waveforms, captions, settings.mixes, settings.seed)
    return [
        [
            _keyed(settings, own, f"mix{row}-{place}", sounds)
            for place, own in enumerate(mix)
        ]
        for row, mix in enumerate(made)
    ]


def heard_views(
    settings: PageSettings,
    path: Path | None,
    merged: Mapping[str, str],
    sounds: dict[str, str],
) -> dict[str, Any] | None:
    """The views of one clip, and the caption that all views of the grid give.

    Args:
        settings: the point of the grid.
        path: of the views; None: there are none.
        merged: clip -> the caption that all its views give.
        sounds: gets key -> sound.
    """
    if path is None:
        return None
    viewed = read_views(path)
    return {
        "clip": viewed.clip,
        "shown": [
            _keyed(settings, own, f"view{place}", sounds)
            for place, own in enumerate(_views(viewed))
        ],
        "point": settings.point,
        "merged": merged.get(viewed.clip),
    }


def _views(viewed: Viewed) -> list[Heard]:
    shown = []
    loudest = float(viewed.log_mels[0].max())
    for number, caption in enumerate(viewed.captions):
        log_mel = viewed.log_mels[number].astype(float)
        log_mel[viewed.masked[number]] = loudest - RANGE
        masks = " Black stripes: SpecAugment; they cannot be heard." if number else ""
        shown.append(
            Heard(
                title=f"View {number}" if number else "The clip itself",
                text=f"As drawn at test time.{masks}" if number else viewed.clip,
                caption=caption,
                picture=log_mel_picture(log_mel, loudest),
                sound=sound(viewed.waveforms[number] / FULL_SCALE, SAMPLE_RATE),
            )
        )
    return shown


def _keyed(
    settings: PageSettings, own: Heard, key: str, sounds: dict[str, str]
) -> Heard:
    if own.sound is None or not settings.audio:
        return replace(own, sound=None)
    sounds[key] = own.sound
    return replace(own, sound=key)
