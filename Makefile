# onebook: everything that one types. `make help` explains.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
DURATION ?=
PYTEST_ARGS ?=
# Test files are shared out to as many processes as there are cores; files with slow tests are begun first.
SHARED := -n auto --dist loadfile --no-loadscope-reorder
ARGS ?=
SEED ?= 1
MOVEMENTS ?= 20000
FAULTS ?= 100
REPORT ?=
SOAK_MINUTES ?= 60

.PHONY: help
help:  ## This text
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "onebook needs Python 3.11 or newer"; exit 1; }
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --require-hashes -r requirements/dev.txt
	VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready  ## Make the virtual environment and see to the Debian packages
	@deploy/development/install_debian_packages.sh mosquitto

.PHONY: demo
demo: setup  ## Run everything on this machine with simulated warehouses (DURATION=60 stops after 60 s and checks)
	@$(VENV)/bin/onebook demo $(if $(DURATION),--duration-s $(DURATION))

.PHONY: test
test: $(VENV)/.ready  ## Set everything up and run all tests but the benchmarks
	@deploy/development/install_debian_packages.sh mosquitto gcc libc6-dev chromium fonts-noto-cjk victoria-metrics
	@$(MAKE) --no-print-directory lint
	$(VENV)/bin/pytest --ignore tests/benchmark $(SHARED) $(PYTEST_ARGS)

.PHONY: check
check: $(VENV)/.ready lint  ## Format, lint, types, imports, and the tests that need no other program (minutes)
	$(VENV)/bin/pytest tests/house tests/unit tests/contract tests/simulation $(SHARED) $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/.ready  ## ruff, mypy, import-linter
	$(VENV)/bin/ruff check --quiet .
	$(VENV)/bin/ruff format --quiet --check .
	$(VENV)/bin/mypy --no-error-summary
	@said=$$($(VENV)/bin/lint-imports --no-logo) || { echo "$$said"; exit 1; }

.PHONY: bench
bench: $(VENV)/.ready  ## Benchmarks in their long form: ratios against a floor measured in the same run (minutes)
	ONEBOOK_BENCH=long $(VENV)/bin/pytest tests/benchmark -s $(PYTEST_ARGS)

.PHONY: chaos
chaos: $(VENV)/.ready  ## Faults of every kind against real processes (SEED=, MOVEMENTS=, FAULTS=, REPORT=file)
	@deploy/development/install_debian_packages.sh mosquitto gcc libc6-dev
	$(PY) -m tests.chaos --seed $(SEED) --movements $(MOVEMENTS) --faults $(FAULTS) $(if $(REPORT),--report $(REPORT))

.PHONY: soak
soak: $(VENV)/.ready  ## Real processes for an hour: does anything grow or get lost (SOAK_MINUTES=, REPORT=file)
	@deploy/development/install_debian_packages.sh mosquitto
	$(PY) -m tests.soak --minutes $(SOAK_MINUTES) $(if $(REPORT),--report $(REPORT))

.PHONY: fuzz
fuzz: $(VENV)/.ready  ## A million hostile inputs on two processes, and the API against its description (minutes); ARGS="--seed 2"
	$(PY) -m tests.fuzz $(ARGS)
	ONEBOOK_FUZZ=long $(VENV)/bin/pytest tests/fuzz/test_api_description.py -n0 -s $(PYTEST_ARGS)

.PHONY: docs
docs: $(VENV)/.ready  ## Write what is generated: JSON Schema, AsyncAPI, OpenAPI, docs/configuration.md
	$(PY) -m tests.house.generated

.PHONY: lock
lock: $(VENV)/.ready  ## Resolve the dependencies anew into requirements/
	for extra in edge collector s3 dev; do \
	  VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --extra $$extra pyproject.toml -o requirements/$$extra.txt; done

.PHONY: clean
clean:  ## Remove what was built
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis var
