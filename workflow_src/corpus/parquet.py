"""Rows of a mirror's parquet file, a few at a time, from a file that may be hostile.

What a file claims about itself is compared with limits before anything is unpacked:
a few bytes can stand for many gigabytes.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workflow_src.corpus.mirrors import MirrorColumns
from workflow_src.corpus.source import CLIP_BYTES
from workflow_src.errors import InputError, in_one_line
from workflow_src.files import gigabytes

ROWS_AT_ONCE = 16  # in memory: some 30 MB of audio
TEXT_BYTES = 256 << 20  # the columns beside the audio, of one row group
GROUP_BYTES = 4 << 30  # one row group
# Uncompressed by compressed bytes. Audio hardly compresses; the allowance lets small
# files with much repetition through.
RATIO, ALLOWANCE = 100, 64 << 20
FOOTER_BYTES = 64 << 20


@dataclass(frozen=True)
class MirrorRow:
    """One row: the clip that it names, and its audio where that was wanted.

    Attributes:
        youtube_id: the video.
        start: seconds into it; None where the mirror has no such column.
        captions: of the clip, in the mirror.
        audio: the encoded file; None where there is none, or it was not wanted.
    """

    youtube_id: str
    start: float | None
    captions: tuple[str, ...]
    audio: bytes | None = None


def read_rows(
    path: Path, columns: MirrorColumns, wanted: Callable[[MirrorRow], bool]
) -> Iterator[MirrorRow]:
    """All rows of a file, in its order.

    Audio is read only of groups of rows that have a wanted one, and handed out only
    of these. Memory use does not depend on the file's size.

    Args:
        path: the parquet file.
        columns: names of its columns.
        wanted: asked for each row, with its audio still None.

    Raises:
        InputError: if the file is damaged, lacks a column, holds no encoded audio or
            unpacks to absurdly much.
    """
    try:
        with pq.ParquetFile(
            path,
            pre_buffer=False,
            thrift_string_size_limit=FOOTER_BYTES,
            thrift_container_size_limit=FOOTER_BYTES,
        ) as file:
            keys = _check_columns(file, path, columns)
            _check_sizes(file, path, keys)
            for group in range(file.metadata.num_row_groups):
                yield from _read_group(file, path, group, columns, keys, wanted)
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = in_one_line(error)
        raise InputError(f"{path} is damaged: {reason}") from None


def _read_group(
    file: pq.ParquetFile,
    path: Path,
    group: int,
    columns: MirrorColumns,
    keys: list[str],
    wanted: Callable[[MirrorRow], bool],
) -> Iterator[MirrorRow]:
    table = file.read_row_group(group, columns=keys)
    rows = [_row(values, columns) for values in table.to_pylist()]
    want = [wanted(row) for row in rows]
    if not any(want):
        yield from rows
        return
    batches = file.iter_batches(
        batch_size=ROWS_AT_ONCE, row_groups=[group], columns=[columns.audio]
    )
    contents = (audio for batch in batches for audio in batch.column(0))
    for row, is_wanted, audio in zip(rows, want, contents, strict=True):
        content = _content(audio, path) if is_wanted else None
        yield dataclasses.replace(row, audio=content)


def _row(values: dict[str, Any], columns: MirrorColumns) -> MirrorRow:
    identity = str(values[columns.youtube_id])
    # AudioSet's dumps put a Y before the id, which has 11 characters.
    if len(identity) == 12 and identity.startswith("Y"):
        identity = identity[1:]
    start = _seconds(values[columns.start]) if columns.start else None
    value = values[columns.caption] if columns.caption else None
    captions = value if isinstance(value, list) else [value]
    return MirrorRow(identity, start, tuple(str(c) for c in captions if c is not None))


def _seconds(value: object) -> float:
    """The start as a number; not a number where it is none, which no clip has."""
    try:
        return float(str(value))
    except ValueError:
        return float("nan")


def _content(scalar: Any, path: Path) -> bytes | None:
    value = scalar["bytes"] if pa.types.is_struct(scalar.type) else scalar
    if not scalar.is_valid or not value.is_valid:
        return None
    buffer = value.as_buffer()
    if buffer.size > CLIP_BYTES:
        raise InputError(
            f"{path}: a clip of {gigabytes(buffer.size)}, and ten seconds of audio "
            f"have {gigabytes(CLIP_BYTES)} at most: this is no mirror of AudioCaps"
        )
    return bytes(buffer) or None


def _check_columns(
    file: pq.ParquetFile, path: Path, columns: MirrorColumns
) -> list[str]:
    """Names of the columns beside the audio."""
    there = file.schema_arrow.names
    keys = [columns.youtube_id, columns.start, columns.caption]
    named = [name for name in keys if name is not None]
    missing = [name for name in [*named, columns.audio] if name not in there]
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)} (it has {', '.join(there)})"
        )
    kind = file.schema_arrow.field(columns.audio).type
    inner = kind
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        inner = kind.field(place).type if place >= 0 else kind
    if not (pa.types.is_binary(inner) or pa.types.is_large_binary(inner)):
        raise InputError(
            f"{path}: column {columns.audio} holds {kind}, not encoded audio files"
        )
    return named


def _check_sizes(file: pq.ParquetFile, path: Path, keys: list[str]) -> None:
    metadata = file.metadata
    total = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        sizes = [
            (chunk.path_in_schema.split(".")[0] in keys, chunk.total_uncompressed_size)
            for chunk in map(group.column, range(group.num_columns))
        ]
        whole = sum(size for _, size in sizes)
        text = sum(size for is_key, size in sizes if is_key)
        total += whole
        if whole > GROUP_BYTES or text > TEXT_BYTES or min(s for _, s in sizes) < 0:
            raise InputError(
                f"{path}: a group of rows unpacks to {gigabytes(whole)}, more than "
                f"{gigabytes(GROUP_BYTES)}, or {gigabytes(text)} of it is text: this "
                "is no mirror of AudioCaps"
            )
    size = path.stat().st_size
    if total > RATIO * size + ALLOWANCE:
        raise InputError(
            f"{path}: {gigabytes(size)} unpack to {gigabytes(total)}, more than audio "
            "can: this is no mirror of AudioCaps"
        )
