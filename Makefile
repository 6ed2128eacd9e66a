# Two commands: `make demo` shows everything, `make test` proves it. `make help` lists the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
POSTGRES ?= postgres://postgres@127.0.0.1:5432/postgres
REDIS ?= redis://127.0.0.1:6379/15
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
SEED := $(SEED)
.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test soak format bench lock clean

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: .venv/.installed  ## Start the portal with the sandbox Engage on this machine
	@$(BIN)/python -m engage_portal.sandbox.demo

demo-reset: .venv/.installed  ## Throw the demo's data away and start over
	@$(BIN)/python -m engage_portal.sandbox.demo --reset

test: .venv/.installed-dev  ## Run the whole gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tests.gate processes mypy migrations embedded scale-out

soak: .venv/.installed-dev  ## Try more and longer stories against the ledger, by chance; SEED=… repeats a run
	@echo "SEED=$(SEED)"
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest -q --show-capture=no --hypothesis-seed=$(SEED) tests/model
	DAY_RECEIPTS=3000 DATABASE_URL=$(POSTGRES) REDIS_URL=$(REDIS) $(BIN)/pytest -q --durations=2 tests/fallback/chaos/test_a_day_by_files.py
	CHAOS_ITEMS=5000 CHAOS_SEED=$(SEED) DATABASE_URL=$(POSTGRES) REDIS_URL=$(REDIS) $(BIN)/pytest -q -s tests/flows/test_chaos.py

format: .venv/.installed-dev  ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.installed-dev  ## Measure, as ratios against bare baselines, and write docs/benchmarks.md
	$(BIN)/python -m tests.bench

lock: .venv/.installed-dev  ## Write the lock files from pyproject.toml
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links -c requirements.txt --group dev -o requirements-dev.txt

clean:  ## Remove the virtual environment and all local data
	rm -rf .venv var

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Engage Portal needs Python 3.11 or later.")'
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
