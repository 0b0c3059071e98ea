# `make help` lists what there is to do. Everything happens in environments of its own beside this file.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
CODE := $(wildcard src tests bench training examples/*.py)
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard examples/*/pyproject.toml tests/*/pyproject.toml))
PIP = $(PYTHON) -m pip --disable-pip-version-check --no-input -qq --python
LOCKED := install --only-binary :all: --require-hashes --requirement
OURS := install --no-deps --no-build-isolation
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

# A stamp carries the digest of what its environment was made from, so a changed lock makes it anew.
digest = $(shell cat $(1) | sha256sum | cut -c1-16)
DEV := .venv/made-$(call digest,requirements/dev.txt pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS)))
BASE := .venv-base/made-$(call digest,requirements/base.txt)
READERS := .venv-publish/made-$(call digest,requirements/publish.txt pyproject.toml)
PEERS := .venv-bench/made-$(call digest,requirements/bench.txt pyproject.toml)

# Whole programs, each in an environment of its own, unlocked: typer above 0.28 breaks the first, the second forgets requests.
RIVAL_data-designer := data-designer==0.9.7 typer==0.25.1 rensa==0.5.0
RIVAL_distilabel := distilabel[openai]==1.5.3 requests rensa==0.5.0
RIVALS := .venv-peer-data-designer/made .venv-peer-distilabel/made

.PHONY: help env test torch browser quick check lint types layers size bench bench-peers clients publish-check regret planted prove lock format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(DEV) ## the environment to work in: .venv

test: check size browser torch ## everything CI asks: lint, types, layers, size, tests, examples
	$(BIN)/pytest -n 2

torch: $(DEV) ## PyTorch, with which tests train a miniature; unlocked, since which build fits depends on the machine
	$(BIN)/python -c "import torch" 2> /dev/null || $(PIP) $(BIN)/python install --only-binary :all: torch==2.13.0

browser: ## the Chromium that the tests of pages look through, where there is none
	command -v chromium > /dev/null || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core)

quick: check ## lint, types, layers and the fast tests, in under a minute
	$(BIN)/pytest -n 2 --hypothesis-profile quick -m "not slow and not prove"

check: lint types layers

lint: $(DEV) ## ruff
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(DEV) ## mypy, strict
	$(BIN)/mypy $(CODE)

layers: $(DEV) ## the arrows of the house, by import-linter
	$(BIN)/lint-imports

format: $(DEV) ## let ruff put the code in order
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

size: $(DEV) $(BASE) ## the install that users get, with the toy beside it, and what it weighs
	rm -rf build/wheel
	for package in . tests/toy; do (cd $$package && $(CURDIR)/$(BIN)/hatchling build -t wheel -d $(CURDIR)/build/wheel) &> /dev/null; done
	$(PIP) .venv-base/bin/python install --no-deps --force-reinstall build/wheel/*.whl
	@find .venv-base/lib -type f -printf '%s %f\n' | awk '/\.pyc$$/ {made += $$1; next} {held += $$1} \
		END {printf "base install: %d MB, and %d MB of bytecode that Python compiles from it\n", held / 1e6, made / 1e6}'

bench: $(DEV) ## ratios, each measured against something in the same process
	for script in $(filter-out $(addprefix bench/,regret.py drift.py datagen_planted.py datagen_peers.py),$(wildcard bench/*.py)); do $(BIN)/python $$script; done

bench-peers: $(DEV) $(PEERS) $(RIVALS) ## calls, policies and whole runs beside other libraries, in .venv-bench and .venv-peer-*
	.venv-bench/bin/python bench/paths.py --peers
	.venv-bench/bin/python bench/policies.py --peers
	$(BIN)/python bench/datagen_peers.py

clients: $(PEERS) ## the openai SDK and LiteLLM against the practice server, in .venv-bench
	.venv-bench/bin/python -m pytest tests/llm/test_practice_clients.py tests/llm/test_providers.py

publish-check: $(READERS) ## what others read datasets with, and LanceDB, in .venv-publish
	.venv-publish/bin/python -m pytest tests/workflows/datagen/test_publishing.py tests/workflows/datagen/test_published_readers.py \
		tests/text/test_index.py

regret: $(DEV) ## the regret of every policy, also where arms change and on the simulator of reprompts, into docs/: many minutes
	$(BIN)/python bench/regret.py
	$(BIN)/python bench/drift.py
	$(BIN)/python bench/rts.py

planted: $(DEV) ## what learning saves where the quality of the arms is planted, into docs/datagen.md: some minutes
	$(BIN)/python bench/datagen_planted.py

prove: $(DEV) ## the long campaigns, of which the tests run a short form
	$(BIN)/pytest -m prove --hypothesis-profile prove -o faulthandler_timeout=0

lock: $(DEV) ## make the lock files anew
	$(COMPILE) --upgrade --extra dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --constraint requirements/dev.txt --output-file requirements/base.txt pyproject.toml
	$(COMPILE) --upgrade --output-file requirements/bench.txt pyproject.toml requirements/bench.in
	$(COMPILE) --upgrade --output-file requirements/publish.txt pyproject.toml requirements/publish.in

clean: ## remove all that was made here
	rm -rf .venv .venv-base .venv-bench .venv-peer-* .venv-publish build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(DEV):
	$(PYTHON) -m venv --clear --without-pip .venv
	$(PIP) $(BIN)/python $(LOCKED) requirements/dev.txt
	$(PIP) $(BIN)/python $(OURS) $(addprefix --editable ,. $(PLUGINS))
	touch $@

$(BASE):
	$(PYTHON) -m venv --clear --without-pip .venv-base
	$(PIP) .venv-base/bin/python $(LOCKED) requirements/base.txt
	touch $@

.venv-peer-%/made:
	$(PYTHON) -m venv --clear --without-pip .venv-peer-$*
	$(PIP) .venv-peer-$*/bin/python install --only-binary :all: $(RIVAL_$*) && touch $@ || \
		{ rm -rf .venv-peer-$*; echo "$* cannot be installed here, so nothing is measured beside it" >&2; }

$(PEERS):
	$(PYTHON) -m venv --clear --without-pip .venv-bench
	$(PIP) .venv-bench/bin/python $(LOCKED) requirements/bench.txt
	$(PIP) .venv-bench/bin/python $(OURS) --editable .
	touch $@

$(READERS): # jsonpath-rw comes as source alone
	$(PYTHON) -m venv --clear --without-pip .venv-publish
	$(PIP) .venv-publish/bin/python $(LOCKED) requirements/publish.txt --no-binary jsonpath-rw
	$(PIP) .venv-publish/bin/python $(OURS) --editable .
	touch $@
