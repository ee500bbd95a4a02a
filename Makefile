# `make run` and `make test` are all a newcomer needs; both begin with `make setup`.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup run test check bench browser postgresql clean

setup: $(STAMP)

# torch first: asked for by another package, pip takes a CUDA build of several GB.
$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or say make PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $(STAMP)

# An unchanged corpus is recognised by its hash: the second run starts at once.
run: setup
	$(BIN)/kbot build
	$(BIN)/kbot serve

test: setup browser postgresql check

# Everything that must hold before a change lands. The closing line is pytest's.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kbot build
	$(BIN)/pytest

# The browser tests drive a real Chromium, with axe-core inside the page.
browser:
	@sh tools/browser.sh

# The journal's tests start a PostgreSQL of their own from Debian's binaries.
postgresql:
	@sh tools/postgresql.sh

bench: setup
	$(BIN)/kbot build
	$(BIN)/python -m bench

clean:
	rm -rf .venv index/builds index/models index/manifest.json
