#!/usr/bin/env bash
# Snakemake runs this when it has made the conda environment, in the workflow's folder,
# wherever the environment is (--conda-prefix). It installs what `make env` does.
#
# Snakemake makes an environment anew when this file changes: so it holds the checksum
# of what is installed (tests/test_conda_environment.py).
# pins: c2b0c0b1e9404eee76f00cdaff0ffb0a27772ef90574abb00898d7a8e54c4a8d
set -euo pipefail

for file in requirements-torch.txt requirements.txt requirements-cuda.txt; do
    if [ ! -e "$file" ]; then
        echo "there is no $file in $PWD: start Snakemake in the workflow's folder" >&2
        exit 1
    fi
done

pip() { python -m pip "$@" --quiet --disable-pip-version-check --no-deps; }
locked() { pip install --no-compile --require-hashes "$@"; }

# torch first, by itself, as in the Makefile: which says why.
torch=$(mktemp -d)
trap 'rm -rf "$torch"' EXIT
pip download --dest "$torch" "$(grep -o '^torch==[^ ]*' requirements-torch.txt)"
locked --no-index --find-links "$torch" -r requirements-torch.txt
locked -r requirements.txt
if python -m workflow_src.environment --torch-needs-cuda; then
    locked -r requirements-cuda.txt
fi
python -m workflow_src.environment
