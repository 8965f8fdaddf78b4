"""Metrics of captioning and retrieval, and their uncertainty."""
