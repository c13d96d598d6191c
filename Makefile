# `make demo` plans the embedded sample into hasil/; `make test` passes the tests.
# Both make the environment first; Python 3.11 or newer is all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint benchmark clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say PYTHON=python3.12 or the like")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[print]"
	@touch $@

$(VENV)/.developed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[print,notebook,distributed]" --group dev
	@touch $@ $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/resilience-geo demo --out hasil

test: $(VENV)/.developed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: $(VENV)/.developed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

benchmark: $(VENV)/.developed
	$(BIN)/python -m pip install --quiet --group benchmarks
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) hasil
