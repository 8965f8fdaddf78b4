"""Imports run downward only, from what a person types to what knows nothing else."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workflow_src"
# From the ground up; the names of one layer may import each other.
LAYERS = [
    {"csv_files", "errors", "files", "gpus", "progress", "settings", "environment"}
    | {"faults", "locks", "version"},
    {"arguments", "device", "pycocoevalcap_files", "transfer", "wordnet"},
    {"layout", "corpus", "audio", "augment", "decoding", "tta"},
    {"models"},
    {"evaluation", "metrics"},
    {"training", "sweep"},
    {"report", "inference"},
    {"study"},
    {"config", "versioning"},
    {"status"},
    {"cli", "steps", "snakemake_command", "snakemake_lock", "__main__"},
]
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def modules():
    """Every module of the package, with the name of its folder or its own."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts[0]


def imported(source):
    """The parts of workflow_src that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names = [node.module]
            if node.module == "workflow_src":
                names = [f"workflow_src.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "workflow_src" and rest:
                yield rest.partition(".")[0]


def test_every_module_has_a_layer():
    assert {part for _, part in modules()} == set(LAYER)


@pytest.mark.parametrize("part", sorted(LAYER))
def test_imports_run_downward(part):
    for path, own in modules():
        if own == part:
            upward = {
                other
                for other in imported(path.read_text(encoding="utf-8"))
                if LAYER[other] > LAYER[part]
            }
            assert not upward, f"{path.relative_to(PACKAGE)} imports {upward}"


def test_no_two_parts_import_each_other():
    graph = {part: set() for part in LAYER}
    for path, part in modules():
        graph[part] |= set(imported(path.read_text(encoding="utf-8"))) - {part}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_all_forms_of_import_are_seen():
    source = """
import workflow_src.audio.store
from workflow_src import config, models
from workflow_src.tta import Strategy
def later():
    from workflow_src.training.loop import fit
"""
    assert list(imported(source)) == ["audio", "config", "models", "tta", "training"]
