PYTHON ?= python3
# Python's first message goes nowhere until start.py gives the error output back: on Ctrl-C it would be a traceback.
BOOTSTRAP = command -v $(firstword $(PYTHON)) >/dev/null || { echo "Python is missing: $(PYTHON)" >&2; exit 127; }; \
  exec 3>&2 2>/dev/null $(PYTHON) -S bootstrap/start.py

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

up: ## PostgreSQL for Backstage in Docker, and app-config.local.yaml
	@$(BOOTSTRAP) up

env: ## .env with the POSTGRES_ variables, for dotenv-cli and env-cmd
	@$(BOOTSTRAP) env

down: ## destroy that database with its data, delete the written files
	@$(BOOTSTRAP) down

clean: ## down, and remove all that was cached, built or started here
	@$(BOOTSTRAP) clean

tools: ## what the tests need
	@$(BOOTSTRAP) tools

check: ## formatting, lint and types
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended sh -c 'ruff format --check . && ruff check . && pyright && shellcheck components/local/*.sh'

docs: ## the reference, from the docstrings
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended python -m docs.reference

unit: ## the unit tests alone: a quick look
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended --interrupt pytest -q -n auto tests/unit

lock: ## the exact versions and hashes of the Python packages, from requirements/*.txt
	@$(BOOTSTRAP) python
	@for name in dev test go; do ( $(BOOTSTRAP) run uv pip compile --quiet --upgrade --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command 'make lock' \
	  --output-file requirements/$$name.lock requirements/$$name.txt ) || exit 1; done

test: tools check ## all tests, on the real engine, Docker and Backstage
	@$(BOOTSTRAP) run --unattended --interrupt pytest -n 4 --dist loadgroup tests

bench: tools ## the cost of ours against the least possible
	@$(BOOTSTRAP) run --unattended --interrupt python -m tests.bench

reliability: tools ## measure docs/reliability.md: faults, hostile arguments and load
	@$(BOOTSTRAP) run --unattended --interrupt python -m tests.reliability

.PHONY: help up env down clean tools check docs lock unit test bench reliability
