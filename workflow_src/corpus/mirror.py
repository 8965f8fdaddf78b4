"""A parquet mirror of AudioCaps -> audio files that the folder source finds."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import huggingface_hub
import pyarrow.parquet

from workflow_src.corpus.folder import AUDIO_SUFFIXES
from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    open_json_lines,
    read_json_lines,
    write_atomically,
)

logger = logging.getLogger(__name__)

JOURNAL = "unpacked.jsonl"
ROWS_AT_ONCE = 16  # in memory: some 20 MB of audio
MAGIC = {
    b"fLaC": ".flac",
    b"RIFF": ".wav",
    b"OggS": ".ogg",
    b"FORM": ".aiff",
    b"ID3": ".mp3",
    b"\xff\xfb": ".mp3",
}


@dataclass(frozen=True)
class MirrorColumns:
    """Names of a mirror's columns; `start` may be None where it has none.

    `audio` holds encoded files: bytes, or a struct with a field `bytes`.
    """

    youtube_id: str = "youtube_id"
    start: str | None = "start_time"
    audio: str = "audio"


def fetch_mirror(repository: str, revision: str, out: str | Path) -> list[Path]:
    """Download the parquet files of a Hugging Face data set; goes on after a kill."""
    huggingface_hub.snapshot_download(
        repository,
        repo_type="dataset",
        revision=revision,
        local_dir=out,
        allow_patterns="*.parquet",
    )
    return parquet_files(out)


def parquet_files(folder: str | Path) -> list[Path]:
    """Parquet files below a folder, sorted; InputError where there is none."""
    files = sorted(Path(folder).rglob("*.parquet"))
    if not files:
        raise InputError(f"{folder} has no parquet files")
    return files


def unpack(
    files: Sequence[Path], out: str | Path, columns: MirrorColumns = MirrorColumns()
) -> None:
    """Write the audio of every row below `out` as `<id>_<start>.<suffix>`.

    Or `<id>.<suffix>` without a start column. Reads the files once, in rows, so
    that memory use does not depend on their size; a killed job goes on with the
    first file that it had not finished. Rows without audio are passed over.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    journal = out / JOURNAL
    done = {(line["file"], line["size"]) for line in read_json_lines(journal)}
    with open_json_lines(journal) as log:
        for file in files:
            identity = {"file": file.name, "size": file.stat().st_size}
            if tuple(identity.values()) not in done:
                clips = _unpack_file(file, out, columns)
                append_json_line(log, identity | {"clips": clips})
                logger.info("%s: %d clips", file, clips)


def _unpack_file(file: Path, out: Path, columns: MirrorColumns) -> int:
    try:
        parquet = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
        names = _columns_there(parquet, file, columns)
        written = 0
        for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=names):
            for row in batch.to_pylist():
                written += _unpack_row(row, out, columns)
    except pyarrow.ArrowException as error:
        raise InputError(f"{file} is damaged: {error}") from None
    return written


def _columns_there(parquet, file: Path, columns: MirrorColumns) -> list[str]:
    wanted = [columns.youtube_id, columns.audio]
    wanted += [columns.start] if columns.start else []
    there = parquet.schema_arrow.names
    if missing := [name for name in wanted if name not in there]:
        raise InputError(
            f"{file} has no column {', '.join(missing)} (it has {', '.join(there)})"
        )
    return wanted


def _unpack_row(row: dict, out: Path, columns: MirrorColumns) -> int:
    audio = row[columns.audio]
    content = audio["bytes"] if isinstance(audio, dict) else audio
    if not content:
        return 0
    stem = PurePath(str(row[columns.youtube_id])).name
    if columns.start:
        stem += f"_{float(row[columns.start]):.10g}"
    named = audio.get("path") if isinstance(audio, dict) else None
    path = out / f"{stem}{_suffix(content, named)}"
    if not path.exists():  # a clip comes once a caption
        write_atomically(path, content)
    return 1


def _suffix(content: bytes, named: str | None) -> str:
    for magic, suffix in MAGIC.items():
        if content.startswith(magic):
            return suffix
    suffix = PurePath(named or "").suffix.lower()
    # Decoding tells by the content; a file without a known suffix is not found.
    return suffix if suffix in AUDIO_SUFFIXES else ".wav"
