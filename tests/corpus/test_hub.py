"""What a Hugging Face hub says, and what becomes of it."""

import pytest
from huggingface_hub.hf_api import RepoFile

from tests.corpus.loopback_hub import COMMIT
from workflow_src.corpus.hub import HubRepository, ParquetFile, ParquetFolder
from workflow_src.errors import InputError
from workflow_src.transfer import RetryPolicy

FAST = RetryPolicy(attempts=3, backoff=0.01)


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (403, "GatedRepo", r"is gated: accept its terms at .*hf auth login"),
        (404, "RevisionNotFound", "has no revision main"),
        (404, "RepoNotFound", r"no data set owner/clips at .*or it is private"),
        (401, "RepoNotFound", r"no data set owner/clips at .*or it is private"),
        (429, None, "cannot be fetched: HTTP 429 Too Many Requests"),
        (503, None, "cannot be fetched: HTTP 503 Service Unavailable"),
    ],
)
def test_errors_of_the_hub_are_sentences(hub, status, code, sentence):
    hub.status, hub.error_code = status, code
    with pytest.raises(InputError, match=sentence) as caught:
        HubRepository("owner/clips", "main", FAST, hub.address)
    assert "\n" not in str(caught.value)
    assert len(hub.asked) == (3 if code is None else 1)


def test_no_network_is_a_sentence():
    with pytest.raises(InputError, match=r"owner/clips cannot be fetched .*a network"):
        HubRepository("owner/clips", "main", FAST, "http://127.0.0.1:9")


def test_a_name_that_no_hub_has_is_a_sentence():
    with pytest.raises(InputError, match="the mirror a b/c cannot be fetched"):
        HubRepository("a b/c", "main", FAST, "http://127.0.0.1:9")


def test_a_branch_is_followed_to_its_commit(hub):
    place = HubRepository("owner/clips", "main", FAST, hub.address)
    assert place.name == f"owner/clips at {COMMIT}"


def test_only_parquet_files_are_listed(hub):
    (hub.folder / "data").mkdir()
    for name in ("README.md", "data/b.parquet", "data/a.parquet"):
        (hub.folder / name).write_bytes(b"content")
    place = HubRepository("owner/clips", "main", FAST, hub.address)
    assert [(file.name, file.size) for file in place.files()] == [
        ("data/a.parquet", 7),
        ("data/b.parquet", 7),
    ]


@pytest.mark.parametrize(
    "name", ["../a.parquet", "/etc/a.parquet", "b/../../a.parquet"]
)
def test_a_file_that_leads_out_of_the_data_set_is_refused(hub, monkeypatch, name):
    place = HubRepository("owner/clips", "main", FAST, hub.address)
    entry = RepoFile(path=name, size=1, oid="0" * 40)
    monkeypatch.setattr(place._api, "list_repo_tree", lambda *_, **__: [entry])
    with pytest.raises(InputError, match=r"has a file '.*a\.parquet', out of it"):
        place.files()


def test_a_data_set_without_parquet_files_is_named(hub):
    place = HubRepository("owner/clips", "main", FAST, hub.address)
    with pytest.raises(InputError, match=r"owner/clips at .* has no parquet files"):
        place.files()


def test_a_folder_without_parquet_files_is_named(tmp_path):
    with pytest.raises(InputError, match="has no parquet files"):
        ParquetFolder(tmp_path).files()
    with pytest.raises(InputError, match=r"huggingface\.folder: there is no"):
        ParquetFolder(tmp_path / "none")


def test_files_of_a_folder_are_those_below_it(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "0.parquet").write_bytes(b"12")
    place = ParquetFolder(tmp_path)
    (file,) = place.files()
    assert file == ParquetFile("data/0.parquet", 2)
    assert place.fetch(file, tmp_path) == tmp_path / "data" / "0.parquet"
