"""Parquet files that somebody has: of any mirror, or of none."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from tests.corpus.mirror_layouts import FORM, assert_same_audio, rows_of, write_rows
from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.hub import ParquetFolder
from workflow_src.corpus.mirror import take_mirror
from workflow_src.corpus.mirrors import Mirror, MirrorColumns
from workflow_src.errors import InputError


def test_a_mirror_of_another_version_is_refused(splits, audio, tmp_path):
    rows = [
        (clip, "Other words", content)
        for clip, _, content in rows_of(splits["train"], audio)
    ]
    write_rows(tmp_path / "m" / "train-0.parquet", rows)
    place = ParquetFolder(tmp_path / "m")
    with pytest.raises(InputError, match="6 of 6 clips have other captions"):
        take_mirror(Mirror(), place, splits, tmp_path / "out", FORM)


def test_a_mirror_without_any_clip_is_refused(splits, audio, tmp_path):
    clips = [replace(clip, youtube_id="x" * 11) for clip in splits["val"].clips]
    content = {"bytes": b"", "path": None}
    write_rows(tmp_path / "m" / "0.parquet", [(clip, "", content) for clip in clips])
    place = ParquetFolder(tmp_path / "m")
    with pytest.raises(InputError, match=r"no clip of audiocaps\.version"):
        take_mirror(Mirror(), place, splits, tmp_path / "out", FORM)


def test_files_in_a_folder_are_read_and_kept(splits, audio, tmp_path):
    """Other column names, bytes without a struct, a Y before the id, text starts."""
    rows = rows_of(splits["test"], audio)
    table = pa.table(
        {
            "ytid": [f"Y{clip.youtube_id}" for clip, _, _ in rows],
            "since": [f"{clip.start_time}.000" for clip, _, _ in rows],
            "file": [content["bytes"] for _, _, content in rows],
        }
    )
    (tmp_path / "m").mkdir()
    pq.write_table(table, tmp_path / "m" / "all.parquet")
    columns = MirrorColumns("ytid", "since", "file", None)
    mirror = Mirror(folder=str(tmp_path / "m"), columns=columns)
    place = ParquetFolder(tmp_path / "m")
    take_mirror(mirror, place, splits, tmp_path / "out", FORM)
    assert_same_audio(tmp_path / "out", splits["test"], audio)
    assert (tmp_path / "m" / "all.parquet").exists()


def test_clips_of_another_form_are_not_mixed(splits, audio, tmp_path):
    write_rows(tmp_path / "m" / "0.parquet", rows_of(splits["test"], audio))
    place = ParquetFolder(tmp_path / "m")
    take_mirror(Mirror(), place, splits, tmp_path / "out", FORM)
    other = ClipForm(sample_rate=16000, seconds=1.0)
    said = r"sample_rate 8000, .* asks for sample_rate 16000"
    with pytest.raises(InputError, match=said):
        take_mirror(Mirror(), place, splits, tmp_path / "out", other)


def test_a_kept_clip_is_plain_flac(splits, audio, tmp_path):
    write_rows(tmp_path / "m" / "0.parquet", rows_of(splits["test"], audio))
    take_mirror(Mirror(), ParquetFolder(tmp_path / "m"), splits, tmp_path / "out", FORM)
    clip = splits["test"].clips[0]
    kept = soundfile.info(tmp_path / "out" / clip.file_name)
    assert (kept.format, kept.subtype, kept.channels) == ("FLAC", "PCM_16", 1)
    assert (kept.samplerate, kept.frames) == (8000, 8000)
