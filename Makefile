# The commands of this repository. `make` lists them. Needed beforehand: Python 3.11 (to 3.13), git and make.
.DEFAULT_GOAL := help
.PHONY: help setup dev demo test test-fast lint format manifest locks bench clean
SHELL := /bin/sh

BIN := .venv/bin
DEV := build/dev/bin
DEMO := build/demo
# Generated projects find this repository's pinned uv, so that an environment is hard links instead of downloads.
export PATH := $(CURDIR)/$(BIN):$(PATH)

ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 \
	&& $$python -c 'import os, sys; print(os.path.realpath(sys.executable))' && break; done)
endif

# The version of a Python that was named and is out of range; nothing where it fits.
UNFIT = $(if $(PYTHON),$(shell $(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or print(sys.version.split()[0])' 2>/dev/null))

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.ready ## Make .venv with mlgen and its tools, from the hash-pinned lock.

.venv/.ready: locks/generator.txt pyproject.toml
	$(if $(UNFIT),$(error $(PYTHON) is Python $(UNFIT), expected 3.11 to 3.13; name another: make setup PYTHON=/path/to/python))
	$(if $(PYTHON),,$(error found no Python from 3.11 to 3.13; install one, or name it: make setup PYTHON=/path/to/python))
	@echo "installing $$(grep -c == locks/generator.txt) pinned packages into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement locks/generator.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# One environment with the pins of all layers, in which the runtime is tested, typed and measured where it lies. PyTorch's
# CPU build, where the installer's folders of wheels have it (pip's setting find-links); else the one with CUDA, 4 GB larger.
WHEELS = $(addprefix --find-links ,$(or $(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null)))
dev: build/dev/.ready ## Make build/dev with everything: mlgen, all layers, the runtime on its path.

build/dev/.ready: locks/bench.txt locks/torch-cpu.lock locks/torch-cuda.lock pyproject.toml | .venv/.ready
	@echo "installing $$(grep -c == locks/bench.txt) pinned packages into build/dev"
	@uv venv --quiet --allow-existing --python $(PYTHON) build/dev
	@torch="locks/torch-cpu.lock $(WHEELS)"; \
	uv pip install --quiet --dry-run --python $(DEV)/python --no-deps --require-hashes --requirement $$torch 2>/dev/null \
	|| torch=locks/torch-cuda.lock; \
	uv pip sync --quiet --compile-bytecode --python $(DEV)/python --require-hashes locks/bench.txt $$torch
	@uv pip install --quiet --python $(DEV)/python --no-deps --no-build-isolation --offline --editable .
	@$(DEV)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "mlgen_runtime.pth").write_text("$(CURDIR)/template/vendor\n")'
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
test: dev ## Run everything: the runtime, the generator, and generated projects.
	$(DEV)/python -m pytest $(WORKERS)

test-fast: dev ## Run what needs no generated environment.
	$(DEV)/python -m pytest $(WORKERS) -m 'not slow'

lint: dev ## Check style, types, and which room of the runtime imports which.
	$(DEV)/ruff check .
	$(DEV)/ruff format --check .
	$(DEV)/mypy
	$(DEV)/lint-imports

format: setup ## Let ruff mend what it can, and renew the runtime's manifest.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@$(MAKE) --no-print-directory manifest

manifest: setup ## Write down what the runtime consists of: template/vendor/mlgen_runtime/MANIFEST.json.
	$(BIN)/python -m mlgen.manifest

locks: setup ## Pin the dependencies anew after locks/*.in or pyproject.toml changed; UPGRADE=1 moves every version.
	$(BIN)/python locks/make.py $(if $(UPGRADE),--upgrade)

BENCHMARKS := $(addprefix benchmarks/,generate.py rest.py train_overhead.py batch.py edge.py forecast_bulk.py monitor.py prediction_log.py live_counters.py $(if $(MLGEN_REAL_DATA),quality.py forecasts.py replay.py))
bench: dev ## Measure speed, memory and quality side by side; results go to benchmarks/RESULTS.md.
	@$(foreach file,$(BENCHMARKS),$(DEV)/python $(file) &&) true

clean: ## Remove the environment and what runs left.
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
