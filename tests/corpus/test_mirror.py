import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow_src.corpus import mirror
from workflow_src.corpus.captions import Clip
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.mirror import MirrorColumns, parquet_files, unpack
from workflow_src.errors import InputError


@pytest.fixture
def clips(tmp_path, write_audio):
    """Encoded clips by (id, start)."""
    suffixes = ["flac", "wav", "ogg", "mp3"]
    return {
        (f"id-{i}", 10 * i): write_audio(tmp_path / f"{i}.{suffix}", i).read_bytes()
        for i, suffix in enumerate(suffixes * 2)
    }


def write_parquet(path, rows, names=("youtube_id", "start_time", "audio"), struct=True):
    path.parent.mkdir(exist_ok=True)
    audio = [
        {"bytes": row[2], "path": "clip.wav"} if struct else row[2] for row in rows
    ]
    columns = [[row[0] for row in rows], [row[1] for row in rows], audio]
    table = pa.table(dict(zip(names, columns, strict=True)))
    pq.write_table(table.append_column("caption", [["a"] * len(rows)]), path)


@pytest.mark.parametrize("struct", [True, False])
def test_clips_come_out_the_same_to_the_byte(tmp_path, clips, struct):
    rows = [(*key, content) for key, content in clips.items()]
    write_parquet(tmp_path / "mirror" / "train-0.parquet", rows[:5], struct=struct)
    # Five captions of a clip are five rows with the same audio.
    write_parquet(tmp_path / "mirror" / "val-0.parquet", rows[5:] * 5, struct=struct)
    unpack(parquet_files(tmp_path / "mirror"), tmp_path / "audio")
    source = FolderSource(tmp_path / "audio")
    for (name, start), content in clips.items():
        clip = Clip(f"{name}_{start}.flac", name, str(start))
        assert source.fetch(clip).path.read_bytes() == content
    assert len(list((tmp_path / "audio").glob("id-*"))) == len(clips)


def test_starts_as_text_and_decimals(tmp_path, clips):
    content = next(iter(clips.values()))
    rows = [("a", "130", content), ("b", "30.000", content), ("c", "1.5", content)]
    write_parquet(tmp_path / "m" / "0.parquet", rows)
    unpack(parquet_files(tmp_path / "m"), tmp_path / "audio")
    names = {path.name for path in (tmp_path / "audio").glob("*.flac")}
    assert names == {"a_130.flac", "b_30.flac", "c_1.5.flac"}


def test_other_column_names_and_no_start(tmp_path, clips):
    rows = [(f"Y{name}", start, content) for (name, start), content in clips.items()]
    names = ("ytid", "since", "file")
    write_parquet(tmp_path / "m" / "0.parquet", rows, names)
    files = parquet_files(tmp_path / "m")
    with pytest.raises(
        InputError, match=r"no column youtube_id, audio, start_time \(it"
    ):
        unpack(files, tmp_path / "audio")
    unpack(files, tmp_path / "audio", MirrorColumns("ytid", None, "file"))
    found = FolderSource(tmp_path / "audio").fetch(Clip("id-1_10.flac", "id-1", "10"))
    assert found.path.name == "Yid-1.wav"


def test_a_row_without_audio_is_passed_over(tmp_path, clips):
    content = next(iter(clips.values()))
    write_parquet(tmp_path / "m" / "0.parquet", [("a", 0, None), ("b", 0, content)])
    unpack(parquet_files(tmp_path / "m"), tmp_path / "audio")
    assert [path.name for path in (tmp_path / "audio").glob("*_0*")] == ["b_0.flac"]


def test_an_interrupted_unpacking_goes_on(tmp_path, clips, monkeypatch):
    rows = [(*key, content) for key, content in clips.items()]
    for i in range(4):
        write_parquet(tmp_path / "m" / f"{i}.parquet", rows[2 * i : 2 * i + 2])
    files = parquet_files(tmp_path / "m")
    unpacked, unpack_file = [], mirror._unpack_file

    def failing(file, *rest):
        unpacked.append(file.name)
        if len(unpacked) == 3:
            raise OSError("no space left on device")
        return unpack_file(file, *rest)

    monkeypatch.setattr(mirror, "_unpack_file", failing)
    with pytest.raises(OSError, match="no space"):
        unpack(files, tmp_path / "audio")
    unpack(files, tmp_path / "audio")
    names = [f"{i}.parquet" for i in (0, 1, 2, 2, 3)]
    assert unpacked == names
    assert len(list((tmp_path / "audio").glob("id-*"))) == 8


def test_a_damaged_file_is_named(tmp_path, clips):
    rows = [(*key, content) for key, content in clips.items()]
    write_parquet(tmp_path / "m" / "0.parquet", rows)
    content = (tmp_path / "m" / "0.parquet").read_bytes()
    (tmp_path / "m" / "0.parquet").write_bytes(content[:-100])
    with pytest.raises(InputError, match=r"0\.parquet is damaged"):
        unpack(parquet_files(tmp_path / "m"), tmp_path / "audio")


def test_a_folder_without_parquet_is_named(tmp_path):
    with pytest.raises(InputError, match="no parquet files"):
        parquet_files(tmp_path)


def test_fetching_asks_for_the_parquet_files_of_one_revision(tmp_path, monkeypatch):
    asked = {}

    def download(repository, **options):
        asked.update(options, repository=repository)
        (tmp_path / "0.parquet").touch()

    monkeypatch.setattr(mirror.huggingface_hub, "snapshot_download", download)
    assert mirror.fetch_mirror("a/b", "abc123", tmp_path) == [tmp_path / "0.parquet"]
    assert asked["repository"] == "a/b"
    assert asked["revision"] == "abc123"
    assert asked["repo_type"] == "dataset"
