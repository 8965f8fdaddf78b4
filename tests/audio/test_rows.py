import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.row_writer import RowWriter, join_rows
from workflow_src.audio.rows import RowStore
from workflow_src.errors import InputError


class Pairs(RowStore):
    dtype = np.dtype("<i2")
    row_dimensions = 1


def write(folder, rows, first=0, description=None):
    rows = np.asarray(rows, np.int16).reshape(-1, 2)
    with RowWriter(Pairs, folder, (2,), description or {}) as writer:
        writer.append([f"clip {first + i}" for i in range(len(rows))], rows)
        writer.finish()
    return folder


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_joined_parts_are_the_rows_in_order(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("stores")
    rows = np.arange(2 * sum(sizes), dtype=np.int16).reshape(-1, 2)
    firsts = np.cumsum([0, *sizes])
    parts = [
        write(folder / str(i), rows[first : first + size], first)
        for i, (first, size) in enumerate(zip(firsts, sizes, strict=False))
    ]
    if not len(rows):
        with pytest.raises(InputError, match="no clip is usable"):
            join_rows(Pairs, parts, folder / "all")
        return
    join_rows(Pairs, parts, folder / "all")
    store = Pairs(folder / "all")
    store.verify()
    np.testing.assert_array_equal(store.read(slice(None)), rows)
    assert store.names == [f"clip {i}" for i in range(len(rows))]
    assert [store.row(name) for name in store.names] == list(range(len(rows)))


def test_reads_rows_in_any_order(tmp_path):
    rows = np.arange(20, dtype=np.int16).reshape(10, 2)
    store = Pairs(write(tmp_path / "a", rows))
    np.testing.assert_array_equal(store.read([7, 0, 7]), rows[[7, 0, 7]])
    out = np.empty((2, 2), np.int16)
    assert store.read(slice(3, 5), out) is out
    np.testing.assert_array_equal(out, rows[3:5])
    with pytest.raises(IndexError):
        store.read([10])
    with pytest.raises(KeyError):
        store.row("clip 10")


def test_a_slice_is_not_copied_and_not_writable(tmp_path):
    store = Pairs(write(tmp_path / "a", np.ones((4, 2))))
    assert np.shares_memory(store.read(slice(0, 2)), store.read(slice(1, 3)))
    with pytest.raises(ValueError, match="read-only"):
        store.read(slice(0, 2))[0] = 0


def test_pickles_as_its_folder(tmp_path):
    store = Pairs(write(tmp_path / "a", np.ones((1000, 2))))
    sent = pickle.dumps(store)
    assert len(sent) < 500
    np.testing.assert_array_equal(pickle.loads(sent).read([999]), [[1, 1]])


def test_an_interrupted_writer_is_continued(tmp_path):
    with RowWriter(Pairs, tmp_path / "a", (2,), {}) as writer:
        writer.append(["x"], np.array([[1, 2]]))
        writer._array.write(b"torn")
        writer._progress.write(b'{"rows": 1, "sha')
    with pytest.raises(InputError, match="not a finished store"):
        Pairs(tmp_path / "a")
    with RowWriter(Pairs, tmp_path / "a", (2,), {}) as writer:
        assert writer.names == ["x"]
        writer.append(["y"], np.array([[3, 4]]))
        writer.finish()
    store = Pairs(tmp_path / "a")
    store.verify()
    np.testing.assert_array_equal(store.read(slice(None)), [[1, 2], [3, 4]])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_interrupted_writer_of_something_else_is_not(tmp_path):
    with RowWriter(Pairs, tmp_path / "a", (2,), {"of": "cats"}) as writer:
        writer.append(["x"], np.array([[1, 2]]))
    with RowWriter(Pairs, tmp_path / "a", (2,), {"of": "dogs"}) as writer:
        assert writer.names == []


def test_an_interrupted_join_appends_no_part_twice(tmp_path, monkeypatch):
    parts = [write(tmp_path / str(i), [[i, i]] * 3, 3 * i) for i in range(4)]
    appended, append = [], RowWriter.append

    def failing(self, names, rows):
        if len(appended) == 2:
            appended.append("failed")
            raise OSError("no space left on device")
        append(self, names, rows)
        appended.append(names[0])

    monkeypatch.setattr(RowWriter, "append", failing)
    with pytest.raises(OSError, match="no space"):
        join_rows(Pairs, parts, tmp_path / "all")
    join_rows(Pairs, parts, tmp_path / "all")
    assert appended == ["clip 0", "clip 3", "failed", "clip 6", "clip 9"]
    Pairs(tmp_path / "all").verify()
    assert len(Pairs(tmp_path / "all")) == 12


def test_a_damaged_row_is_found(tmp_path):
    with RowWriter(Pairs, tmp_path / "a", (2,), {}) as writer:
        writer.append(["x", "y"], np.zeros((2, 2)))
        writer.append(["z"], np.zeros((1, 2)))
        writer.finish()
    content = bytearray((tmp_path / "a" / "array.raw").read_bytes())
    content[-1] = 1
    (tmp_path / "a" / "array.raw").write_bytes(content)
    with pytest.raises(InputError, match="rows 2 to 2 are damaged"):
        Pairs(tmp_path / "a").verify()
    with pytest.raises(InputError, match="damaged"):
        join_rows(Pairs, [tmp_path / "a"], tmp_path / "all")


def test_a_shortened_array_is_found_on_opening(tmp_path):
    write(tmp_path / "a", np.ones((4, 2)))
    (tmp_path / "a" / "array.raw").write_bytes(bytes(15))
    with pytest.raises(InputError, match="15 bytes, its index says 16"):
        Pairs(tmp_path / "a")


def test_names_and_rows_must_match(tmp_path):
    writer = RowWriter(Pairs, tmp_path / "a", (2,), {})
    with writer, pytest.raises(ValueError, match="2 names came with 1 rows"):
        writer.append(["x", "y"], np.zeros((1, 2)))


def test_a_clip_has_one_row(tmp_path):
    with RowWriter(Pairs, tmp_path / "a", (2,), {}) as writer:
        writer.append(["x", "x"], np.zeros((2, 2)))
        with pytest.raises(ValueError, match="twice"):
            writer.finish()


def test_a_store_replaces_an_older_one(tmp_path):
    write(tmp_path / "a", np.ones((4, 2)))
    write(tmp_path / "a", np.zeros((1, 2)))
    assert len(Pairs(tmp_path / "a")) == 1
