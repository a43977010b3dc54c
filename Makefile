# Every target sets up what it needs by itself. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Sources are compiled at set-up, whatever the environment says: `import tensorflow` takes 2 s instead of 14 s.
unexport PYTHONDONTWRITEBYTECODE
# By all processors, where pip would use one.
COMPILE := $(BIN)/python -m compileall -q -j 0
PYTEST := $(BIN)/python -m pytest
# One more than two cores have: some wait for servers, or for an agent's next look.
WORKERS ?= 3
PURE := domain sweeps config services
SYSTEM_PARTS := chromium docker.io faketime mmdebstrap munge openssl postgresql slurm-wlm strace
SHELL_SCRIPTS := .ci/run $(wildcard *.sh deploy/*/*.sh deploy/*/*.sbatch tests/parts/*/*.sh)
DOCKERFILES := Dockerfile $(wildcard tests/parts/*/Dockerfile)
AXE := axe-core@4.14.1
comma := ,
empty :=
space := $(empty) $(empty)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo check format test test-unit test-system test-containers test-chaos chaos system-parts coverage bench picture screenshots notebooks lock config-reference clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime ## .venv from requirements.lock: hash-checked, byte-compiled

setup-dev: $(VENV)/.dev ## the same with what tests and checks need

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "Sweepyard needs Python 3.11 to 3.13; received %d.%d. Say: make PYTHON=python3.11 ..." % v)'
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@if [ ! -e $(VENV)/.dev ]; then echo "Installing from requirements.lock (hash-checked; some minutes on a first run) ..."; \
	  $(PIP) install --quiet --no-compile --require-hashes -r requirements.lock; fi
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(COMPILE) $(VENV)/lib src
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing from requirements-dev.lock (hash-checked; some minutes on a first run) ..."
	@$(PIP) install --quiet --no-compile --require-hashes -r requirements-dev.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(COMPILE) $(VENV)/lib src tests
	@touch $@

demo: setup ## the main job: hub, sweep, two agents, leaderboard, predictions
	@$(BIN)/sweepyard demo

check: setup-dev ## format, lint (containers and shell too), types, import floors, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/shellcheck $(SHELL_SCRIPTS)
	$(BIN)/hadolint $(DOCKERFILES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -q tests/docs

format: setup-dev ## rewrite the sources in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup-dev coverage ## tests that need Python alone; parts that are missing are skipped and listed
	$(PYTEST) -q -n $(WORKERS) --dist loadgroup -m "not system and not chaos" tests --ignore tests/docs $(foreach room,$(PURE),--ignore tests/unit/$(room))

test-unit: setup-dev ## unit tests of the pure rooms, in seconds
	$(PYTEST) -q -n 2 --dist loadfile --no-loadscope-reorder --hypothesis-profile=quick $(foreach room,$(PURE),tests/unit/$(room))

coverage: setup-dev ## unit tests of the pure rooms, with their branch coverage (at least 95%)
	rm -rf build/coverage
	mkdir -p build/coverage
	$(BIN)/coverage run --source=$(subst $(space),$(comma),$(foreach room,$(PURE),src/sweepyard/$(room))) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(foreach room,$(PURE),tests/unit/$(room))
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered --fail-under=95

system-parts: ## install what test-system needs beside Python (Debian; as root)
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SYSTEM_PARTS) $(shell command -v npm > /dev/null || echo npm)
	mkdir -p build/axe-core
	cd build/axe-core && npm pack --silent $(AXE) && tar -xzf axe-core-*.tgz

test-system: setup-dev ## the demo, the notebooks, real PostgreSQL, Chromium, Slurm, Ray, Docker, openssl and faketime (make system-parts; as root)
	$(PYTEST) -q -n 2 --dist loadfile --no-loadscope-reorder -m system tests

test-containers: setup-dev ## of these, the image and the Compose stack on a Docker engine of their own (make system-parts; as root)
	$(PYTEST) -q tests/containers

test-chaos: setup-dev ## kill hubs and agents 3 times each: nothing lost, nothing twice, nobody left
	$(PYTEST) -q -m chaos tests

chaos: setup-dev ## the same 50 times each; takes the better part of an hour
	CHAOS_ROUNDS=50 $(PYTEST) -q -m chaos tests

bench: setup-dev ## benchmarks, by hand; their results are committed in docs/
	$(BIN)/python benchmarks/tracking_cost.py

config-reference: setup-dev ## write docs/config-reference.md from the schema
	$(BIN)/python -m sweepyard.config.reference > docs/config-reference.md

picture: setup-dev ## draw docs/demo.svg from a real demo
	$(BIN)/python docs/picture_of_the_demo.py < /dev/null

screenshots: setup-dev ## take the pictures in docs/screenshots/ from a real sweep (make system-parts)
	$(BIN)/python docs/screenshots.py

notebooks: setup-dev ## run the notebooks and write what they show to docs/notebooks/
	$(BIN)/python docs/pages_of_the_notebooks.py

# The locks hold versions and hashes, never hosts: they install from whichever index the user has.
lock: ## resolve the locks anew (needs a package index)
	@test -x build/uv/bin/uv || ($(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv)
	build/uv/bin/uv pip compile --universal --generate-hashes --no-header --upgrade --quiet pyproject.toml --extra build --extra cpu --extra hub --extra samples --extra postgres -o requirements.lock
	build/uv/bin/uv pip compile --universal --generate-hashes --no-header --upgrade --quiet pyproject.toml -c requirements.lock --extra build --extra cpu --extra hub --extra samples --extra postgres --extra remote --extra export --extra report --extra pictures --extra notebook --extra jax --extra slurm --extra ray --extra joblib --extra dev -o requirements-dev.lock
	build/uv/bin/uv pip compile --universal --generate-hashes --no-header --upgrade --quiet pyproject.toml --extra build --extra gpu --extra hub --extra samples --extra postgres -o requirements-gpu.lock
	build/uv/bin/uv pip compile --universal --generate-hashes --no-header --upgrade --quiet pyproject.toml -c requirements.lock --extra build --extra cpu --extra hub --extra samples --extra postgres --extra notebook --extra lab -o requirements-notebook.lock

clean: ## remove what set-up and runs have made (not the hub's home)
	rm -rf $(VENV) build dist outputs multirun .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
