from pathlib import Path

import pytest
import torch

from workflow_src import config
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.recipe import Recipe, is_changed
from workflow_src.augment.recipes import RecipeSettings, Strengths
from workflow_src.augment.settings import NoiseSettings, PairMixSettings
from workflow_src.errors import InputError

CONFIG = config.load(Path(__file__).parents[2] / "config.yaml")


def front_end(waveforms: torch.Tensor) -> torch.Tensor:
    return waveforms.unflatten(1, (-1, 8)).abs().clamp_min(1e-5).log10() * 20


def recipe(name: str) -> Recipe:
    return Recipe.of(CONFIG.recipe(name))


@pytest.mark.parametrize("name", CONFIG.recipes)
def test_every_recipe_of_the_config(name):
    built = recipe(name)
    assert built.name == name
    for augmentation in ("noise", "reverb", "specaugment", "eda", "pairmix"):
        wanted = augmentation in CONFIG.recipes[name]
        assert (getattr(built, augmentation) is not None) == wanted


@pytest.mark.parametrize("task", ["captioning", "retrieval"])
@pytest.mark.parametrize("name", CONFIG.recipes)
def test_text_augmentation_is_for_retrieval_only(name, task):
    if task == "captioning" and "eda" in CONFIG.recipes[name]:
        with pytest.raises(InputError, match="eda is for retrieval only"):
            CONFIG.recipe(name).check_task(task)
    else:
        CONFIG.recipe(name).check_task(task)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("none", False),
        ("noise", True),
        ("reverb", True),
        ("specaugment", False),
        ("eda", False),
        ("pairmix", True),
        ("all", True),
        ("specaugment_concat", True),
        ("specaugment_waveform", True),
        ("specaugment_spectrogram", False),
    ],
)
def test_which_recipes_need_waveforms(name, needed):
    assert recipe(name).needs_waveforms == needed


def test_a_value_in_a_recipe_replaces_the_default():
    assert recipe("specaugment_concat").pairmix.level == "concat"
    assert recipe("specaugment_concat").pairmix.ratio == 0.25


def test_a_recipe_has_the_strengths_that_it_leaves_out_complete():
    strengths = Strengths(
        noise=NoiseSettings(0.9, (1.0, 2.0)), pairmix=PairMixSettings(alpha=3.0)
    )
    given = {"noise": {"probability": 0.2}, "pairmix": {}}
    complete = RecipeSettings.complete("mine", given, strengths)
    assert complete.noise == NoiseSettings(0.2, (1.0, 2.0))
    assert complete.pairmix == PairMixSettings(alpha=3.0)
    assert (complete.reverb, complete.specaugment, complete.eda) == (None, None, None)
    built = Recipe.of(complete)
    assert (built.noise.probability, built.noise.snr_db) == (0.2, (1.0, 2.0))
    assert built.pairmix.alpha == 3.0


def test_test_time_halves_and_never_mixes():
    augmentation = recipe("all").test_time(0.5)
    assert augmentation.specaugment.time_width == 32
    assert augmentation.specaugment.frequency_width == 4
    assert augmentation.specaugment.time_stripes == 2
    assert augmentation.reverb.rt60 == (0.05, 0.4)
    assert augmentation.reverb.probability == augmentation.noise.probability == 0.25
    assert list(augmentation.noise.snr_db) == [10.0, 30.0]
    assert not hasattr(augmentation, "pairmix")
    assert not recipe("pairmix").test_time(0.5).needs_waveforms


def test_reverberation_comes_before_noise():
    names = [type(effect).__name__ for effect in recipe("all").effects]
    assert names == ["Reverb", "Noise"]


def test_cached_log_mels_are_used_where_nothing_changes():
    waveforms = 0.1 * torch.randn(16, 800, generator=torch_generator(0))
    cached = front_end(waveforms) + 1000  # to tell them from fresh ones
    seen = []

    def counting(clips: torch.Tensor) -> torch.Tensor:
        seen.append(len(clips))
        return front_end(clips)

    built = recipe("all")
    out = built.log_mels(waveforms, cached, counting, torch_generator(1))
    changed = is_changed(built.draw_effects(16, torch_generator(1)))
    assert torch.equal(out.amax((1, 2)) < 500, changed)
    assert seen == [int(changed.sum())]
    assert 0 < changed.sum() < 16
    assert torch.equal(cached, front_end(waveforms) + 1000)


def test_without_a_cache_the_front_end_runs_on_all():
    waveforms = 0.1 * torch.randn(4, 800, generator=torch_generator(0))
    built = recipe("none")
    fresh = built.log_mels(waveforms, None, front_end, torch_generator(1))
    assert torch.equal(fresh, front_end(waveforms))
    copy = built.log_mels(None, fresh, front_end, torch_generator(1))
    assert torch.equal(copy, fresh)
    assert copy.data_ptr() != fresh.data_ptr()
    with pytest.raises(InputError, match="need the waveforms"):
        recipe("noise").log_mels(None, fresh, front_end, torch_generator(1))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"echo": {}}, "recipes.x: 'echo' is none of"),
        ({"noise": {"snr": 3}}, "recipes.x.noise: snr is not a known key"),
        ({"noise": {"probability": 2}}, "recipes.x.noise: noise: probability"),
        ({"noise": {"snr_db": "loud"}}, "recipes.x.noise: snr_db must be a list"),
    ],
)
def test_bad_recipes(given, sentence):
    with pytest.raises(InputError, match=sentence) as raised:
        RecipeSettings.complete("x", given, Strengths())
    assert "\n" not in str(raised.value)


def test_a_recipe_that_nobody_defines():
    with pytest.raises(InputError, match=r"recipe alll is not defined .* mean all\?"):
        CONFIG.recipe("alll")
