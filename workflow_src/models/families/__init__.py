"""Families of models beyond the paper's two, by name: docs/models.md has them all."""
