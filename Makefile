PYTHON ?= python3
# Python's error output is discarded until start.py restores it: on an early Ctrl-C, Python would print a traceback.
BOOTSTRAP = command -v $(firstword $(PYTHON)) >/dev/null || { echo "Python is missing: $(PYTHON)" >&2; exit 127; }; \
  exec 3>&2 2>/dev/null $(PYTHON) -S bootstrap/start.py

# Whatever the locale: messages are not all ASCII, and a checkout's path may not be either.
export PYTHONUTF8 = 1
# They are for other programs, such as ROS: Python would find other modules with them, or none.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH

# All targets work on one machine and one stack: with -j, or `MAKEFLAGS=-j4`, too, one comes after the other.
.NOTPARALLEL:

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

up: ## start PostgreSQL in Docker, and write app-config.local.yaml
	@$(BOOTSTRAP) up

env: ## write the POSTGRES_ variables to .env, for dotenv-cli and env-cmd
	@$(BOOTSTRAP) env

down: ## destroy that database with its data, and delete the written files
	@$(BOOTSTRAP) down

clean: ## down, and remove everything that was cached, built or started
	@$(BOOTSTRAP) clean

tools: ## install what the tests need
	@$(BOOTSTRAP) tools

check: ## check formatting, lint and types
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended sh -c 'ruff format --check . && ruff check . && pyright && shellcheck components/local/*.sh'

docs: ## generate docs/reference.md from the docstrings
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended python -m docs.reference

unit: ## run only the unit tests, a quick check
	@$(BOOTSTRAP) python
	@$(BOOTSTRAP) run --unattended --interrupt pytest -q -n auto --dist loadfile tests/unit

lock: ## lock versions and hashes of the Python packages in requirements/*.txt
	@$(BOOTSTRAP) python
	@for name in dev test go; do ( $(BOOTSTRAP) run uv pip compile --quiet --upgrade --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command 'make lock' \
	  --output-file requirements/$$name.lock requirements/$$name.txt ) || exit 1; done

test: tools check ## run all tests, with the real engine, Docker and Backstage
	@$(BOOTSTRAP) run --unattended --interrupt pytest -n 4 --dist loadgroup tests

bench: tools ## compare the cost of the components with the least possible
	@$(BOOTSTRAP) run --unattended --interrupt python -m tests.bench

reliability: tools ## measure docs/reliability.md: faults, hostile arguments and load
	@$(BOOTSTRAP) run --unattended --interrupt python -m tests.reliability

.PHONY: help up env down clean tools check docs lock unit test bench reliability
