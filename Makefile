# `make demo` and `make test` do all the set-up they need.
#   env    the environment in .venv, from the pinned requirements
#   demo   the whole workflow on the embedded corpus, offline
#   pull   the demo's artifacts instead: fetched, checked, known to Snakemake
#   pull-waveforms   the waveforms too, of a corpus that has them under version control
#   bench  what is fast and what is not, on one CPU thread
#   test   linters, unit tests and the graph at smoke scale
#   test-reliability  many kills, of steps and of Snakemake
#   lock   requirements.txt with all checksums, from requirements.in
#   docs   the pages of docs/ and the reference as a site, in site/
PYTHON ?= python3
VENV := .venv
ENV := $(VENV)/.complete
ACTIVATE := . $(VENV)/bin/activate
# Some containers set this to 1: each job would then compile all that it imports,
# 7 s for a job with BERT.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: env demo pull pull-waveforms bench dvc-commit test test-slow test-reliability docs format lock clean

# What the selected corpus needs beside: a JavaScript runtime for YouTube's downloads.
env: $(ENV)
	@further="$$($(VENV)/bin/python -m workflow_src.config.requirements)" && \
	if [ -n "$$further" ]; then $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile $$further; fi

# --no-compile: Python compiles what is imported; most of this never is.
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile
LOCKED := $(PIP) --no-deps --require-hashes

# torch first, by itself: pip is to take a CPU build where it is offered one, and would
# pass it over in favour of a file whose checksum the index states.

$(ENV): requirements.txt requirements-torch.txt requirements-cuda.txt pyproject.toml workflow_src/environment.py
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("Python 3.11, 3.12 or 3.13 is needed, this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(VENV)/torch "$$(grep -o '^torch==[^ ]*' requirements-torch.txt)"
	$(LOCKED) --no-index --find-links $(VENV)/torch -r requirements-torch.txt
	rm -r $(VENV)/torch
	$(LOCKED) -r requirements.txt
	@if $(VENV)/bin/python -m workflow_src.environment --torch-needs-cuda; then \
	set -x; $(LOCKED) -r requirements-cuda.txt; fi
	$(PIP) --no-deps --no-build-isolation --force-reinstall --editable .
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

# Many kills, of steps and of Snakemake; docs/reliability.md.
test-reliability: env
	$(ACTIVATE) && python -m pytest tests/reliability

# In an environment of its own: the reference is read from the code, not imported.
.venv-docs/.complete: requirements-docs.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements-docs.txt
	@touch $@

docs: .venv-docs/.complete
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -m mkdocs build --strict

format: env
	$(ACTIVATE) && ruff check --fix . && ruff format . && snakefmt Snakefile rules

# Resolves requirements.in anew, in a throw-away environment; what is pinned already
# stays where requirements.in allows it. The checksum is that of the CPU build of torch
# for Python 3.11 on Linux. The other files are complete lists: they get their checksums.
TORCH_CPU := 6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
LOCKS := requirements requirements-torch requirements-cuda
LISTS := browser docs download serve
UV := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11.5 --generate-hashes --no-annotate --no-header

lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --no-compile uv==0.13.9
	cat $(LOCKS:=.txt) | grep -v $(TORCH_CPU) > .venv-lock/all
	$(UV) --output-file .venv-lock/all requirements.in
	for part in $(LOCKS); do { echo '# Written by `make lock`.'; awk -v part=$$part \
	'/^[^ #]/ { own = "requirements" (/^torch==/ ? "-torch" : /^(cuda-|nvidia-|triton==)/ ? "-cuda" : "") } \
	own == part { print; if (/^torch==/) print "    --hash=sha256:$(TORCH_CPU) \\" }' .venv-lock/all; } > $$part.txt; done
	for list in $(LISTS); do { grep '^#' requirements-$$list.txt; \
	$(UV) --no-deps requirements-$$list.txt; } > .venv-lock/list && cp .venv-lock/list requirements-$$list.txt; done
	rm -rf .venv-lock

clean:
	@printf 'This deletes data/, runs/, logs/ and results/ of all corpora, trained models and fetched audio among them. Type yes: ' && read answer && [ "$$answer" = yes ]
	rm -rf data runs logs results/*/ results/*.csv results/*.png results/*.svg .snakemake
	git checkout -q -- results
