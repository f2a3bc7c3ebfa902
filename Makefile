PYTHON ?= python3

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

up: ## PostgreSQL for Backstage in Docker, and app-config.local.yaml
	@$(PYTHON) -S bootstrap/start.py up

env: ## .env with the POSTGRES_ variables, for dotenv-cli and env-cmd
	@$(PYTHON) -S bootstrap/start.py env

down: ## destroy that database with its data, delete the written files
	@$(PYTHON) -S bootstrap/start.py down

clean: ## down, and remove all that was cached, built or started here
	@$(PYTHON) -S bootstrap/start.py clean

tools: ## what the tests need
	@$(PYTHON) -S bootstrap/start.py tools

check: ## formatting, lint and types
	@$(PYTHON) -S bootstrap/start.py python
	@$(PYTHON) -S bootstrap/start.py run --unattended sh -c 'ruff format --check . && ruff check . && pyright && shellcheck components/local/*.sh'

docs: ## the reference, from the docstrings
	@$(PYTHON) -S bootstrap/start.py python
	@$(PYTHON) -S bootstrap/start.py run --unattended python -m docs.reference

unit: ## the unit tests alone: a quick look
	@$(PYTHON) -S bootstrap/start.py python
	@$(PYTHON) -S bootstrap/start.py run --unattended pytest -q -n auto tests/unit

lock: ## the exact versions and hashes of the Python packages, from requirements/*.txt
	@$(PYTHON) -S bootstrap/start.py python
	@for name in dev test go; do $(PYTHON) -S bootstrap/start.py run uv pip compile --quiet --upgrade --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command 'make lock' \
	  --output-file requirements/$$name.lock requirements/$$name.txt || exit 1; done

test: tools check ## all tests, on the real engine, Docker and Backstage
	@$(PYTHON) -S bootstrap/start.py run --unattended pytest -n 4 --dist loadgroup tests

bench: tools ## the cost of ours against the least possible
	@$(PYTHON) -S bootstrap/start.py run --unattended python -m tests.bench

reliability: tools ## measure docs/reliability.md: faults, hostile arguments and load
	@$(PYTHON) -S bootstrap/start.py run --unattended python -m tests.reliability

.PHONY: help up env down clean tools check docs lock unit test bench reliability
