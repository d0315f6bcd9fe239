# Everything that is done with o11y from a checkout. `make help` explains.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data

.DEFAULT_GOAL := help
.PHONY: help run test check demo chaos fuzz bench bench-short bench-replay bench-tick bench-alerts bench-flood bench-detection \
	bench-ingest bench-sustained bench-memory bench-start bench-cardinality bench-web bench-kept bench-scaling audit check-image look lock format clean clean-data
# `make chaos LONG=1`, `make fuzz LONG=1`, `make bench-tick LONG=1`: the form for a release instead of the one for every change.
LONG ?=
AT_LENGTH := $(if $(LONG),--long)

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/installed ## run the worker on http://127.0.0.1:8080, with everything embedded, data in ./data
	@O11Y_DATA_DIR=$${O11Y_DATA_DIR:-$(DATA)} exec $(BIN)/o11y serve

test: $(VENV)/installed-dev ## run all tests
	$(BIN)/python -m pytest -q

check: $(VENV)/installed-dev ## formatting, lint, types, layers, and the shipped objectives
	$(BIN)/ruff format --check o11y tests deploy
	$(BIN)/ruff check o11y tests deploy
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/o11y check config/objectives.yaml >/dev/null
	$(BIN)/o11y check config/objectives.workbook.yaml >/dev/null
	$(BIN)/o11y check config/objectives.parity.yaml >/dev/null

check-image: $(VENV)/installed-dev ## the steps of deploy/Dockerfile without an engine: does what they make serve?
	$(BIN)/python -m tests.deploy.image

look: $(VENV)/installed-dev ## pictures of every page of the dashboard, into ./pictures
	$(BIN)/python -m tests.browser.look pictures --many

demo: $(VENV)/installed ## replay eight hours around a real outage and show the page it causes
	@$(BIN)/o11y demo

chaos: $(VENV)/installed-dev ## inject every fault, count what was lost or doubled (LONG=1: about an hour)
	$(BIN)/python -m tests.chaos $(AT_LENGTH) $(CHAOS)

fuzz: $(VENV)/installed-dev ## throw hostile input at every door (LONG=1: 100,000 inputs)
	$(BIN)/python -m tests.fuzz $(AT_LENGTH)

bench: bench-replay bench-tick bench-alerts bench-flood bench-detection bench-ingest bench-sustained bench-start bench-cardinality bench-web bench-kept bench-scaling ## all measurements but bench-memory, with medians and spread

bench-short: $(VENV)/installed-dev ## each quick measurement once and small: that it runs and adds up, not what it says
	$(BIN)/python -m tests.bench.short

bench-replay: $(VENV)/installed-dev ## 100,000 events with a tick each simulated minute
	$(BIN)/python -m tests.bench.replay $(AT_LENGTH)

bench-tick: $(VENV)/installed-dev ## an evaluation over 10,000 dimensions, and with a hundred times the requests
	$(BIN)/python -m tests.bench.tick $(AT_LENGTH)

bench-alerts: $(VENV)/installed-dev ## simulated traffic: false pages, and how long outages take to be paged
	$(BIN)/python -m tests.bench.evidence $(AT_LENGTH)

bench-flood: $(VENV)/installed-dev ## a thousand alerts at once: how long until the first Slack call
	$(BIN)/python -m tests.bench.flood $(AT_LENGTH)

bench-detection: $(VENV)/installed-dev ## from the start of an outage to the Slack call, beside the formula
	$(BIN)/python -m tests.bench.detection $(AT_LENGTH)

bench-ingest: $(VENV)/installed-dev ## durable acknowledgements over HTTP, single events and batches
	$(BIN)/python -m tests.bench.ingest $(AT_LENGTH)

bench-sustained: $(VENV)/installed-dev ## five minutes of 20,000 events a second into the table and its rollups
	$(BIN)/python -m tests.bench.sustained

bench-memory: $(VENV)/installed-dev ## half an hour of load: resident memory and its slope
	$(BIN)/python -m tests.bench.memory

bench-start: $(VENV)/installed-dev ## from a second `make run` to /readyz
	$(BIN)/python -m tests.bench.start $(AT_LENGTH)

bench-cardinality: $(VENV)/installed-dev ## one client invents model names: the tick and the alerts of the others
	$(BIN)/python -m tests.bench.cardinality $(AT_LENGTH)

bench-web: $(VENV)/installed-dev ## every page over 10,000 dimensions, one browser and eight at once
	$(BIN)/python -m tests.bench.web $(AT_LENGTH)

bench-kept: $(VENV)/installed-dev ## what an incident takes in Redis
	$(BIN)/python -m tests.bench.kept $(AT_LENGTH)

bench-scaling: $(VENV)/installed-dev ## what 1 k, 100 k and 10 M requests a second need, from the figures above
	$(BIN)/python -m tests.bench.scaling

audit: $(VENV)/installed-dev ## known vulnerabilities of the locked packages (asks PyPI)
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install -q --disable-pip-version-check pip-audit
	$(BIN)/python -m tests.dependencies.audit $(VENV)/audit/bin/pip-audit

format: $(VENV)/installed-dev ## format and fix what can be fixed
	$(BIN)/ruff format o11y tests deploy
	$(BIN)/ruff check --fix o11y tests deploy

lock: $(VENV)/installed-dev ## choose dependency versions anew, within pyproject.toml
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --python-version 3.11 --no-annotate --no-header \
		--extra embedded --extra fast pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate --no-header \
		--extra embedded --extra fast --group dev --group build -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate --no-header \
		--group build -c requirements-dev.lock -o requirements-build.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m tests.dependencies.licences

clean: ## remove what was installed and made, but not ./data
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find o11y tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: ## remove ./data: events, alerts, secrets
	rm -rf data

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("o11y needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

# Exactly the locked versions, checked by hash; then this checkout itself, without asking for anything newer.
$(VENV)/installed: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-build.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
