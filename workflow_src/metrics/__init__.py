"""Metrics of captioning and retrieval, and the uncertainty of their differences."""
