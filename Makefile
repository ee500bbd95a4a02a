# `make run` and `make test` are all a newcomer needs; both begin with `make setup`.
PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup run test check browser postgresql lock packages bench screenshots clean

setup: $(STAMP)

# Every package by its hash; torch alone by its version (docs/supply-chain.md).
$(STAMP): pyproject.toml tools/requirements.lock tools/setup.sh
	@sh tools/setup.sh $(PYTHON)
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

# After a change to the packages in pyproject.toml: resolves it anew, and keeps what is pinned already.
lock:
	@$(PYTHON) tools/packages.py lock

# What is installed, as a bill of materials in dist/, and what is known against it (asks a service on the internet).
packages: setup
	@$(BIN)/python tools/packages.py bill
	@$(BIN)/python tools/packages.py audit

# Runs every benchmark (hours). Some of them: `.venv/bin/python -m bench load growth`.
bench: setup
	$(BIN)/kbot build
	$(BIN)/python -m bench

# The pictures of docs/screenshots/, of visitors' pages and of the staff's.
screenshots: setup browser
	$(BIN)/kbot build
	$(BIN)/python docs/take_screenshots.py
	$(BIN)/python docs/take_staff_screenshots.py

clean:
	rm -rf .venv index/builds index/models index/manifest.json
