"""The example in the docstring of each public class runs, and says what it says."""

import doctest
from importlib import import_module

import pytest

from workflow_src import augment, tta

WITH_EXAMPLE = [
    (augment, "Compose"),
    (augment, "EDA"),
    (augment, "Noise"),
    (augment, "PairMix"),
    (augment, "Reverb"),
    (augment, "SpecAugment"),
    (tta, "GenerationTTA"),
    (tta, "MultiTTA"),
]


@pytest.mark.parametrize(("package", "name"), WITH_EXAMPLE)
def test_example(package, name):
    kind = getattr(package, name)
    module = import_module(kind.__module__)
    examples = doctest.DocTestFinder(recurse=False).find(kind, name, module)
    assert sum(len(example.examples) for example in examples) >= 3
    runner = doctest.DocTestRunner()
    for example in examples:
        assert runner.run(example).failed == 0


def test_every_public_augmentation_has_one():
    assert {name for package, name in WITH_EXAMPLE if package is augment} == set(
        augment.__all__
    )
