# What you can do here. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
WORKSHOP ?= $(BIN)/python# a Python with torch and onnx, for what is measured against them

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check audit load report locks

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp ## a brief from key to license; leaves the music in out/demo/
	$(BIN)/cuesmith demo

dev: $(VENV)/demo.stamp ## the same thing running at a printed address, until Ctrl-C
	$(BIN)/cuesmith dev

setup: $(VENV)/dev.stamp ## the virtual environment with all that tests and checks need

test: $(VENV)/dev.stamp ## all tests, on two processes
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup

check: $(VENV)/dev.stamp ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

audit: $(VENV)/audit/bin/pip-audit ## known vulnerabilities of everything that is pinned
	deploy/audit.sh $(VENV)/audit/bin

$(VENV)/audit/bin/pip-audit: locks/audit.txt | $(VENV)/bin/python
	@$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<

load: $(VENV)/dev.stamp ## benches; each prints ratios against a reference of the same run
	$(BIN)/python -m loadtests.bench_compose
	$(BIN)/python -m loadtests.bench_composing
	$(BIN)/python -m loadtests.bench_sound
	$(WORKSHOP) -m loadtests.bench_decode

report: $(VENV)/dev.stamp ## measure what the score promises on 200 random briefs
	$(BIN)/python -m engine report arrangement

# What is installed is what the lock says; our own code is a link to this folder.
$(VENV)/%.stamp: locks/%.txt pyproject.toml client/pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --require-hashes -r $<
	$(PIP) install --quiet --no-deps -e . -e client
	@touch $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Cuesmith needs Python 3.11 or newer; say which one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "no virtual environment: install your system's python3-venv package, then run this again"; exit 1; }

# Needs uv. Pinned and hashed, without the address of any index.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-annotate --no-header pyproject.toml
locks: ## pin the dependencies again, from pyproject.toml; what is tested is what is shipped
	$(LOCK) --extra dev -o locks/dev.txt
	$(LOCK) --constraint locks/dev.txt -o locks/gateway.txt
	$(LOCK) --constraint locks/dev.txt --extra clerk -o locks/clerk.txt
	$(LOCK) --constraint locks/dev.txt --extra cpu -o locks/studio.txt
	$(LOCK) --constraint locks/dev.txt --extra gpu -o locks/studio-gpu.txt
	$(LOCK) --constraint locks/dev.txt --extra clerk --extra cpu --extra local -o locks/demo.txt
	$(LOCK) --extra audit -o locks/audit.txt
	$(LOCK) --extra train --overrides locks/without-torch.in --no-emit-package torch -o locks/workshop.txt
