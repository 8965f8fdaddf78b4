"""Clips -> waveform store and manifest: shard by shard, then joined split by split.

A shard is a run of consecutive clips of a split, the k-th of n nearly equal
ones. n is chosen before the number of clips is known, so that a workflow can
plan its jobs without reading the captions.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workflow_src.audio.decoding import PAPER_FORM, BadAudio, ClipForm, decode
from workflow_src.audio.rows import RowWriter
from workflow_src.audio.store import WaveformStore, join_waveforms
from workflow_src.corpus.captions import Clip, Split, write_split
from workflow_src.corpus.manifest import (
    OK,
    ManifestRow,
    merge_manifests,
    read_manifest,
    summary,
    write_manifest,
)
from workflow_src.corpus.source import LostClip, Source
from workflow_src.errors import InputError
from workflow_src.files import require_disk

logger = logging.getLogger(__name__)

MANIFEST = "manifest.csv"
BLOCK = 64  # clips between two writes: 41 MB of waveforms in memory


def shard_of(clips: Sequence[Clip], shard: int, shards: int) -> Sequence[Clip]:
    """The clips of shard 0 .. shards - 1; the sizes differ by one at most.

    Raises:
        InputError: if there is no such shard.
    """
    if not 0 <= shard < shards:
        raise InputError(f"there is no shard {shard} of {shards}")
    return clips[shard * len(clips) // shards : (shard + 1) * len(clips) // shards]


def ingest(
    split: Split,
    source: Source,
    out: str | Path,
    shard: int = 0,
    shards: int = 1,
    form: ClipForm = PAPER_FORM,
    max_missing: float = 1.0,
) -> list[ManifestRow]:
    """Decode the clips of one shard into the WaveformStore `out`.

    `out` also gets the shard's `manifest.csv`. A clip that cannot be used gets
    its state there and the run goes on. Decoding starts from the first clip again
    after an error or a kill; what the source fetched it keeps.

    Args:
        split: the clips.
        source: of their audio.
        out: the shard's folder.
        shard: which, from 0 on.
        shards: of how many.
        form: what a clip is brought to.
        max_missing: share of the shard's clips that may be lost. For downloads,
            which need not go on for hours when nothing comes; `join_shards` looks
            at the whole split.

    Returns:
        The rows of the manifest.

    Raises:
        InputError: if more clips are lost: sums them up; `<out>.missing.csv` has
            them all.
    """
    out = Path(out)
    clips = shard_of(split.clips, shard, shards)
    purpose = f"{split.name}: {len(clips)} waveforms"
    require_disk(out.parent, 2 * form.samples * len(clips), purpose)
    rows: list[ManifestRow] = []
    with RowWriter(WaveformStore, out, (form.samples,), {"form": str(form)}) as writer:
        writer.restart()
        for first in range(0, len(clips), BLOCK):
            good: dict[str, np.ndarray] = {}
            for clip in clips[first : first + BLOCK]:
                row, waveform = _take(clip, split.name, source, form)
                rows.append(row)
                if waveform is None:
                    _stop_if_too_many(
                        rows, len(clips), max_missing, out, " in this shard"
                    )
                else:
                    good[clip.file_name] = waveform
            writer.append(list(good), good.values())
        write_manifest(writer.partial / MANIFEST, rows)
        writer.finish()
    _report(out).unlink(missing_ok=True)
    logger.info("%s, shard %d of %d: %s", split.name, shard, shards, summary(rows))
    return rows


@dataclass(frozen=True)
class JoinedFiles:
    """What the shards of a split are joined to.

    Attributes:
        waveforms: folder of the store.
        manifest: the state of every clip.
        captions: of usable clips, one row each; None for a split without captions.
        tags: of usable clips; None for a split without tags.
    """

    waveforms: Path
    manifest: Path
    captions: Path | None
    tags: Path | None


def join_shards(
    split: Split,
    shards: Sequence[str | Path],
    out: JoinedFiles,
    max_missing: float = 1.0,
) -> None:
    """Join the shards of a split, given in order.

    Raises:
        InputError: if the shards are not those of this split, or more than the share
            `max_missing` of its clips is lost, or all are.
    """
    merge_manifests([Path(shard) / MANIFEST for shard in shards], out.manifest)
    rows = read_manifest(out.manifest)
    if [row.file_name for row in rows] != [clip.file_name for clip in split.clips]:
        raise InputError(
            f"{out.manifest} does not list the clips of split {split.name} in their "
            "order: the caption files have changed since the shards were made"
        )
    _stop_if_too_many(rows, len(rows), max_missing, out.manifest.with_suffix(""))
    if all(row.state != OK for row in rows):
        raise InputError(f"{split.name}: no clip is usable ({summary(rows)})")
    join_waveforms(shards, out.waveforms)
    usable = {row.file_name for row in rows if row.state == OK}
    write_split(split, usable, out.captions, out.tags)
    logger.info("%s: %s", split.name, summary(rows))


def _take(
    clip: Clip, split: str, source: Source, form: ClipForm
) -> tuple[ManifestRow, np.ndarray | None]:
    attempts = 0
    try:
        fetched = source.fetch(clip)
        attempts = fetched.attempts
        waveform = decode(fetched.path, form)
    except LostClip as lost:
        state, reason, attempts = lost.state, str(lost), lost.attempts
    except BadAudio as bad:
        state, reason = bad.state, str(bad)
    else:
        return ManifestRow(clip.file_name, split, OK, "", attempts), waveform
    logger.warning("%s, %s: %s: %s", split, clip.file_name, state, reason)
    return ManifestRow(clip.file_name, split, state, reason, attempts), None


def _stop_if_too_many(
    rows: list[ManifestRow], clips: int, max_missing: float, out: Path, of: str = ""
) -> None:
    lost = [row for row in rows if row.state != OK]
    if len(lost) <= max_missing * clips:
        return
    report = _report(out)
    write_manifest(report, lost)
    raise InputError(
        f"{lost[0].split}: of {clips} clips{of}, {len(rows)} were tried and "
        f"{len(lost)} are lost ({summary(lost)}), more than clips.max_missing = "
        f"{max_missing:g} allows; the last one is {lost[-1].file_name}: "
        f"{lost[-1].reason}; all are in {report}"
    )


def _report(out: Path) -> Path:
    return out.with_name(out.name + ".missing.csv")
