"""After a fault at any moment of a write: the old state or the new, and never half."""

import json
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

from tests.reliability.faults import DIED, FAILED, MISSED, AtCall, faults, suffer
from tests.training.test_loop import assert_equal_runs, training
from workflow_src.audio.row_writer import RowWriter, join_rows
from workflow_src.audio.rows import RowStore
from workflow_src.corpus.manifest import ManifestRow, read_manifest, write_manifest
from workflow_src.csv_files import read_csv, write_csv
from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    open_json_lines,
    read_json_lines,
    write_atomically,
)
from workflow_src.metrics.spice.cache import TupleCache
from workflow_src.models.weights import load_weights
from workflow_src.training.checkpoints import BEST, RESUME, Checkpoints
from workflow_src.training.loop import fit

HOW = ("fails", "dies before", "dies after")


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """To flush is a call that can fail, and no wait: no machine loses power here."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


class Pairs(RowStore):
    dtype = np.dtype("<i2")
    row_dimensions = 1


def write_rows(folder, value):
    """A store of four rows in two blocks, all of one value."""
    with RowWriter(Pairs, folder / "store", (2,), {"value": value}) as writer:
        for first in range(len(writer.names), 4, 2):
            names = [f"clip {first}", f"clip {first + 1}"]
            writer.append(names, np.full((2, 2), value, np.int16))
        writer.finish()


def read_rows(folder):
    if not (folder / "store").exists():
        # Between the old store and the new there is none, and that is said.
        with pytest.raises(InputError, match="is not a finished store"):
            Pairs(folder / "store")
        return None
    store = Pairs(folder / "store")
    store.verify()
    assert len(store) == 4
    (value,) = np.unique(store.read(slice(None)))
    return int(value)


def join_stores(folder, value):
    for part in range(2):
        with RowWriter(Pairs, folder / f"part{part}", (2,), {}) as writer:
            writer.restart()
            names = [f"clip {part} {row}" for row in range(2)]
            writer.append(names, np.full((2, 2), value, np.int16))
            writer.finish()
    join_rows(Pairs, [folder / "part0", folder / "part1"], folder / "store")


def states(value):
    return [ManifestRow(f"{row}.flac", "test", "ok", "", value) for row in range(30)]


def read_attempts(folder):
    rows = read_manifest(folder / "manifest.csv")
    assert len(rows) == 30
    (value,) = {row.attempts for row in rows}
    return value


def write_table(folder, value):
    write_csv(folder / "table.csv", ("number", "value"), [(n, value) for n in range(9)])


def read_table(folder):
    rows = [row for _, row in read_csv(folder / "table.csv", ("number", "value"))]
    assert len(rows) == 9
    (value,) = {row["value"] for row in rows}
    return int(value)


def save_states(folder, value):
    """A state of a training, and the best weights that it knows of."""
    with Checkpoints(folder, 0) as files:
        files.keep_best({"value": value})
        files.save({"value": value, "many": [value] * 50})


def read_states(folder):
    state = load_weights(folder / RESUME)
    assert state["many"] == [state["value"]] * 50
    # The weights may be those of the state that comes next: it comes again.
    assert load_weights(folder / BEST)["value"] >= state["value"]
    return state["value"]


SUBJECTS = {
    "a file": (
        lambda folder, value: write_atomically(folder / "a.json", f"[{value}]" * 9),
        lambda folder: int((folder / "a.json").read_text()[1]),
    ),
    "a table": (write_table, read_table),
    "the manifest": (
        lambda folder, value: write_manifest(folder / "manifest.csv", states(value)),
        read_attempts,
    ),
    "a store": (write_rows, read_rows),
    "joined stores": (join_stores, read_rows),
    "checkpoints": (save_states, read_states),
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_old_or_new_and_the_same_again_completes(tmp_path, subject, how):
    write, read = SUBJECTS[subject]
    ended, seen = [], set()
    for number, fault in enumerate(faults(how, range(0, 120, 17))):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, 1)
        ended.append(suffer(partial(write, folder, 2), fault))
        found = read(folder)
        seen.add(found)
        absent = {None} if subject in ("a store", "joined stores") else set()
        assert found in {1, 2} | absent
        write(folder, 2)
        assert read(folder) == 2
        if ended[-1] == MISSED:
            break
    assert seen >= {1, 2}
    assert ended.count(FAILED if how == "fails" else DIED) > 3
    assert ended[-1] == MISSED


def test_an_interrupted_store_loses_one_block_at_most(tmp_path):
    """Wherever it ends, the rows that it had flushed are not made again."""
    again = 0
    for number in range(100):
        ended = suffer(
            partial(write_rows, tmp_path / str(number), 2),
            AtCall(number, "dies before"),
        )
        if ended == MISSED:
            break
        store = tmp_path / str(number) / "store"
        if not store.exists():
            with RowWriter(Pairs, store, (2,), {"value": 2}) as writer:
                again += len(writer.names) == 4
    assert ended == MISSED
    # The write of the index: file, rename, folder; and the rename of the store.
    assert again >= 4


@pytest.mark.parametrize("how", HOW)
def test_a_journal_has_the_line_or_has_it_not(tmp_path, how):
    path = tmp_path / "journal.jsonl"

    def append(number):
        with open_json_lines(path) as file:
            append_json_line(file, {"number": number, "long": "x" * 50})

    first = {"number": 1, "long": "x" * 50}
    size = len(json.dumps(first)) + 1
    for fault in [*faults(how, range(size, 2 * size, 13), calls=2)]:
        path.unlink(missing_ok=True)
        append(1)
        suffer(partial(append, 2), fault)
        assert [line["number"] for line in read_json_lines(path)] in ([1], [1, 2])
        append(3)
        assert [line["number"] for line in read_json_lines(path)][-1] == 3
        assert read_json_lines(path)[0] == first


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_the_cache_of_parsed_captions_has_all_of_a_batch_or_nothing(tmp_path, how):
    old = {f"old {number}": [["dog"]] for number in range(5)}
    new = {f"new {number}": [["a long word " * 9]] for number in range(300)}
    whole = 0
    for number, fault in enumerate(faults(how, range(0, 90_000, 6_000), calls=0)):
        path = tmp_path / str(number) / "spice.sqlite"
        TupleCache(path, "any").put(old)
        suffer(lambda path=path: TupleCache(path, "any").put(new), fault)
        cache = TupleCache(path, "any")
        assert cache.get(old) == old
        found = cache.get(new)
        assert found in ({}, new)
        whole += found == new
        cache.put(new)
        assert cache.get(new) == new
    assert 0 < whole < number


@pytest.mark.parametrize("how", HOW)
def test_a_training_that_stops_at_any_write_ends_as_if_nothing_had_happened(
    tmp_path, how
):
    fit(training(epochs=2), tmp_path / "whole")
    model = (tmp_path / "whole" / "model.pt").read_bytes()
    for number, fault in enumerate(faults(how, range(0, 6000, 1999))):
        folder = tmp_path / str(number)
        ended = suffer(lambda own=folder: fit(training(epochs=2), own), fault)
        # Weights under their name are whole, and are the final ones.
        with suppress(FileNotFoundError):
            assert (folder / "model.pt").read_bytes() == model
        fit(training(epochs=2), folder)
        assert_equal_runs(tmp_path / "whole", folder)
        assert (folder / "model.pt").read_bytes() == model
        left = {path.name for path in folder.iterdir() if "partial" not in path.name}
        assert left == {"settings.yaml", "model.pt", "history.csv"}
        if ended == MISSED:
            return
    pytest.fail("the last call was not reached")
