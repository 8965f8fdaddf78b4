import os

import pytest

from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    gigabytes,
    open_json_lines,
    read_json_lines,
    read_json_object,
    require_disk,
    write_atomically,
)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "folder" / "a.txt"
    write_atomically(path, "žluť\r\n")
    assert path.read_bytes() == "žluť\r\n".encode()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_atomically(path, b"other")
    assert path.read_bytes() == "žluť\r\n".encode()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_atomically(tmp_path / "a.txt", b"other")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="Windows flushes no folders")
def test_the_file_and_then_the_rename_are_flushed_to_the_disk(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    flushed = []

    def fsync(descriptor):
        kind = os.fstat(descriptor)
        same = os.path.samestat(kind, tmp_path.stat())
        flushed.append(("folder" if same else "file", path.exists()))

    monkeypatch.setattr("os.fsync", fsync)
    write_atomically(path, b"content")
    assert flushed == [("file", False), ("folder", True)]


def test_a_json_object_is_read_whole_or_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"ž": [1]}', encoding="utf-8")
    assert read_json_object(path, "delete it") == {"ž": [1]}
    path.write_text("[1]")
    with pytest.raises(InputError, match=r"a\.json is damaged: delete it"):
        read_json_object(path, "delete it")
    with pytest.raises(InputError, match=r"b\.json: No such file"):
        read_json_object(tmp_path / "b.json", "delete it")


def test_json_lines_survive_a_torn_last_one(tmp_path):
    path = tmp_path / "a.jsonl"
    assert read_json_lines(path) == []
    for number in range(2):
        with open_json_lines(path) as file:
            append_json_line(file, {"number": number})
        with path.open("ab") as file:
            file.write(b'{"number": 9')
        assert read_json_lines(path) == [{"number": n} for n in range(number + 1)]
    path.write_text("{}\n{\n{}\n")
    with pytest.raises(InputError, match=r"a\.jsonl is damaged in line 2: delete it"):
        read_json_lines(path)
    path.write_text('{"state": "ok"}\n{"state": "ok", "reason": ""}\n')
    assert len(read_json_lines(path, ["state"])) == 2
    with pytest.raises(InputError, match=r"a\.jsonl is damaged in line 1: delete it"):
        read_json_lines(path, ["state", "reason"])


def test_room_on_the_disk(tmp_path):
    require_disk(tmp_path, 1, "a byte")
    with pytest.raises(InputError, match="everything needs 1000000000"):
        require_disk(tmp_path, 10**18, "everything")


def test_sizes_as_text():
    assert gigabytes(31_535_360_000) == "31.5 GB"
    assert gigabytes(640_000) == "0.6 MB"
