# Two commands matter: `make run` and `make test`. Each sets up what is missing first.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
# What the tests need of real weights; the big default model only for `make test-slow`, `make bench`, `make eval`.
TEST_WEIGHTS := all-minilm-l6-v2 smollm2-135m
MODEL_WEIGHTS := qwen2.5-coder-1.5b
ARGS ?=
# Tests side by side; a file stays with one worker. More than two would fight over the cores of the labs they run.
WORKERS ?= 2
# One thread for sums in each: two that both use all cores wait busily for each other, and take twice as long.
SIDE_BY_SIDE = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n $(WORKERS) \
  --dist loadscope --no-loadscope-reorder --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev weights weights-slow run ingest test test-slow lint format bench eval screenshots lock wheel sbom audit clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The stamps carry the outcome: a venv whose install broke half-way has no stamp and is finished next time.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; '$(PYTHON)' is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@echo "Setting up in $(VENV): a few minutes the first time."
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# --no-deps: the lock names them all, but for what scripts/lock.sh leaves out on purpose.
$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.installed  ## make the virtual environment from the lock file
setup-dev: $(VENV)/.installed-dev

run: setup  ## set up what is missing and serve the page (ARGS="--port 8000 --model none")
	$(PY) -m tutor serve $(ARGS)

ingest: setup  ## refresh the knowledge base (ARGS="FOLDER")
	$(PY) ingest.py $(ARGS)

weights: setup-dev
	$(PY) -m knowledge.weights fetch $(TEST_WEIGHTS)

weights-slow: setup-dev
	$(PY) -m knowledge.weights fetch $(TEST_WEIGHTS) $(MODEL_WEIGHTS)

test: weights  ## run the tests (ARGS="tests/labs -k bandit")
	$(SIDE_BY_SIDE) -m "not slow" $(ARGS)

test-slow: weights-slow  ## run the tests that take long or need the big model
	$(SIDE_BY_SIDE) -m slow $(ARGS)

lint: setup-dev  ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: setup-dev  ## put the code into shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: weights-slow  ## measure speed and memory against baselines; writes docs/benchmarks.md
	$(PY) -m benchmarks $(ARGS)

eval: weights-slow  ## measure quality: routing, retrieval, answers; writes docs/evaluation.md
	$(PY) -m evaluation $(ARGS)

screenshots: weights  ## take the README's pictures from the real page (needs Chromium)
	$(PY) scripts/screenshots.py

lock:  ## write the lock files anew from pyproject.toml (needs uv)
	scripts/lock.sh --upgrade

wheel: setup-dev  ## build the wheel into dist/
	$(PY) -m build --wheel --outdir dist

sbom: setup-dev  ## write the bill of materials of what runs (CycloneDX) into dist/
	@mkdir -p dist
	$(PY) -W ignore -m cyclonedx_py requirements requirements.lock --pyproject pyproject.toml \
	  --output-reproducible --output-format JSON --output-file dist/sbom.cdx.json

audit: setup-dev  ## look up the locked packages among the known vulnerabilities (needs the internet)
	$(PY) -m pip_audit --progress-spinner off --strict --no-deps --disable-pip -r requirements.lock

clean:  ## remove what was built here (not your data, not the weights)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache artefacts
