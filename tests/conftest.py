"""Settings of all tests."""

import os

# The tests run side by side, a process a core; more threads would slow each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
