"""What a key of the config makes stale: for the page, for DVC, for Snakemake alike."""

from pathlib import Path

import pytest
import yaml

from workflow_src.config import load
from workflow_src.config.dependencies import EXTRA_TARGETS, STAGES, dependencies
from workflow_src.config.reading import layers, resolve
from workflow_src.versioning.leaves import (
    UNCHANGEABLE,
    get_value,
    leaves,
    with_other_values,
)
from workflow_src.versioning.stages import tracked
from workflow_src.versioning.staleness import PAGE, VARIANTS, effects, page


@pytest.fixture(scope="module")
def found():
    """Effects of every leaf, by scale."""
    return {name: effects(overrides) for name, overrides in VARIANTS.items()}


def test_the_page_is_what_the_code_does():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_dvc_tracks_the_keys_that_decide_and_no_others():
    content = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    for stage, files in tracked().items():
        assert content["stages"][stage]["params"] == [
            {file: keys} for file, keys in files.items()
        ]


def test_every_leaf_has_another_value():
    values = resolve(layers("config.yaml", {}))
    for leaf, value in leaves(values):
        others = list(with_other_values(values, leaf))
        assert bool(others) != (leaf in UNCHANGEABLE), leaf
        for other in others:
            assert get_value(other, leaf) != value, leaf


@pytest.mark.parametrize(
    "leaf",
    [
        "device",
        "threads",
        "training.resident",
        "training.precision",
        "training.compile",
        "training.micro_batch",
        "training.checkpoint_minutes",
        "clips.max_missing",
        "audiocaps.cookies",
        "audiocaps.backoff",
        "trust_pickle",
        "metrics.corenlp",
        "tta.views_per_batch",
        "tta.encodings_per_search",
    ],
)
def test_how_a_step_runs_makes_nothing_stale(found, leaf):
    for scale in VARIANTS:
        assert not found[scale][leaf].rules, scale
        assert not found[scale][leaf].other_corpus, scale


@pytest.mark.parametrize(
    ("leaf", "rules"),
    [
        ("augmentations.eda.random_swap", {"train_retrieval"}),
        ("captioning.training.learning_rate", {"train_captioning"}),
        ("retrieval.model.embedding", {"train_retrieval"}),
        ("captioning.model.encoder_width", {"pretrain", "train_captioning"}),
        ("captioning.decoding.beams", {"caption_split", "caption_grid"}),
        ("clips.min_seconds", {"ingest", "join"}),
        ("metrics.resamples", {"table", "figure4"}),
        ("tta.retrieval_layer", {"score_retrieval_grid"}),
    ],
)
def test_a_leaf_makes_stale_what_depends_on_it_and_no_more(found, leaf, rules):
    of_all = {rule for own in STAGES.values() for rule in own}
    assert found["demo"][leaf].rules & of_all == rules


@pytest.mark.parametrize("leaf", ["embedded.seed", "train_clips", "corpus"])
def test_another_corpus_has_folders_of_its_own(found, leaf):
    assert found["demo"][leaf].other_corpus


def test_every_rule_of_the_graph_belongs_to_a_stage():
    named = {rule for rules in STAGES.values() for rule in rules}
    for overrides in VARIANTS.values():
        rules = set(dependencies(load(overrides=overrides)))
        assert rules - named <= set(EXTRA_TARGETS)


def test_a_table_of_one_row_has_another_valid_value():
    values = {"tables": {"table1": {"rows": [{"method": "Ours", "recipe": "all"}]}}}
    (other,) = with_other_values(values, "tables.table1.rows")
    assert other["tables"]["table1"]["rows"] == [{"method": "another", "recipe": "all"}]
