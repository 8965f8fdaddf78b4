# `make demo` and `make test` do all the set-up they need.
#   env    the environment in .venv, from the pinned requirements
#   demo   the whole workflow on the embedded corpus, offline
#   pull   the demo's artifacts instead: fetched, checked, known to Snakemake
#   pull-waveforms   the waveforms too, of a corpus that has them under version control
#   bench  what is fast and what is not, on one CPU thread
#   test   linters, unit tests and the graph at smoke scale
#   docs   the pages of docs/ and the reference as a site, in site/
PYTHON ?= python3
VENV := .venv
ENV := $(VENV)/.complete
ACTIVATE := . $(VENV)/bin/activate
# Some containers set this to 1: each job would then compile all that it imports,
# 7 s for a job with BERT.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: env demo pull pull-waveforms bench dvc-commit test test-slow docs format lock clean

# What the selected corpus needs beside: a JavaScript runtime for YouTube's downloads.
env: $(ENV)
	@further="$$($(VENV)/bin/python -m workflow_src.config.requirements)" && \
	if [ -n "$$further" ]; then $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile $$further; fi

# --no-compile: Python compiles what is imported; most of this never is.
$(ENV): requirements.txt requirements-hashed.txt pyproject.toml workflow_src/environment.py
	@$(PYTHON) -c 'import sys; sys.version_info[:2] == (3, 11) or sys.exit("Python 3.11 is needed, this is %d.%d: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-hashed.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall --editable .
	$(VENV)/bin/python -m workflow_src.environment
	@touch $@

demo: env
	$(ACTIVATE) && snakemake --cores 8 --resources gpu=1 all

pull: env
	$(ACTIVATE) && python -m workflow_src.versioning.pull

pull-waveforms: env
	$(ACTIVATE) && python -m workflow_src.versioning.pull --waveforms

# On a GPU: python -m benchmarks.all --device cuda; docs/performance.md.
bench: env
	$(ACTIVATE) && python -m benchmarks.all

# Records a finished run; docs/dvc.md.
dvc-commit: env
	$(ACTIVATE) && python -m workflow_src.versioning.commit

test: env
	$(ACTIVATE) && ruff check . && ruff format --check .
	$(ACTIVATE) && snakefmt --check Snakefile rules && snakemake --lint
	$(ACTIVATE) && mypy
	$(ACTIVATE) && python -m pytest -m "not slow and not workflow" -n 2
	$(ACTIVATE) && python -m pytest -m "workflow and not slow" -n 2

test-slow: env
	$(ACTIVATE) && python -m pytest -m slow

# In an environment of its own: the reference is read from the code, not imported.
.venv-docs/.complete: requirements-docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-docs.txt
	@touch $@

docs: .venv-docs/.complete
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict

format: env
	$(ACTIVATE) && ruff check --fix . && ruff format . && snakefmt Snakefile rules

# Writes requirements.txt anew from requirements.in, in a throw-away environment.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --no-compile -r requirements.in
	.venv-lock/bin/python -m pip freeze | sed 's/+cpu$$//' > requirements.txt
	rm -rf .venv-lock

clean:
	@printf 'This deletes data/, runs/, logs/ and results/ of all corpora, trained models and fetched audio among them. Type yes: ' && read answer && [ "$$answer" = yes ]
	rm -rf data runs logs results/*/ results/*.csv results/*.png results/*.svg .snakemake
	git checkout -q -- results
