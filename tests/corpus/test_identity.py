"""Corpora are named by what they are, and no two share a folder."""

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.corpus.identity import (
    FILE,
    CorpusIdentity,
    corpus_name,
    read_identity,
    slug,
    write_identity,
)
from workflow_src.errors import InputError

BIRDS = CorpusIdentity("folder", "my birds", "demo", {"folder": "/a/my birds"})
OTHERS = replace(BIRDS, origin={"folder": "/b/my birds"})


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("birds", "birds"),
        ("my birds", "my-birds"),
        ("my clips; $(touch x)", "my-clips-touch-x"),
        ("Ptáci – 鳥", "Ptáci-鳥"),
        ("a.b_c-d", "a.b_c-d"),
        ("../..", "corpus"),
        ("", "corpus"),
        ("{split}", "split"),
        ("-rf", "rf"),
    ],
)
def test_names_need_no_quoting(label, expected):
    assert slug(label) == expected


@given(st.text(max_size=30))
def test_a_slug_is_a_plain_name_and_stays_one(label):
    assert re.fullmatch(r"[\w.-]+", slug(label))
    assert not slug(label).startswith((".", "-"))
    assert slug(slug(label)) == slug(label)


def claim(identity: CorpusIdentity, folders: list[Path]) -> str:
    """What the workflow does: name a corpus, then write its identity there."""
    name = corpus_name(identity, folders)
    # data/ and runs/ are written by the first steps, results/ later or never.
    write_identity(identity, [folder / name / FILE for folder in folders[:2]])
    return name


identities = st.builds(
    CorpusIdentity,
    st.sampled_from(["embedded", "folder"]),
    # Two labels of one slug, and a label that looks like another's whole name.
    st.sampled_from(["clips", "my clips", "my-clips", "clips-demo"]),
    st.sampled_from(["demo", "smoke", "demo-demo"]),
    st.fixed_dictionaries({"seed": st.integers(1, 3)}),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(identities, min_size=1, max_size=8))
def test_no_two_corpora_share_a_name_and_a_corpus_keeps_its_own(claims):
    root = Path(tempfile.mkdtemp())
    folders = [root / name for name in ("data", "runs", "results")]
    try:
        owners, names = {}, {}
        for identity in claims:
            name = claim(identity, folders)
            assert owners.setdefault(name, identity) == identity
            key = str(identity)
            assert names.setdefault(key, name) == name
            assert name.startswith(slug(identity.label))
            assert read_identity(folders[0] / name / FILE) == identity
    finally:
        shutil.rmtree(root)


def test_the_first_corpus_has_the_plain_name_and_the_next_a_digest(tmp_path):
    folders = [tmp_path / "data", tmp_path / "runs", tmp_path / "results"]
    assert claim(BIRDS, folders) == "my-birds-demo"
    assert re.fullmatch("my-birds-demo-[0-9a-f]{6}", claim(OTHERS, folders))
    assert claim(BIRDS, folders) == "my-birds-demo"


@pytest.mark.parametrize("folder", ["data", "runs", "results"])
def test_a_claim_in_any_folder_reserves_the_name(tmp_path, folder):
    """Results are committed: in a clone they may be all that there is of a corpus."""
    folders = [tmp_path / name for name in ("data", "runs", "results")]
    write_identity(BIRDS, [tmp_path / folder / "my-birds-demo" / FILE])
    assert corpus_name(OTHERS, folders) == OTHERS.exact_name != "my-birds-demo"
    assert corpus_name(BIRDS, folders) == "my-birds-demo"


def test_a_corpus_keeps_its_exact_name_when_the_plain_one_gets_free(tmp_path):
    """Else its trainings would be made again under another name."""
    folders = [tmp_path / "data", tmp_path / "runs"]
    claim(BIRDS, folders)
    name = claim(OTHERS, folders)
    for folder in folders:
        shutil.rmtree(folder / "my-birds-demo")
    assert corpus_name(OTHERS, folders) == name
    assert corpus_name(BIRDS, folders) == "my-birds-demo"


def test_a_name_that_another_has_claimed_by_chance_gets_a_longer_digest(tmp_path):
    folders = [tmp_path / "data"]
    write_identity(BIRDS, [folders[0] / BIRDS.plain_name / FILE])
    stranger = replace(BIRDS, label="stranger")
    write_identity(stranger, [folders[0] / OTHERS.exact_name / FILE])
    name = claim(OTHERS, folders)
    assert name.startswith(OTHERS.exact_name)
    assert name != OTHERS.exact_name
    assert claim(OTHERS, folders) == name


def test_what_is_written_comes_back(tmp_path):
    paths = [tmp_path / "a" / FILE, tmp_path / "b" / FILE]
    identity = CorpusIdentity("audiocaps", "Ptáci", "paper", {"captions": None, "n": 1})
    write_identity(identity, paths)
    assert [read_identity(path) for path in paths] == [identity] * 2
    assert "Ptáci" in paths[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kind: [folder", "is damaged"),
        (b"kind: \xff", "is damaged"),
        (b"", "must be a mapping"),
        (b"kind: folder\nlabel: x\n", "scale is missing"),
        (b"kind: tape\nlabel: x\nscale: demo\n", "kind is one of embedded, audiocaps"),
        (
            b"kind: folder\nlabel: x\nscale: demo\nseeed: 1\n",
            "seeed is not a known key",
        ),
    ],
)
def test_a_damaged_file_is_one_sentence_that_names_it(tmp_path, content, said):
    path = tmp_path / "data" / "my-birds-demo" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    for call in (
        lambda: read_identity(path),
        lambda: corpus_name(BIRDS, [tmp_path / "data"]),
    ):
        with pytest.raises(InputError) as raised:
            call()
        assert str(raised.value).startswith(f"{path}")
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"corpus\.yaml: No such"):
        read_identity(tmp_path / FILE)
