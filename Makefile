# The commands of this project; `make help` lists them. Everything a target needs, it installs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= bench-results.json

.PHONY: help demo test bench clean

help:
	@echo "make demo   set up, fetch the embedded model, and watch one refactoring happen"
	@echo "make test   set up, and run every check and test"
	@echo "make bench  run every benchmark; OUT=file.json says where the results go"
	@echo "make clean  remove what the other targets made (not the downloaded models)"

demo: $(VENV)/.local
	$(BIN)/parley demo

test: $(VENV)/.dev
	$(BIN)/nox

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks --out $(OUT)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.local: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .nox .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
