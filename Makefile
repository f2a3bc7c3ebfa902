PYTHON ?= python3

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

up: ## PostgreSQL for Backstage in Docker, and app-config.local.yaml
	@$(PYTHON) -m bootstrap up

env: ## .env with the POSTGRES_ variables, for dotenv-cli and env-cmd
	@$(PYTHON) -m bootstrap env

down: ## destroy that database with its data, delete the written files
	@$(PYTHON) -m bootstrap down

clean: ## down, and remove all that was cached, built or started here
	@$(PYTHON) -m bootstrap clean

tools: ## what the tests need
	@$(PYTHON) -m bootstrap tools

check: ## formatting, lint and types
	@$(PYTHON) -m bootstrap python
	@$(PYTHON) -m bootstrap run sh -c 'ruff format --check . && ruff check . && pyright'

docs: ## the reference, from the docstrings
	@$(PYTHON) -m bootstrap python
	@$(PYTHON) -m bootstrap run python -m docs.reference

test: tools check ## all tests, on the real engine, Docker and Backstage
	@$(PYTHON) -m bootstrap run pytest -n 4 --dist loadgroup tests

bench: tools ## the cost of ours against the least possible
	@$(PYTHON) -m bootstrap run python -m tests.bench

reliability: tools ## docs/reliability.md: faults, hostile arguments and load, all of it run anew
	@$(PYTHON) -m bootstrap run python -m tests.reliability

.PHONY: help up env down clean tools check docs test bench reliability
