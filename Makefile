# make setup   a virtual environment in .venv with everything pinned
# make demo    the whole loop on a throw-away repository
# make test    linters, types, tests with branch coverage; npm fetches GitHub's counterparts, once
# make docs    writes anew what is made from the code: docs/commands.md, docs/templates.md, README's table
# make excursions   runs again all that excursions/ records; says which metrics agree
# make trials  every template for three seeds and on a stand-in for a GPU; takes a quarter of an hour
# make faults  each fault at each request to GitHub, a kill after each step here; takes half an hour
# make pictures   those of docs/templates.md, by running each template; takes a while
# make bench   how fast it is, side by side with papermill; takes half an hour

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: setup demo test lint types check docs pictures excursions trials faults bench clean
.DELETE_ON_ERROR:

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@command -v git >/dev/null || { echo "git is needed: install it and try again"; exit 1; }
	@echo "Setting up $(VENV); this takes a few minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  hatchling editables setuptools wheel
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  --no-build-isolation -e '.[notebooks,plotly,circuitsvis,slurm,compare,dev]'
	@touch $@

docs: setup
	$(BIN)/python -m bot.commands.document
	$(BIN)/python -m bot.setup.form
	$(BIN)/excursion templates --markdown > docs/templates.md

demo: setup
	@$(BIN)/excursion demo

test: lint types check

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

check: setup
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n 4 --dist loadgroup --cov --cov-report=term:skip-covered

excursions: setup
	@$(BIN)/excursion reproduce --all

trials: setup
	EXCURSIONS_SEEDS=all $(BIN)/python -m pytest -n 2 --dist loadgroup tests/templates

faults: setup
	EXCURSIONS_FAULTS=all $(BIN)/python -m pytest -s tests/bot/actions/test_nothing_twice.py tests/e2e/test_kills.py

pictures: setup
	PYTHONPATH=tests $(BIN)/python -m templates.pictures

bench: setup
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.warm
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.outputs
	$(BIN)/python -m benchmarks.requests

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis
