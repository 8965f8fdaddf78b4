"""Settings of all tests."""

import os

# The tests run side by side, a process a core; more threads would slow each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items):
    """Start with the graph, which takes longest, so that the rest runs beside it."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)
