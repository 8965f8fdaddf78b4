"""A tiny corpus for trainings: tests/tiny_corpus.py."""

import pytest

from tests import tiny_corpus


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return tiny_corpus.make(tmp_path_factory.mktemp("tiny"))
