# Start with make demo or make test; the other targets are parts of these, or for developers.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
STAMP  := $(VENV)/installed
# Each test process starts its own MongoDB and App server.
WORKERS ?= 2
PYTEST := $(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-oldest check audit bench screenshots tutorial lint format install clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## downsample 2,000 images and open the App; ARGS="--images DIR --target-count N --no-app"
	@$(RUN) -m demo $(ARGS)

test: $(STAMP) ## run all tests, with a real MongoDB, App server and browser; WORKERS=2 ARGS="tests/core -x"
	@$(RUN) -m tests.app.browser
	@$(RUN) -m tests.ffmpeg
	@$(PYTEST) $(ARGS)

test-oldest: ## run the tests with the oldest supported versions; PYTHON=python3.10 or python3.11
	@.ci/test-oldest $(PYTHON)
	@.ci/test-oldest-fiftyone $(PYTHON)

audit: $(STAMP) ## check installed packages for known vulnerabilities; needs the network
	@test -x $(VENV)-audit/bin/pip-audit || $(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(RUN) .ci/audit.py $(VENV)-audit/bin/pip-audit "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

check: lint audit test test-oldest ## run all checks: format, lint, types, vulnerabilities, tests, oldest versions

lint: $(STAMP) ## check format, lint and types only
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

format: $(STAMP) ## format the code and fix what the linter can
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

bench: $(STAMP) ## measure time per image, a million paths and writing to FiftyOne; takes a few minutes
	@$(RUN) -m benchmarks.speed --rounds 3
	@echo
	@$(RUN) -m benchmarks.order
	@echo
	@$(RUN) -m benchmarks.diverse
	@echo
	@$(RUN) -m benchmarks.fiftyone_write

screenshots: $(STAMP) ## take the README's pictures of the demo and save them in assets/
	@$(RUN) -m tests.app.screenshots

tutorial: $(STAMP) ## run docs/tutorial.ipynb and save its outputs
	@$(RUN) -m demo.tutorial

install: $(STAMP) ## create .venv with everything the other targets need

clean: ## remove .venv and the demo's images and database
	rm -rf $(VENV) $(VENV)-audit $(VENV)-oldest $(VENV)-oldest-fiftyone .demo

$(STAMP): pyproject.toml demo/database.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "error: Python 3.10 or newer is required, but $(PYTHON) is $$($(PYTHON) --version 2>&1); name another one, as in: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "error: $(PYTHON) cannot create virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time this takes a few minutes ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@PYTHONWARNINGS=ignore $(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[fiftyone]" --group dev
	@$(RUN) -m demo.database
	@touch $(STAMP)
