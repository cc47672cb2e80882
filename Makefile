# The commands of this repository. `make` lists them. Needed beforehand: Python 3.11 (to 3.13), git and make.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint format locks bench clean
SHELL := /bin/sh

BIN := .venv/bin
DEMO := build/demo
# Generated projects find this repository's pinned uv, so that an environment is hard links instead of downloads.
export PATH := $(CURDIR)/$(BIN):$(PATH)

ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 \
	&& $$python -c 'import os, sys; print(os.path.realpath(sys.executable))' && break; done)
endif

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.ready ## Make .venv with mlgen and its tools, from the hash-pinned lock.

.venv/.ready: locks/generator.txt pyproject.toml
	$(if $(PYTHON),,$(error found no Python from 3.11 to 3.13; install one, or name it: make setup PYTHON=/path/to/python))
	@echo "installing $$(grep -c == locks/generator.txt) pinned packages into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement locks/generator.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

demo: setup ## Generate a project, train it, predict, serve it and send one request.
	@rm -rf $(DEMO)
	$(BIN)/mlgen new $(DEMO) project_name=demo
	@$(MAKE) --no-print-directory -C $(DEMO) PYTHON=$(PYTHON) all
	@printf '\nWhere to look next, in %s:\n' "$(DEMO)"
	@printf '  %-28s %s\n' reports/ 'the scorecard, the model card, the contract report' data/contract.yaml 'what every column is and may hold; yours to review' \
		'.venv/bin/demo --help' 'every verb; any setting can be overridden: demo train model=xgboost' 'make serve' 'the service, with a page to try it at http://127.0.0.1:8000' \
		'make ui' 'the tracked runs' README.md 'your own data, and the way to production'

# Half of what tests do is to wait, for processes and servers of their own; tests/workers.py says which go together.
WORKERS := --numprocesses 2
test: setup ## Run everything: some 40 minutes on two cores.
	$(BIN)/python -m pytest $(WORKERS)

test-fast: setup ## Run what needs no generated environment: some five minutes.
	$(BIN)/python -m pytest $(WORKERS) -m 'not slow'

lint: setup ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## Let ruff mend what it can.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

locks: setup ## Pin the dependencies anew after locks/*.in or pyproject.toml changed; UPGRADE=1 moves every version.
	$(BIN)/python locks/make.py $(if $(UPGRADE),--upgrade)

BENCHMARKS := $(addprefix benchmarks/,generate.py rest.py train_overhead.py batch.py edge.py forecast_bulk.py monitor.py prediction_log.py live_counters.py $(if $(MLGEN_REAL_DATA),quality.py forecasts.py replay.py))
bench: setup ## Measure speed, memory and quality side by side; results go to benchmarks/RESULTS.md.
	@uv venv --quiet --allow-existing --python $(PYTHON) build/bench
	@uv pip sync --quiet --python build/bench/bin/python --require-hashes locks/bench.txt
	@uv pip install --quiet --python build/bench/bin/python --no-deps --no-build-isolation --offline --editable .
	@$(foreach file,$(BENCHMARKS),build/bench/bin/python $(file) &&) true

clean: ## Remove the environment and what runs left.
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
