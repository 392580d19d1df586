# Every target does its own set-up: a fresh machine needs python3 (3.11 or newer) and make, nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: help install demo test test-fast services curves check calibration benchmark clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.train: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[train]'
	@touch $@

$(VENV)/.all: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[train,server,cluster,test]'
	@touch $@ $(VENV)/.train

install: $(VENV)/.all  ## install everything into .venv

demo: $(VENV)/.train  ## the whole story on drawn cells, offline, in about a minute
	$(BIN)/harness demo

test: $(VENV)/.all  ## all tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 4 --dist loadfile --durations=15

test-fast: $(VENV)/.all  ## without browsers, crashes and training: for every small change
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --fast

services: $(VENV)/.all  ## Chromium, PostgreSQL, nginx, LaTeX and axe-core, without which some tests are skipped (Debian, root)
	VENV=$(VENV) .ci/services

curves: $(VENV)/.all  ## TensorBoard and MLflow's client (160 MB), without which their tests are skipped
	$(PIP) install --editable '.[tensorboard,mlflow]'

check: $(VENV)/.all  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

calibration: $(VENV)/.all  ## size and coverage of the tests and intervals, by simulation
	$(BIN)/python -m benchmarks.calibration

benchmark: $(VENV)/.all  ## the statistics against scikit-learn and scipy, in one run
	$(BIN)/python -m benchmarks.report

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build *.egg-info
