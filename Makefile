# Two commands on a fresh machine: `make demo` and `make test`. Everything else is `madoguchi --help`.

# The first Python on this machine that is new enough; `make PYTHON=/path/to/python3.12 demo` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# `make test PYTEST='-k wareki'` runs a part.
PYTEST ?=
# `make demo OPTIONS='--port 8010'`: other ports (madoguchi demo --help).
OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench shell setup setup-test lock python

help:  ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

demo: setup  ## Set up what is missing, load the city of Daito, start everything, say where (Ctrl-C stops it all)
	@.venv/bin/madoguchi demo $(OPTIONS)

test: setup-test  ## Set up what the tests need and run every test
	@.venv/bin/madoguchi test $(PYTEST)

check: setup  ## ruff, mypy strict, import contracts, every package of the catalogue
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/madoguchi check

bench: setup  ## Measure the engine, a whole case and the letters, side by side
	@.venv/bin/madoguchi bench

shell: setup  ## Python with the models loaded, on the demo's data
	@.venv/bin/madoguchi shell

setup: python
	@$(PYTHON) -m tools.setup demo

setup-test: python
	@$(PYTHON) -m tools.setup test

lock: setup  ## Newest versions that fit pyproject.toml and package.json, written with their hashes
	tools/lock

python:
	@test -n "$(PYTHON)" || { echo "Madoguchi needs Python 3.11 or later, and this machine has none. Debian 12: apt-get install python3" >&2; exit 1; }
