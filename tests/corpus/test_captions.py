import pytest

from workflow_src.corpus.captions import (
    Clip,
    read_captions,
    read_split,
    read_tags,
    write_split,
)
from workflow_src.csv_files import read_csv
from workflow_src.errors import InputError


def test_an_official_file(tmp_path):
    (tmp_path / "val.csv").write_bytes(
        b"audiocap_id,youtube_id,start_time,caption\r\n"
        b'97151,vfY_TJq7n_U,130,"Rustling occurs, ducks quack"\r\n'
        b"1,-7x--AEBQ_M,0,Wind\r\n"
        b'2,vfY_TJq7n_U,130,"Two\nlines, and ""quotes"""\r\n'
        b"3,vfY_TJq7n_U,130,NA\r\n"
        b"4,-7x--AEBQ_M,0,Wind\r\n"
    )
    split = read_split(tmp_path, "val")
    ducks, wind = "vfY_TJq7n_U_130.flac", "-7x--AEBQ_M_0.flac"
    assert split.clips == [
        Clip(ducks, "vfY_TJq7n_U", "130"),
        Clip(wind, "-7x--AEBQ_M", "0"),
    ]
    assert split.captions == [
        (ducks, "Rustling occurs, ducks quack"),
        (wind, "Wind"),
        (ducks, 'Two\nlines, and "quotes"'),
        (ducks, "NA"),
        (wind, "Wind"),
    ]


def test_an_own_file_with_a_byte_order_mark(tmp_path):
    (tmp_path / "train.csv").write_bytes(
        "\ufefffile_name,caption\nsub/zvuk 1.wav,Déšť\n".encode()
    )
    split = read_split(tmp_path, "train")
    assert split.clips == [Clip("sub/zvuk 1.wav")]
    assert split.captions == [("sub/zvuk 1.wav", "Déšť")]


def test_tags_without_captions(tmp_path):
    (tmp_path / "tags.csv").write_text(
        "file_name,split,tags\na_0.flac,tagged,dog|bark\nb_0.flac,train,rain\n"
    )
    (tmp_path / "train.csv").write_text("file_name,caption\nb_0.flac,Rain\n")
    tagged = read_split(tmp_path, "tagged")
    assert tagged.clips == [Clip("a_0.flac")]
    assert tagged.captions == []
    assert tagged.tags == {"a_0.flac": "dog|bark"}
    train = read_split(tmp_path, "train")
    assert train.clips == [Clip("b_0.flac")]
    assert (
        train.tags == read_tags(tmp_path / "tags.csv", "train") == {"b_0.flac": "rain"}
    )
    with pytest.raises(InputError, match="no clips of split val"):
        read_split(tmp_path, "val")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file_name,caption\n", "has no captions"),
        ("file_name,caption\na.wav,  \n", "line 2: empty caption"),
        ("file_name,caption\n,A dog\n", "not a file name below"),
        ("file_name,caption\n../a.wav,A dog\n", "not a file name below"),
        ("file_name,caption\n/etc/a.wav,A dog\n", "not a file name below"),
        ("name,caption\na.wav,A dog\n", "has no column file_name"),
        ("youtube_id,caption\nabc,A dog\n", "has no column start_time"),
        ("youtube_id,start_time,caption\nabc,soon,A dog\n", "'soon' is not a number"),
        ("youtube_id,start_time,caption\n../x,0,A dog\n", "not a file name below"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path, content, message):
    (tmp_path / "train.csv").write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_captions(tmp_path / "train.csv")
    assert "train.csv" in str(caught.value)


def test_only_usable_clips_are_written(tmp_path):
    (tmp_path / "val.csv").write_text(
        'file_name,caption\na,"One\ntwo"\nb,Three\na,"One\ntwo"\n'
    )
    (tmp_path / "tags.csv").write_text("file_name,split,tags\na,val,x|y\nb,val,z\n")
    split = read_split(tmp_path, "val")
    written, tags = tmp_path / "out" / "val.csv", tmp_path / "out" / "tags.csv"
    write_split(split, {"a"}, written, tags)
    assert written.read_text() == 'file_name,caption\na,"One\ntwo"\na,"One\ntwo"\n'
    rows = [row for _, row in read_csv(written, ("file_name", "caption"))]
    assert [tuple(row.values()) for row in rows] == split.captions[::2]
    assert tags.read_text() == "file_name,tags\na,x|y\n"
    write_split(split, {"b"}, tmp_path / "captions alone.csv", None)
    assert (
        tmp_path / "captions alone.csv"
    ).read_text() == "file_name,caption\nb,Three\n"


def test_what_a_split_has_not_cannot_be_written(tmp_path):
    (tmp_path / "val.csv").write_text("file_name,caption\na,One\n")
    split = read_split(tmp_path, "val")
    with pytest.raises(InputError, match="split val has no tags of usable clips"):
        write_split(split, {"a"}, tmp_path / "out.csv", tmp_path / "tags.csv")
    with pytest.raises(InputError, match="split val has no captions of usable clips"):
        write_split(split, set(), tmp_path / "none.csv", None)
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize(
    ("name", "clips", "captions", "distinct"),
    [("train", 49838, 1, 45716), ("val", 495, 5, 2309), ("test", 975, 5, 4633)],
)
def test_the_official_files(official, name, clips, captions, distinct):
    split = read_split(official, name)
    assert len(split.clips) == clips
    assert len(split.captions) == clips * captions
    assert len({caption for _, caption in split.captions}) == distinct
