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
from workflow_src.versioning.parameters import NO_RESULT, SECTIONS

from tests.workflow.clones import ROOT, Clone

pytestmark = pytest.mark.workflow

CORPUS = "embedded-smoke"
TABLE = "results/table4.csv"
PULL = "python -m workflow_src.versioning.pull"
LEARNING_RATE = "learning_rate: 1.0e-3}\n    metrics"  # of retrieval at smoke scale
RAISED = LEARNING_RATE.replace("1.0e-3", "2.0e-3")


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


def edit(clone, old: str, new: str) -> None:
    path = clone.folder / "config.yaml"
    text = path.read_text()
    assert text.count(old) == 1
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
    pulled_once.run("git checkout -q config.yaml")


def test_every_section_of_the_config_belongs_to_a_stage_or_to_none():
    values = yaml.safe_load((ROOT / "config.yaml").read_text())
    named = {key for keys in SECTIONS.values() for key in keys}
    assert set(values) <= named | set(NO_RESULT) | {"scale", "scales"}
    assert not named & set(NO_RESULT)


def test_every_rule_of_a_committed_result_knows_a_clone_where_nothing_has_run():
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    rules = [rule for rule in re.split(r"\nrule ", text)[1:] if '"results/' in rule]
    assert len(rules) >= 3
    for rule in rules:
        assert "FIRST_USE" in rule, rule.split(":")[0]


def test_the_shipped_remote_is_small():
    files = [path for path in (ROOT / "artifacts").rglob("*") if path.is_file()]
    assert 0 < sum(path.stat().st_size for path in files) <= 20_000_000


def test_without_a_pull_everything_is_made(another):
    assert {"embedded_audio", "train_captioning", "train_retrieval"} <= jobs(another)
    assert {"train_captioning", "table"} <= jobs(another, TABLE)


def test_after_a_bare_pull_nothing_is_trained_and_the_table_is_the_same(another):
    committed = (another.folder / TABLE).read_bytes()
    another.run("dvc pull")
    assert list((another.folder / "runs" / CORPUS).rglob("model.pt"))
    assert not jobs(another)
    (another.folder / TABLE).unlink()
    assert jobs(another, TABLE) == {"table"}
    another.run(f"snakemake {TABLE}")
    assert (another.folder / TABLE).read_bytes() == committed
    assert not stages(another)


def test_make_pull_names_what_is_stale_and_marks_nothing(another):
    edit(another, LEARNING_RATE, RAISED)
    done = another.run(PULL, check=False)
    assert done.returncode == 1
    assert "scales.smoke.retrieval" in done.stdout
    assert "nothing was marked as current" in done.stdout
    another.run("git checkout -q config.yaml")
    assert "are current" in another.run(PULL).stdout
    model = next((another.folder / "runs" / CORPUS).glob("captioning/all/*/model.pt"))
    model.write_bytes(model.read_bytes() + b"\0")
    done = another.run(PULL, check=False)
    assert done.returncode == 1
    assert f"runs/{CORPUS}" in done.stdout


def test_a_value_that_the_scale_replaces_makes_nothing_stale(pulled):
    path = pulled.folder / "config.yaml"
    text = path.read_text()
    path.write_text(text.replace("learning_rate: 1.0e-4", "learning_rate: 5.0e-4"))
    assert path.read_text() != text
    assert not jobs(pulled)
    assert not stages(pulled)


@pytest.mark.parametrize(
    ("old", "new", "rule", "stage"),
    [
        ("warmup_epochs: 0}", "warmup_epochs: 1}", "train_captioning", "train"),
        (LEARNING_RATE, RAISED, "train_retrieval", "train"),
        ("  pairmix: {pairmix: {}}", "  pairmix: {noise: {}}", "train_", "train"),
        ("seeds: [20]", "seeds: [21]", "train_retrieval", "train"),
        ("embedded:\n  seed: 1 ", "embedded:\n  seed: 2 ", "embedded_", "features"),
    ],
)
def test_both_tools_agree_on_what_a_changed_value_makes_stale(
    pulled, old, new, rule, stage
):
    edit(pulled, old, new)
    assert any(name.startswith(rule) for name in jobs(pulled))
    assert stages(pulled) == {stage}


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
    assert not jobs(another)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("kind", ["folder", "http"])
def test_another_remote(another, tmp_path, kind):
    store = tmp_path / "store"
    another.run("dvc pull")
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
    assert not jobs(another)


def test_metrics_parameters_and_plots_say_something(another):
    another.run("dvc pull")
    shown = another.run("dvc metrics show").stdout
    assert "results/metrics/specaugment.json" in shown
    assert "CIDEr" in shown
    path = another.folder / "results" / "metrics" / "none.json"
    figures = json.loads(path.read_text())
    path.write_text(json.dumps(figures | {"CIDEr": figures["CIDEr"] + 1}))
    assert "CIDEr" in another.run("dvc metrics diff HEAD").stdout
    edit(another, "seeds: [20]", "seeds: [21]")
    assert "seeds" in another.run("dvc params diff HEAD").stdout
    another.run("dvc plots show")
    assert (another.folder / "dvc_plots" / "index.html").exists()
