#!/usr/bin/env bash
# Snakemake runs this after it has made the conda environment.
set -euo pipefail
python -m workflow_src.environment
