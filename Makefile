# Needs make and Python 3.11 or newer with its venv module. On Debian: apt-get install make python3-venv

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install run demo test check bench bench-quick format

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## Install into .venv, with what the tests need

# The stamp is newer than both files while the installation is up to date, so a second call does nothing.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LAUD needs Python 3.11 or newer, this is %s; name another: make PYTHON=python3.11" % sys.version.split()[0])'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(INSTALLED) ## Start LAUD: open http://127.0.0.1:8501
	$(BIN)/laud up

demo: $(INSTALLED) ## Show the whole loop on the sample that comes with LAUD
	$(BIN)/laud demo

# Two workers of one thread each: tests that wait for processes and disks leave a core idle otherwise.
test: $(INSTALLED) ## Run all tests
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

check: $(INSTALLED) ## Check format, lint, types and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/architecture

LOOP := $(BIN)/python -m evals loop

bench: $(INSTALLED) ## Measure how few labels it takes, on all data sets of LAUD_DATA: hours; goes on where it was
	$(LOOP) run
	$(LOOP) plot
	$(LOOP) table
	$(LOOP) check

QUICK := --out laud-bench/quick --data receipts,baby-care

bench-quick: $(INSTALLED) ## The same on the sample, for minutes
	$(LOOP) run $(QUICK) --seeds 2 --labels 130
	$(LOOP) table $(QUICK)
	$(LOOP) check $(QUICK)

format: $(INSTALLED) ## Format the code, and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m tests.support.tools_table
