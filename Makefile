# The commands of this project; `make help` lists them. Everything a target needs, it installs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= bench-results.json
ROOMS := server agent profiling providers events tests

.PHONY: help demo test bench growth clean postgres toolchains editors

help:
	@echo "make demo   set up, fetch the embedded model unless a model is here, and watch two refactorings happen"
	@echo "make test   set up, and run every check and test"
	@echo "make bench  run every benchmark; OUT=file.json says where the results go"
	@echo "make growth let event stores grow to ten million events (PostgreSQL: one), and draw what they cost (5 GB, 10 minutes or more)"
	@echo "make clean  remove what the other targets made (not the downloaded models, nor figures)"

demo: $(VENV)/.local
	$(BIN)/parley demo

test: $(VENV)/.dev postgres toolchains editors
	$(BIN)/nox

bench: $(VENV)/.dev postgres toolchains
	$(BIN)/python -m tests.benchmarks --out $(OUT)

growth: $(VENV)/.dev postgres
	cd tests && ../$(BIN)/python -m benchmarks.growth --out ../docs/benchmarks/growth

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Parley needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.local: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# The event store's tests start a PostgreSQL of their own; only its programs must be there.
postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing PostgreSQL for the tests"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql >/dev/null; \
	  else echo "The tests need PostgreSQL's programs. Install them: sudo apt-get install postgresql"; exit 1; fi; }

# The evaluation's refactorings in JavaScript and Go are run before and after.
toolchains:
	@missing="$$(command -v node >/dev/null || echo nodejs) $$(command -v go >/dev/null || echo golang-go)"; \
	if [ -n "$${missing# }" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $$missing for the tests"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	  else echo "The tests run JavaScript and Go. Install them: sudo apt-get install $$missing"; exit 1; fi; fi

# Emacs and its language clients, driven headless; Neovim comes with the Python packages.
EMACS_PACKAGES := emacs-nox elpa-eglot elpa-lsp-mode
editors:
	@command -v emacs >/dev/null && ls -d /usr/share/emacs/site-lisp/elpa/eglot-* /usr/share/emacs/site-lisp/elpa/lsp-mode-* >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Emacs for the tests"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(EMACS_PACKAGES) >/dev/null; \
	  else echo "The tests drive Emacs. Install it: sudo apt-get install $(EMACS_PACKAGES)"; exit 1; fi; }

clean:
	rm -rf $(VENV) .nox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	rm -rf tests/stand_ins/node_modules tests/stand_ins/.installing
	find $(ROOMS) -name __pycache__ -prune -exec rm -rf {} +
