# Two doors: `make demo` and `make test`. Both make .venv by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test fast check audit lock docs fuzz bench sim clean browser jars up down

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

help:            ## this text
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: $(VENV)/.made    ## make .venv with the command touchline in it

demo: setup      ## simulate a match, stream it, serve the live page (Ctrl-C ends it)
	$(BIN)/touchline demo soccer

test: $(VENV)/.made-dev browser   ## everything: the browser, the broker and the cluster included
	@infra/jars.sh || { [ "$$CI" != true ] && echo "the tests that need the broker and the cluster will skip"; }
	$(BIN)/python tests/run_suite.py $(ARGS)

fast: $(VENV)/.made-dev   ## the inner loop: about a minute
	$(BIN)/python -m pytest -m "not slow and not real and not browser and not cluster" -n 2 $(ARGS)

check: $(VENV)/.made-dev  ## lint, types, arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

audit: $(VENV)/.made-dev jars  ## pins, licences, bill of materials, Dockerfile, known vulnerabilities (ARGS=--no-vulnerabilities)
	$(BIN)/python -m infra.audit $(ARGS)

lock: $(VENV)/.made-dev  ## write constraints.txt anew, with hashes, under the pins that it has
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/uv pip compile --quiet setup.py --all-extras -c constraints.txt --generate-hashes \
	  --no-annotate --no-header --python $(BIN)/python; } > constraints.new
	@mv constraints.new constraints.txt

docs: $(VENV)/.made-docs  ## build the documentation into site/, strictly
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

up: $(VENV)/.made-dev jars    ## start a real Kafka broker and Flink cluster on loopback (ARGS="--mode thread")
	$(BIN)/python infra/cluster.py up $(ARGS)

down:            ## end what `make up` started, and nothing else
	@$(PYTHON) infra/cluster.py down $(ARGS)

jars:            ## fetch the broker and Flink's Kafka connector
	@infra/jars.sh

fuzz: $(VENV)/.made-dev   ## coverage-guided fuzzing of every decoder (ARGS="--minutes 60 TARGET...")
	$(BIN)/python -m tests.fuzz run $(ARGS)

bench: setup     ## every benchmark, beside its floor
	$(BIN)/touchline bench

sim: $(VENV)/.made-dev   ## ten thousand simulated deployments under faults, in under ten minutes on two cores
	$(BIN)/touchline sim --seeds 0..9999 $(ARGS)

clean: down      ## remove what was made
	rm -rf $(VENV) build dist site *.egg-info infra/.jars .run
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Touchline needs Python 3.11; $(PYTHON) is another. Give one with: make PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.made: $(VENV)/bin/uv setup.cfg setup.py pyproject.toml constraints.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e .
	$(BIN)/touchline warm
	@touch $@

$(VENV)/.made-dev: $(VENV)/.made
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.made-docs: $(VENV)/.made
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[docs]'
	@touch $@

browser:
	@infra/chromium.sh
