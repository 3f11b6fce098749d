# make demo, make test: everything else is a part of these.
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
STAMP  := $(VENV)/installed
# Each of the processes that run tests has a MongoDB and an App server of its own.
WORKERS ?= 2
PYTEST := $(RUN) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-oldest check audit bench screenshots tutorial lint format install clean
.DEFAULT_GOAL := help

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## downsample 2,000 images and serve the App; ARGS="--images DIR --target-count N --no-app"
	@$(RUN) -m demo $(ARGS)

test: $(STAMP) ## run all tests, with a real MongoDB, App server and browser; WORKERS=2, ARGS="tests/core -x"
	@$(RUN) -m tests.app.browser
	@$(RUN) -m tests.ffmpeg
	@$(PYTEST) $(ARGS)

test-oldest: ## run the tests with the oldest versions that are claimed; PYTHON=python3.10 or 3.11
	@.ci/test-oldest $(PYTHON)
	@.ci/test-oldest-fiftyone $(PYTHON)

audit: $(STAMP) ## compare the installed packages with known vulnerabilities; needs the network
	@test -x $(VENV)-audit/bin/pip-audit || $(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	@$(RUN) .ci/audit.py $(VENV)-audit/bin/pip-audit "$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

check: lint audit test test-oldest ## all checks: format, lint, types, vulnerabilities, tests, oldest versions

lint: $(STAMP) ## format, lint and types only
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

format: $(STAMP) ## format the code and mend what the linter can
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

bench: $(STAMP) ## measure, in a few minutes: time per image, a million paths, writing to FiftyOne
	@$(RUN) -m benchmarks.speed --rounds 3
	@echo
	@$(RUN) -m benchmarks.order
	@echo
	@$(RUN) -m benchmarks.diverse
	@echo
	@$(RUN) -m benchmarks.fiftyone_write

screenshots: $(STAMP) ## take the README's pictures of the demo, into assets/
	@$(RUN) -m tests.app.screenshots

tutorial: $(STAMP) ## run docs/tutorial.ipynb and save it with its outputs
	@$(RUN) -m demo.tutorial

install: $(STAMP) ## make .venv with all that the other targets need

clean: ## remove .venv and the demo's images and database
	rm -rf $(VENV) $(VENV)-audit $(VENV)-oldest $(VENV)-oldest-fiftyone .demo

$(STAMP): pyproject.toml demo/database.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "error: Python 3.10 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1); say make PYTHON=python3.12 or so"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "error: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time this takes a few minutes ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@PYTHONWARNINGS=ignore $(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[fiftyone]" --group dev
	@$(RUN) -m demo.database
	@touch $(STAMP)
