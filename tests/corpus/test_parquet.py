"""Parquet files that are damaged, of another kind, or larger than they look."""

import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.mirror_layouts import AUDIO
from workflow_src.corpus import parquet
from workflow_src.corpus.mirrors import MirrorColumns
from workflow_src.corpus.parquet import MirrorRow, read_rows
from workflow_src.errors import InputError

COLUMNS = MirrorColumns()


def write(path, clips, group=4, **how):
    """`clips` are (video, start, caption, content)."""
    videos, starts, captions, contents = zip(*clips, strict=True)
    audio = [None if c is None else {"bytes": c, "path": "x"} for c in contents]
    table = pa.table(
        {
            "youtube_id": list(videos),
            "start_time": list(starts),
            "caption": list(captions),
            "audio": pa.array(audio, AUDIO),
        }
    )
    pq.write_table(table, path, row_group_size=group, **how)
    return path


def everything(_):
    return True


clips = st.lists(
    st.tuples(
        st.text("abc", min_size=1, max_size=11),
        st.integers(0, 999),
        st.text(max_size=5),
        st.none() | st.binary(max_size=20),
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, max_examples=40)
@given(clips, st.integers(1, 9), st.sets(st.integers(0, 39)))
def test_rows_come_in_order_with_the_audio_that_is_wanted(
    tmp_path_factory, clips, group, wanted
):
    path = write(tmp_path_factory.mktemp("p") / "0.parquet", clips, group)
    asked = []

    def want(row):
        asked.append(row)
        return len(asked) - 1 in wanted

    rows = list(read_rows(path, COLUMNS, want))
    expected = [
        MirrorRow(
            video, float(start), (caption,), (content or None) if i in wanted else None
        )
        for i, (video, start, caption, content) in enumerate(clips)
    ]
    assert rows == expected
    assert all(row.audio is None for row in asked)


def test_the_audio_of_groups_that_nobody_wants_is_not_read(tmp_path, monkeypatch):
    path = write(tmp_path / "0.parquet", [(f"v{i}", i, "c", b"x") for i in range(12)])
    read, iter_batches = [], pq.ParquetFile.iter_batches

    def counted(self, **how):
        read.extend(how["row_groups"])
        return iter_batches(self, **how)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    assert len(list(read_rows(path, COLUMNS, lambda row: row.start == 5))) == 12
    assert read == [1]


@pytest.mark.parametrize("cut", [1, 100, -100, -1])
def test_a_damaged_file_is_named(tmp_path, cut):
    path = write(tmp_path / "0.parquet", [("v", 0, "c", bytes(1000))] * 9)
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    with pytest.raises(InputError, match=r"0\.parquet is damaged"):
        list(read_rows(path, COLUMNS, everything))


def test_damage_within_a_file_is_found(tmp_path):
    noise = bytes(range(256)) * 40
    path = write(tmp_path / "0.parquet", [("v", 0, "c", noise)] * 9, compression="zstd")
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"0\.parquet is damaged"):
        list(read_rows(path, COLUMNS, everything))


def test_a_missing_column_is_named_with_those_there(tmp_path):
    path = write(tmp_path / "0.parquet", [("v", 0, "c", b"x")])
    columns = MirrorColumns("ytid", "since", "audio")
    with pytest.raises(InputError, match=r"no column ytid, since \(it has yout"):
        list(read_rows(path, columns, everything))


def test_decoded_audio_is_not_encoded_audio(tmp_path):
    samples = pa.array([[0.0, 0.1]], pa.list_(pa.float32()))
    columns = {"youtube_id": ["v"], "start_time": [0], "caption": ["c"]}
    pq.write_table(pa.table(columns | {"audio": samples}), tmp_path / "0.parquet")
    with pytest.raises(InputError, match=r"audio holds list<.*>, not encoded audio"):
        list(read_rows(tmp_path / "0.parquet", COLUMNS, everything))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    """A file of some kilobytes that unpacks to a gigabyte."""
    bomb = [(f"v{i}", i, "c", i.to_bytes(4) + bytes(32 << 20)) for i in range(8)]
    how = {"compression": "zstd", "use_dictionary": False}
    path = write(tmp_path / "0.parquet", bomb, 8, **how)
    del bomb
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    allocated = pa.total_allocated_bytes()
    with pytest.raises(InputError, match=r"0\.0 MB unpack to 0\.3 GB, more than audio"):
        list(read_rows(path, COLUMNS, everything))
    assert pa.total_allocated_bytes() - allocated < 1 << 20
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("limit", "value"), [("GROUP_BYTES", 4000), ("TEXT_BYTES", 10)]
)
def test_a_group_of_rows_that_is_too_large_is_refused(
    tmp_path, monkeypatch, limit, value
):
    path = write(
        tmp_path / "0.parquet", [(f"v{i}", i, "c", bytes(2000)) for i in (1, 2)]
    )
    assert len(list(read_rows(path, COLUMNS, everything))) == 2
    monkeypatch.setattr(parquet, limit, value)
    with pytest.raises(InputError, match="this is no mirror of AudioCaps"):
        list(read_rows(path, COLUMNS, everything))


def test_a_clip_that_is_too_large_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "0.parquet", [("v", 0, "c", bytes(2000))])
    monkeypatch.setattr(parquet, "CLIP_BYTES", 1999)
    with pytest.raises(InputError, match="ten seconds of audio have"):
        list(read_rows(path, COLUMNS, everything))


def test_captions_may_be_a_list_and_starts_may_be_missing(tmp_path):
    table = pa.table(
        {
            "youtube_id": ["Yabcdefghijk", "abcdefghijk"],
            "audio": pa.array([b"1", b"2"]),
            "caption": [["one", "two"], None],
        }
    )
    pq.write_table(table, tmp_path / "0.parquet")
    columns = MirrorColumns(start=None)
    assert list(read_rows(tmp_path / "0.parquet", columns, everything)) == [
        MirrorRow("abcdefghijk", None, ("one", "two"), b"1"),
        MirrorRow("abcdefghijk", None, (), b"2"),
    ]
