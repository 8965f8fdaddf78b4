"""Settings of all tests, and a tiny corpus for those that train."""

import os

import pytest

# The tests run side by side, a process a core; more threads would slow each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The corpus of tests/tiny_corpus.py: 24 clips, read by tests and never changed."""
    from tests import tiny_corpus

    return tiny_corpus.make(tmp_path_factory.mktemp("tiny"))
