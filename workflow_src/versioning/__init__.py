"""Artifacts under version control: what DVC keeps, and what Snakemake knows of it."""
