from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from workflow_src.errors import InputError
from workflow_src.metrics.spice.cache import TupleCache


def fill(path, start):
    cache = TupleCache(path, "parser")
    for number in range(start, start + 50):
        cache.put({f"caption {number}": [["object", str(number)]]})


def test_parallel_jobs_keep_everything(tmp_path):
    path = tmp_path / "new" / "cache.sqlite"
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(fill, [path, path], [0, 25]))
    found = TupleCache(path, "parser").get(f"caption {n}" for n in range(80))
    assert len(found) == 75
    assert found["caption 60"] == [["object", "60"]]


def test_parsers_are_kept_apart(tmp_path):
    first, second = (TupleCache(tmp_path / "c.sqlite", name) for name in "ab")
    first.put({"a dog": [["dog"]]})
    assert first.get(["a dog", "a cat"]) == {"a dog": [["dog"]]}
    assert second.get(["a dog"]) == {}


def test_unusable_file_is_named(tmp_path):
    Path(tmp_path / "file").write_text(
        "no database, but long enough to be taken for one"
    )
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="file"):
            TupleCache(path, "parser")
