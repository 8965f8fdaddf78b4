"""Artifacts under version control, in clones of clones: what a user types."""

import functools
import http.server
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator

import pytest
import yaml

from tests.workflow.clones import ROOT, Clone
from workflow_src.config.dependencies import STAGES
from workflow_src.config.reading import layers, resolve
from workflow_src.models.run_folder import HALF
from workflow_src.versioning.leaves import (
    JOINT_CHANGES,
    get_value,
    set_value,
    with_other_values,
)
from workflow_src.versioning.stages import has
from workflow_src.versioning.staleness import effects

pytestmark = pytest.mark.workflow

CORPUS = "embedded-smoke"
TABLE = "results/table4.csv"
COMMITTED = f"results/{CORPUS}/table4.csv"
# What is made in a clone whose artifacts are current: copies of the corpus's tables.
COPIES = {"selected_result", "all"}
IN_ALL = {rule for rules in STAGES.values() for rule in rules}
PULL = "python -m workflow_src.versioning.pull"
CAPTION = "python -m workflow_src caption captioning/all"
OVERLAY = "config/smoke.yaml"
WRITE_STAGES = (
    "from pathlib import Path; from workflow_src.layout import Layout; "
    "from workflow_src.versioning.pipelines import write_stages; "
    f'write_stages(Path("dvc.yaml"), Layout("{CORPUS}"))'
)
RETRIEVAL = "    epochs: 1\n    batch_size: 8\n    learning_rate: 1.0e-3\nmetrics"


def jobs(clone, target: str = "all") -> set[str]:
    """Names of the rules that Snakemake would run."""
    text = clone.run(f"snakemake --dry-run {target}").stdout
    if "Nothing to be done" in text:
        return set()
    table = text.split("Job stats:")[1].split("total")[0]
    return {line.split()[0] for line in table.splitlines()[3:] if line.strip()}


def stages(clone) -> set[str]:
    """Names of the stages that DVC finds changed."""
    return set(json.loads(clone.run("dvc status --json 2>/dev/null").stdout))


def edit(clone, old: str, new: str, file: str = "config.yaml", times: int = 1) -> None:
    path = clone.folder / file
    text = path.read_text()
    assert text.count(old) == times
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def pulled_once(made_once, tmp_path_factory) -> Clone:
    """A clone of the recorded one with its artifacts; tests edit its config.yaml."""
    clone = Clone.of(
        made_once / "recorded", tmp_path_factory.mktemp("pulled") / "clone"
    )
    clone.run(PULL)
    return clone


@pytest.fixture
def pulled(pulled_once) -> Iterator[Clone]:
    """It, with the config as it was recorded."""
    yield pulled_once
    pulled_once.run("git checkout -q config.yaml config")


def test_every_rule_of_a_committed_result_knows_a_clone_where_nothing_has_run():
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    rules = [
        rule
        for rule in re.split(r"\nrule ", text)[1:]
        if re.search(r"output:(?:(?!\n    \w).)*LAYOUT\.results", rule, re.DOTALL)
    ]
    assert len(rules) >= 6
    for rule in rules:
        assert "FIRST_USE" in rule, rule.split(":")[0]


def test_without_a_pull_everything_is_made(another):
    assert {"embedded_audio", "train_captioning", "train_retrieval"} <= jobs(another)
    assert {"train_captioning", "table"} <= jobs(another, TABLE)


def files(folder) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file below a folder."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_after_a_bare_pull_nothing_is_trained_and_the_table_is_the_same(another):
    committed = (another.folder / COMMITTED).read_bytes()
    another.run("dvc pull")
    # Of both tasks, rounded, and usable as they are.
    runs = another.folder / "runs" / CORPUS
    assert not list(runs.rglob("model.pt"))
    shipped = {path.parent.parent.parent.name for path in runs.rglob(HALF)}
    assert shipped == {"captioning", "retrieval"}
    sound = another.folder / "docs" / "sounds"
    said = another.run(f"{CAPTION} {sound} --json").stdout.splitlines()
    assert any(json.loads(line) for line in said if line.startswith("{"))
    # What a user types is a copy of the corpus's: that is all there is to do.
    before = {
        name: files(another.folder / name) for name in ("runs", "data", "results")
    }
    assert jobs(another) == {"selected_result", "all"}
    # A dry run leaves no trace.
    after = {name: files(another.folder / name) for name in before}
    assert after == before
    assert not list((another.folder / ".snakemake" / "metadata").rglob("*?"))
    (another.folder / COMMITTED).unlink()
    assert jobs(another, TABLE) == {"table", "selected_result"}
    another.run(f"snakemake {TABLE}")
    assert (another.folder / COMMITTED).read_bytes() == committed
    assert (another.folder / TABLE).read_bytes() == committed
    assert not stages(another)


def test_make_pull_names_what_is_stale_and_marks_nothing(another):
    edit(another, RETRIEVAL, RETRIEVAL.replace("1.0e-3", "2.0e-3"), OVERLAY)
    done = another.run(PULL, check=False)
    assert done.returncode == 1
    assert f"{OVERLAY}: retrieval" in done.stdout
    assert "nothing was marked as current" in done.stdout
    another.run("git checkout -q config")
    assert "are current" in another.run(PULL).stdout
    model = next((another.folder / "runs" / CORPUS).glob(f"captioning/all/*/{HALF}"))
    model.write_bytes(model.read_bytes() + b"\0")
    done = another.run(PULL, check=False)
    assert done.returncode == 1
    assert f"runs/{CORPUS}" in done.stdout


def test_a_value_that_the_scale_replaces_makes_nothing_stale(pulled):
    path = pulled.folder / "config.yaml"
    text = path.read_text()
    path.write_text(text.replace("learning_rate: 1.0e-4", "learning_rate: 5.0e-4"))
    assert path.read_text() != text
    assert not jobs(pulled) - COPIES
    assert not stages(pulled)


# Leaves of every stage, and some that decide nothing.
LEAVES = [
    "clips.min_seconds",
    "retrieval.training.learning_rate",
    "captioning.decoding.beams",
    "metrics.resamples",
    "audiocaps.cookies",
]


def check_leaf(clone, leaf: str) -> None:
    """Snakemake, DVC and the settings agree on what another value makes stale."""
    path = clone.folder / "config.yaml"
    values = resolve(layers(path, {}))
    other = next(with_other_values(values, leaf), None)
    if other is None:
        return
    stated = effects({}, path)[leaf]
    # The value of the scale is the one that counts.
    files = [clone.folder / OVERLAY, path]
    file = next(own for own in files if has(yaml.safe_load(own.read_text()), leaf))
    text = file.read_text()
    changed = yaml.safe_load(text)
    try:
        for key in [leaf, *JOINT_CHANGES.get(leaf, {})]:
            owner = next(
                own for own in files if has(yaml.safe_load(own.read_text()), key)
            )
            if owner == file:
                set_value(changed, key, get_value(other, key))
        file.write_text(yaml.safe_dump(changed, sort_keys=False))
        planned = jobs(clone)
        if not stated.other_corpus:
            assert stated.stale & IN_ALL <= planned, leaf
            if not stated.rules & IN_ALL:
                assert not planned - COPIES, leaf
        expected = {
            stage
            for stage, rules in STAGES.items()
            if stated.rules & set(rules)
            or (stated.other_corpus and stage == "features")
        }
        assert stages(clone) == expected, leaf
    finally:
        file.write_text(text)


@pytest.mark.parametrize("leaf", LEAVES)
def test_both_tools_agree_on_what_a_changed_value_makes_stale(pulled, leaf):
    check_leaf(pulled, leaf)


@pytest.mark.slow
def test_both_tools_agree_for_every_leaf(pulled):
    # Another `corpus` needs a folder that is there.
    for leaf in set(effects({}, pulled.folder / "config.yaml")) - {"corpus"}:
        check_leaf(pulled, leaf)


def outputs(clone, target: str) -> dict[str, set[str]]:
    """Rule -> the files that it writes on the way to a target, made or not."""
    text = clone.run(f"snakemake --dry-run --forceall {target}").stdout
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?:local)?rule ", text)[1:]:
        rule = block.split(":")[0]
        if listed := re.search(r"^ +output: (.*)$", block, re.MULTILINE):
            found.setdefault(rule, set()).update(listed[1].split(", "))
    return found


def test_every_stage_writes_into_its_own_output(finished):
    folders = {"features": "data", "train": "runs", "evaluate": "results"}
    written = outputs(finished, "all features")
    for stage, rules in STAGES.items():
        assert written.keys() & set(rules), stage
        for rule in written.keys() & set(rules):
            for path in written[rule]:
                # Which DVC does not keep.
                if path != f"runs/{CORPUS}/corpus.yaml":
                    assert path.startswith(f"{folders[stage]}/{CORPUS}/"), rule
    # The targets of the stages make nothing of a later one.
    assert not outputs(finished, "features").keys() & {
        *STAGES["train"],
        *STAGES["evaluate"],
    }
    assert not outputs(finished, "runs").keys() & set(STAGES["evaluate"])


def reproduce_twice(clone) -> None:
    clone.ship(CORPUS)
    clone.run(f"python -c '{WRITE_STAGES}'")
    kept = {}
    for stage in ("features", "train", "evaluate"):
        clone.run(f"dvc repro {stage}")
        # What an earlier stage has made is as it left it.
        locked = yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"]
        kept[stage] = locked[stage]["outs"]
        assert {name: locked[name]["outs"] for name in kept} == kept
        assert not json.loads(
            clone.run(f"dvc status --json {' '.join(kept)} 2>/dev/null").stdout
        )
    before = {name: files(clone.folder / name) for name in ("runs", "data", "results")}
    done = clone.run("dvc repro")
    assert "Data and pipelines are up to date." in done.stdout
    assert "Running stage" not in done.stdout
    after = {name: files(clone.folder / name) for name in before}
    assert after == before
    # And what `make dvc-commit` would record is what the stages have recorded.
    clone.run("python -m workflow_src.versioning.commit")
    assert not stages(clone)
    done = clone.run("dvc repro")
    assert "Data and pipelines are up to date." in done.stdout


def test_dvc_repro_of_a_finished_run_converges(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "clone", symlinks=True)
    reproduce_twice(Clone(tmp_path / "clone"))


@pytest.mark.slow
def test_dvc_repro_from_nothing_converges(fresh):
    fresh.select_scale("smoke")
    reproduce_twice(fresh)


def test_a_corrupted_or_interrupted_pull_is_repaired_by_pulling_again(another):
    another.run("dvc pull")
    cache = another.folder / ".dvc" / "cache" / "files" / "md5"
    largest = max(
        (path for path in cache.rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    expected = largest.read_bytes()
    os.chmod(largest, 0o644)
    largest.write_bytes(b"corrupted")
    # As after an interruption: part of the files are not there.
    shutil.rmtree(another.folder / "runs")
    for path in sorted(cache.iterdir())[::2]:
        if path != largest.parent:
            shutil.rmtree(path)
    another.run("dvc pull")
    assert largest.read_bytes() == expected
    assert not stages(another)
    assert not jobs(another) - COPIES


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_another_remote(another, tmp_path, kind):
    store = tmp_path / "store"
    another.run("dvc pull")
    # What is pinned to the repository's own remote goes nowhere else.
    edit(another, "        remote: shipped\n", "", "dvc.yaml", times=2)
    another.run(f"dvc remote add --local pushed {store}")
    another.run("dvc push --remote pushed")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=store)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = {"folder": store, "http": f"http://127.0.0.1:{server.server_port}"}[kind]
    for name in ("artifacts", "runs", ".dvc/cache"):
        shutil.rmtree(another.folder / name)
    try:
        another.run(f"dvc remote add --local --default other {url}")
        another.run("dvc pull")
    finally:
        server.shutdown()
        server.server_close()
    assert not stages(another)
    assert not jobs(another) - COPIES


def test_metrics_parameters_and_plots_say_something(another):
    another.run("dvc pull")
    shown = another.run("dvc metrics show").stdout
    assert f"results/{CORPUS}/metrics/specaugment.json" in shown
    assert "CIDEr" in shown
    path = another.folder / "results" / CORPUS / "metrics" / "none.json"
    figures = json.loads(path.read_text())
    path.write_text(json.dumps(figures | {"CIDEr": figures["CIDEr"] + 1}))
    assert "CIDEr" in another.run("dvc metrics diff HEAD").stdout
    edit(another, "seeds: [20]", "seeds: [21]")
    assert "seeds" in another.run("dvc params diff HEAD").stdout
    another.run("dvc plots show")
    assert (another.folder / "dvc_plots" / "index.html").exists()
