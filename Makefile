# Set-up, checks and the demo. Needs Python 3.11 to 3.13 and make; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two workers begin with the tests that wait (for leases, for processes that were killed) and leave a core idle meanwhile;
# whoever is done takes over from those that have the long ones.
WORKERS ?= 3
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# One thread a process: renders run side by side, and two threads on a busy core are slower than one.
export OMP_NUM_THREADS ?= 1
# As engines do (engine/pool/process.py): tests render in their own process, too.
test: export MALLOC_TRIM_THRESHOLD_ ?= 134217728
test: export MALLOC_MMAP_THRESHOLD_ ?= 33554432
# Discord's own description of its API, where it is at hand: with it, tests check every request against it.
export MINSTREL_DISCORD_OPENAPI ?= $(abspath $(wildcard ../shared/discord-openapi.json))

DEMO := /song caption:"warm indie pop, hopeful, acoustic guitar, female voice" duration:75 seed:11 \
lyrics:"[verse]\nMorning light on the kitchen floor\nCoffee and rain at the open door\nEvery small thing I was waiting for\nComes in with you and asks for more\n[chorus]\nSing it out loud, let the whole street know\nWe built a radio out of snow\nSing it out loud, let the speakers glow\nThis is the song that we all will know"

.PHONY: demo install test check bench serve clean lock

demo: $(VENV)/.main
	rm -rf var/demo
	$(BIN)/minstrel play '$(DEMO)' --as demo --out var/demo

install: $(VENV)/.all

test: $(VENV)/.all
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(VENV)/.all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/docs

bench: $(VENV)/.all
	set -e; for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file; done

serve: $(VENV)/.main
	$(BIN)/minstrel serve

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Resolve anew after a change of dependencies. No registry's address ends up in a file.
lock: $(VENV)/.all
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra worker --extra acestep --extra build \
		--no-emit-index-url --generate-hashes --custom-compile-command "make lock" -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras -c requirements.lock \
		--no-emit-index-url --generate-hashes --custom-compile-command "make lock" -q -o requirements-dev.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Minstrel needs Python 3.11, 3.12 or 3.13. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What the main job needs: the front, the built-in engine, nothing for tests. (.all has it all.)
$(VENV)/.main: requirements.lock pyproject.toml | $(BIN)/python
	@test -e $(VENV)/.all || echo "Installing (about 3 GB on Linux because of torch; README tells the smaller way) ..."
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.all: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-build-isolation --no-deps -e .
	touch $@ $(VENV)/.main
