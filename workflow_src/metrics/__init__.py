"""Metrics of captioning and retrieval, and how sure their differences are."""
