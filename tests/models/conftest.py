"""A tiny corpus for models that are trained before they are used."""

import pytest

from tests import tiny_corpus


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return tiny_corpus.make(tmp_path_factory.mktemp("tiny"))
