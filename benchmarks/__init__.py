"""Measured speeds: `python -m benchmarks.all`, or one module alone."""
