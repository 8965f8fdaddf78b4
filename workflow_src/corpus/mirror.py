"""A parquet mirror of AudioCaps -> decoded clips, one parquet file after another.

Each file is fetched, its clips are decoded to a folder (see `decoded`), and it is
deleted. A killed job goes on with the file that it had not finished, and with the
first clip of it that is not there yet.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.captions import Split
from workflow_src.corpus.decoded import DecodedSource, DecodedWriter
from workflow_src.corpus.hub import ParquetFile, ParquetPlace
from workflow_src.corpus.manifest import write_csv
from workflow_src.corpus.mirrors import Mirror
from workflow_src.corpus.official import OfficialClips
from workflow_src.corpus.parquet import MirrorRow, read_rows
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    gigabytes,
    open_json_lines,
    read_json_lines,
    require_disk,
)

logger = logging.getLogger(__name__)

FILES = "files.jsonl"  # parquet files that are done with, and what was in them
REPORT = "report.csv"
REPORT_COLUMNS = ("split", "file_name", "finding", "detail")
FETCHED = "parquet.partial"


@dataclass
class FileContent:
    """What a parquet file had in it.

    Attributes:
        clips: file names of the official clips, in the order of the rows.
        findings: rows that are not as the official files have it: which clip, what
            is wrong, and the words.
    """

    clips: dict[str, None] = field(default_factory=dict)
    findings: list[tuple[str, str, str]] = field(default_factory=list)


def take_mirror(
    mirror: Mirror,
    place: ParquetPlace,
    splits: Mapping[str, Split],
    out: str | Path,
    form: ClipForm,
) -> list[str]:
    """Fetch a mirror file by file and write the clips of some splits to `out`.

    Args:
        mirror: how it is laid out.
        place: where its files are.
        splits: the official clips and captions, by name of the split.
        out: gets `<id>_<start>.flac` of each clip, the journals of what is done, and
            `report.csv`: every clip that the mirror lacks or that is of no use, and
            every row of another clip or caption than the official ones.
        form: what a clip is brought to.

    Returns:
        File names of the clips that the mirror has, usable or not.

    Raises:
        InputError: if a file cannot be had, is damaged or is no mirror of these
            captions, the disk lacks room, or `out` holds clips of another form.
    """
    out = Path(out)
    official = OfficialClips(splits)
    contents = {
        tuple(line["file"]): FileContent(
            dict.fromkeys(line["clips"]), [tuple(f) for f in line["findings"]]
        )
        for line in read_json_lines(out / FILES)
        if line["wanted"] == official.identity
    }
    files = _of_splits(place.files(), mirror, list(splits))
    left = [file for file in files if _identity(file) not in contents]
    writer = DecodedWriter(out, form)
    missing = len(official.split_of.keys() - writer.had)
    _say_need(place, len(files), left, missing, out, form)
    with open_json_lines(out / FILES) as journal, writer:
        for number, file in enumerate(left, 1):
            path = place.fetch(file, out / FETCHED)
            content = _take_file(path, mirror, official, writer)
            _check_content(content, f"{file.name} of {place.name}")
            contents[_identity(file)] = content
            line = {
                "file": _identity(file),
                "wanted": official.identity,
                "clips": list(content.clips),
                "findings": content.findings,
            }
            append_json_line(journal, line)
            place.discard(out / FETCHED)
            done = f"{file.name} ({number} of {len(left)})"
            logger.info("%s: %d clips", done, len(content.clips))
    clips = dict.fromkeys(name for each in contents.values() for name in each.clips)
    if not clips:
        raise InputError(
            f"{place.name} has no clip of audiocaps.version: are "
            "audiocaps.huggingface.columns its columns?"
        )
    findings = {finding for each in contents.values() for finding in each.findings}
    _report(place, splits, official, out, findings)
    return list(clips)


def _take_file(
    path: Path, mirror: Mirror, official: OfficialClips, writer: DecodedWriter
) -> FileContent:
    def wanted(row: MirrorRow) -> bool:
        clip = official.find(row)
        return clip is not None and clip.file_name not in writer.had

    content = FileContent()
    for row in read_rows(path, mirror.columns, wanted):
        clip = official.find(row)
        if clip is None:
            start = "" if row.start is None else f"_{row.start:.10g}"
            content.findings.append((f"{row.youtube_id}{start}", "not official", ""))
            continue
        content.clips[clip.file_name] = None
        for caption in row.captions:
            if not official.has_caption(clip, caption):
                content.findings.append((clip.file_name, "another caption", caption))
        # A clip comes once a caption; it is decoded the first time.
        if row.audio is not None and clip.file_name not in writer.had:
            writer.take(clip, row.audio)
    return content


def _check_content(content: FileContent, file: str) -> None:
    """InputError where most clips have captions that are not theirs."""
    differing = {
        name for name, finding, _ in content.findings if finding == "another caption"
    }
    if 2 * len(differing) > len(content.clips):
        raise InputError(
            f"{file}: {len(differing)} of {len(content.clips)} clips have other "
            "captions than those of audiocaps.version: it is a mirror of another "
            "version, or its rows are mixed up"
        )


def _say_need(
    place: ParquetPlace,
    files: int,
    left: list[ParquetFile],
    clips: int,
    out: Path,
    form: ClipForm,
) -> None:
    size = sum(file.size for file in left)
    largest = max((place.room(file) for file in left), default=0)
    purpose = (
        f"{place.name}: {len(left)} of {files} parquet files are left "
        f"({gigabytes(size)}), of which one is kept at a time ({gigabytes(largest)}), "
        f"and {clips:,} clips may come from them: this"
    )
    require_disk(out, 2 * form.samples * clips + largest, purpose)


def _report(
    place: ParquetPlace,
    splits: Mapping[str, Split],
    official: OfficialClips,
    out: Path,
    findings: set[tuple[str, str, str]],
) -> None:
    source = DecodedSource(out)
    rows: list[tuple[str, ...]] = []
    for name, split in splits.items():
        lacking = 0
        for clip in split.clips:
            try:
                source.fetch(clip)
            except LostClip as lost:
                rows.append((name, clip.file_name, lost.state, str(lost)))
                lacking += 1
        clips = len(split.clips)
        said = f"{name}: {clips - lacking} of {clips} clips; {lacking} are lacking"
        logger.info("%s: %s: %s", place.name, said, out / REPORT)
    rows += [(official.split_of.get(each[0], ""), *each) for each in sorted(findings)]
    write_csv(out / REPORT, REPORT_COLUMNS, rows)


def _of_splits(
    files: list[ParquetFile], mirror: Mirror, splits: list[str]
) -> list[ParquetFile]:
    """Files of these splits, by their names or folders; all, where none is so named."""
    names = [name for split in splits if (name := mirror.splits.of(split))]
    words = "|".join(map(re.escape, names))
    pattern = re.compile(rf"(^|/)(partial-)?({words})([-_./]|$)")
    chosen = [file for file in files if names and pattern.search(file.name)]
    if chosen:
        return chosen
    logger.info("no parquet file is named after %s: all are read", ", ".join(splits))
    return files


def _identity(file: ParquetFile) -> tuple[str, str]:
    return file.name, file.sha256 or str(file.size)
