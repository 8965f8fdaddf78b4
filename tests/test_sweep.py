"""Section 4.3's sweep as recipes, and its table."""

from workflow_src import config as configuration
from workflow_src.augment.recipe import Recipe
from workflow_src.sweep import sweep_cells


def test_each_cell_is_a_recipe_of_the_config():
    config = configuration.load()
    cells = sweep_cells(config)
    assert len(cells) == len({cell.recipe for cell in cells}) == 8
    for cell in cells:
        built = Recipe.from_config(config, cell.recipe, "captioning")
        assert built.pairmix.ratio == cell.ratio
        assert built.pairmix.fixed_lambda == cell.fixed_lambda
        assert built.specaugment is not None


def test_names_say_the_strengths_and_the_papers_own_cell_is_not_trained_twice():
    cells = sweep_cells(configuration.load())
    by_strength = {(cell.ratio, cell.fixed_lambda): cell.recipe for cell in cells}
    assert by_strength[0.25, None] == "specaugment_pairmix"
    assert by_strength[0.6, 0.5] == "sweep_k0.6_lambda0.5"
    assert by_strength[0.125, None] == "sweep_k0.125_beta"
