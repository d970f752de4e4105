# make demo   the whole job on this machine, offline after installation
# make demo-social   social posts to the real Bluesky server and fakes of all others, killed on the way
# make test   every test          make lint   style, types, layers
# make faults break everything, count what arrives
# make bench  measured figures    make docs   regenerate reference pages and pictures
#             (make bench ARGS="--full --write": every one of a million letters, kept in benchmarks/RESULTS.md)
# make pins   renew the hash-pinned requirement files

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv trusts the certificates of this machine, as pip does.
export UV_SYSTEM_CERTS := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Installs from hash-pinned lists: with uv, and when uv cannot be had or cannot do it, with pip.
INSTALL = { [ -x $(BIN)/uv ] && $(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode $(1); } || \
          $(BIN)/python -m pip install -q $(1)

.PHONY: demo demo-social test lint faults bench docs pins wheel clean

demo: $(VENV)/.run
	@$(BIN)/newsletter demo

demo-social: $(VENV)/.dev
	@$(BIN)/python -m tests.demo_social.run

test: $(VENV)/.dev
	$(BIN)/pytest -q -n 2

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults.run --write $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

wheel: $(VENV)/.dev
	rm -rf dist && $(BIN)/uv build -q --wheel --out-dir dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python3 cannot make a virtual environment here; on Debian: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install -q uv || echo "uv is not to be had; going on with pip"

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing …"
	@$(call INSTALL,--require-hashes -r requirements.txt)
	@$(call INSTALL,--no-deps -e .)
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "installing what the tests need …"
	@$(call INSTALL,--require-hashes -r requirements-dev.txt)
	@touch $@

pins: | $(VENV)/bin/python
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
