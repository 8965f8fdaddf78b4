import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.corpus.manifest import (
    STATES,
    ManifestRow,
    merge_manifests,
    read_manifest,
    summary,
    write_manifest,
)
from workflow_src.csv_files import read_csv, write_csv
from workflow_src.errors import InputError

text = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,"'))
rows = st.builds(ManifestRow, text, text, st.sampled_from(STATES), text, st.integers(0))


@given(st.lists(rows, max_size=5))
def test_rows_come_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("manifest") / "manifest.csv"
    write_manifest(path, rows)
    assert read_manifest(path) == rows


def test_the_columns_are_the_published_ones(tmp_path):
    write_manifest(tmp_path / "m.csv", [ManifestRow("a.flac", "train", "ok")])
    written = (tmp_path / "m.csv").read_text()
    assert written == "file_name,split,state,reason,attempts\na.flac,train,ok,,0\n"


def test_a_state_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no such state"):
        ManifestRow("a.flac", "train", "fine")
    (tmp_path / "m.csv").write_text(
        "file_name,split,state,reason,attempts\na,train,ok,,0\nb,train,fine,,0\n"
    )
    with pytest.raises(InputError, match=r"m\.csv, line 3: b: no such state"):
        read_manifest(tmp_path / "m.csv")


def test_merging_keeps_the_order_and_refuses_a_clip_twice(tmp_path):
    one = [ManifestRow("b", "val", "ok"), ManifestRow("a", "val", "silent", "quiet", 2)]
    two = [ManifestRow("a", "test", "ok")]
    write_manifest(tmp_path / "1.csv", one)
    write_manifest(tmp_path / "2.csv", two)
    merge_manifests([tmp_path / "1.csv", tmp_path / "2.csv"], tmp_path / "all.csv")
    assert read_manifest(tmp_path / "all.csv") == one + two
    with pytest.raises(InputError, match="clip b of val is in 2 manifests"):
        merge_manifests([tmp_path / "1.csv"] * 2, tmp_path / "all.csv")


def test_summary_counts_states_in_their_order():
    rows = [ManifestRow(str(i), "s", state) for i, state in enumerate(STATES[1::-1])]
    assert summary([*rows, ManifestRow("x", "s", "ok")]) == "2 ok, 1 unavailable"


def test_a_csv_is_never_half_there(tmp_path):
    write_csv(tmp_path / "a.csv", ("a",), [["old"]])

    def rows():
        yield ["new"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "a.csv", ("a",), rows())
    assert (tmp_path / "a.csv").read_text() == "a\nold\n"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column a, b"),
        (b"a,c\n1,2\n", "has no column b"),
        (b"a,b\n1,2,3\n", "line 2: 2 fields expected"),
        (b"a,b\n1\n", "line 2: 2 fields expected"),
        (b'a,b\n1,"2\n', "not a CSV"),
        (b"a,b\n1,\xff\n", "not a CSV in UTF-8"),
    ],
)
def test_a_bad_csv_is_named(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(read_csv(tmp_path / "a.csv", ("a", "b")))


def test_a_missing_csv_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv: No such file"):
        list(read_csv(tmp_path / "a.csv", ("a",)))
