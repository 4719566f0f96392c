# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for those who work on the gate.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench soak fuzz hunt hardness lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.run ## Set up, walk the main job in the terminal, stay up (ARGS=--once: walk and exit)
	@$(BIN)/gateway demo $(ARGS)

test: $(VENV)/.dev ## Set up with what the tests need (a real Redis too), run the whole suite (ARGS: for pytest; "-n 0": in one process)
	@./.ci/install-servers
	@$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

lint: $(VENV)/.dev ## Format check, ruff, mypy, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.bench ## Measure the gate beside its peers (ARGS=--quick: two minutes; ARGS=--write: docs/performance.md again)
	@./bench/install.sh
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.dev ## Let streams come and go under random edits for five minutes, check every log (ARGS="--minutes 20 --workers 4")
	@./.ci/install-servers
	@$(BIN)/python -m bench.soak $(ARGS)

fuzz: $(VENV)/.dev ## Look for faults by coverage, a minute for each target (ARGS="--seconds 5 frames models")
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

hunt: $(VENV)/.dev ## Play the property tests on thousands of examples never tried before (ARGS: for pytest)
	@./.ci/install-servers
	@$(BIN)/pytest -m hypothesis --hypothesis-profile=hunt --timeout 900 $(ARGS)

hardness: $(VENV)/.dev ## Measure what slow, silent and greedy callers cost (ARGS="--members 100")
	@./.ci/install-servers
	@PYTHONPATH=tests $(BIN)/python -m hardness $(ARGS)

lock: $(VENV)/.dev ## Write the locked versions again from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra embedded --extra geo \
		-o requirements/run.txt pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra test --extra lint --extra fuzz \
		-o requirements/dev.txt pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra bench \
		-c requirements/dev.txt -o requirements/bench.txt pyproject.toml

clean: ## Remove what was built, keep the data of the embedded store
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@./.ci/install-venv $(PYTHON) $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what is locked in $< into $(VENV): once, a minute or so" >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what is locked in $< into $(VENV): once, a minute or so" >&2
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@ $(VENV)/.run

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@
