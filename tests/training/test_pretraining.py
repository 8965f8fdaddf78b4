import pytest
import torch

from workflow_src import config
from workflow_src.errors import InputError
from workflow_src.training.pretraining import TAGGERS


@pytest.fixture
def smoke():
    return config.load(overrides={"scale": "smoke"})


@pytest.mark.parametrize("task", ["captioning", "retrieval"])
def test_a_score_for_each_tag(smoke, task):
    tagger = TAGGERS[task](smoke, 40)
    assert tagger(torch.randn(2, 64, 64)).shape == (2, 40)


def test_too_few_tag_classes_in_one_sentence(smoke):
    smoke["captioning"]["model"]["tag_classes"] = 39
    with pytest.raises(InputError, match=r"tag_classes is 39, but .* 40 tags"):
        TAGGERS["captioning"](smoke, 40)
