"""Section 4.3's sweep as recipes."""

import pytest

from tests.records import recipe
from workflow_src import config
from workflow_src.augment.recipe import Recipe
from workflow_src.augment.settings import PairMixSettings
from workflow_src.sweep import sweep_cells


@pytest.fixture(scope="module")
def own():
    return config.load()


def test_each_cell_is_a_recipe_of_the_config(own):
    cells = own.sweep_cells
    assert len(cells) == len({cell.recipe.name for cell in cells}) == 8
    for cell in cells:
        assert own.all_recipes[cell.recipe.name] == cell.recipe
        built = Recipe.of(cell.recipe)
        assert built.pairmix.ratio == cell.ratio
        assert built.pairmix.fixed_lambda == cell.fixed_lambda
        assert built.specaugment is not None


def test_names_say_the_strengths_and_the_papers_own_cell_is_not_trained_twice(own):
    by_strength = {
        (cell.ratio, cell.fixed_lambda): cell.recipe.name for cell in own.sweep_cells
    }
    assert by_strength[0.25, None] == "specaugment_pairmix"
    assert by_strength[0.6, 0.5] == "sweep_k0p6_lambda0p5"
    assert by_strength[0.125, None] == "sweep_k0p125_beta"


def test_a_recipe_without_pairmix_gets_that_of_the_config():
    default = PairMixSettings(alpha=0.7, level="waveform")
    (cell,) = sweep_cells(recipe("noise", noise={}), default, [0.3], [None])
    assert cell.recipe.pairmix == PairMixSettings(0.3, "waveform", 0.7)
    assert cell.recipe.noise is not None
