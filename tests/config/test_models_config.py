"""Section `models`: names are checked before any job runs."""

from dataclasses import replace

import pytest

from workflow_src.config import load, modelled
from workflow_src.errors import InputError
from workflow_src.settings import plain


def entries():
    return plain(load(overrides={"scale": "smoke"}).models.entries)


def test_every_scale_has_two_families_of_each_task():
    for scale in ("smoke", "demo", "paper"):
        config = load(overrides={"scale": scale})
        for task in ("captioning", "retrieval"):
            families = {
                entry.family for entry in config.models.entries if entry.task == task
            }
            assert len(families) >= 2


def test_only_the_papers_scale_fetches_and_each_at_a_commit():
    for scale, some in (("smoke", False), ("demo", False), ("paper", True)):
        config = load(overrides={"scale": scale})
        assert bool(modelled.checkpoints(config)) == some
        if some:
            parts = [part for own in config.models.entries for part in own.parts]
            assert all(part.revision for part in parts if part.checkpoint)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"family": "frame"}, r"frame is no family of retrievers; did you mean frames"),
        ({"task": "captioning"}, r"frames is no family of captioners"),
        ({"audio": {"kind": "asst"}}, r"asst is no audio encoder; did you mean ast"),
        ({"name": "clap"}, r"two entries have the name clap"),
        ({"name": "act"}, r"act is the paper's captioner"),
        ({"name": "A b"}, r"name has small letters"),
        ({"positions": 0}, r"positions is at least 1"),
        ({"learning_rate": 0.0}, r"learning_rate is above 0"),
        ({"colour": 1}, r"colour is not a known key"),
    ],
)
def test_an_entry_that_is_wrong_stops_with_one_sentence(change, said):
    own = entries()
    own[1] = own[1] | change
    with pytest.raises(InputError, match=said):
        load(overrides={"scale": "smoke", "models": {"entries": own}})


def test_a_recipe_of_retrieval_alone_is_refused_for_captioners():
    with pytest.raises(InputError, match=r"models, entry ast_act"):
        load(overrides={"scale": "smoke", "models": {"pairmix": "eda"}})


def test_models_with_one_front_end_share_its_features():
    config = load(overrides={"scale": "smoke"})
    first, second = (config.models.entry(name) for name in ("ast_bert", "ast_act"))
    assert modelled.features_name(first) == modelled.features_name(second)
    sizes = first.audio.sizes | {"max_length": 512}
    other = replace(first, audio=replace(first.audio, sizes=sizes))
    assert modelled.features_name(other) != modelled.features_name(first)


def test_an_entrys_learning_rate_stands_above_the_tasks():
    own = entries()
    own[0]["learning_rate"] = 0.5
    config = load(overrides={"scale": "smoke", "models": {"entries": own}})
    rates = {
        name: modelled.training(config, name, "all", 20).optimization.learning_rate
        for name in ("clap", "ast_bert")
    }
    assert rates == {"clap": 0.5, "ast_bert": config.retrieval.training.learning_rate}
