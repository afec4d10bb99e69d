# Two commands do everything: make lab, make test.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help lab test test-kind test-labs lint notebooks bench badge assets clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "k8slab needs Python 3.11 or newer: no '$(PYTHON)' found; install it or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "k8slab needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V); say make PYTHON=/path/to/a/newer/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' has no venv module; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "== creating the environment in $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --editable '.[test]'
	@$(BIN)/python -m compileall -q k8slab
	@touch $(STAMP)

lab: $(STAMP) ## Open JupyterLab on the labs, with a cluster running
	@echo "== starting JupyterLab on your copy of the labs with an embedded cluster (Ctrl-C ends JupyterLab)"
	@$(BIN)/k8slab lab $(ARGS)

test: $(STAMP) lint ## Run all tests, the notebooks among them
	@echo "== unit tests and doctests"
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope --ignore=tests/browser --ignore=tests/notebooks --ignore=tests/kind
	@echo "== notebooks (nbval, strict where there are outputs: seed and stepped clock)"
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup tests/notebooks
	@echo "== JupyterLab in a browser"
	@$(BIN)/python -m pytest -q -rs tests/browser

test-kind: $(STAMP) ## Run the tests that need a container engine and kind's node image
	@K8SLAB_TEST_KIND=1 $(BIN)/python -m pytest -q -rs tests/kind tests/cluster/test_kind.py

test-labs: $(STAMP) ## Run the labs on a cluster that is yours to break: CONTEXT=NAME LABS="02 03"
	@$(BIN)/python -m tests.notebooks.elsewhere "$(CONTEXT)" $(LABS)

lint: $(STAMP) ## Check format, style, types and layers
	@echo "== ruff, mypy, import-linter"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > .lint-imports.log || { cat .lint-imports.log; exit 1; }; rm -f .lint-imports.log

notebooks: $(STAMP) ## Make the labs' notebooks: the learner copies, and the solved ones with their outputs
	@$(BIN)/python -m k8slab.lessons.catalogue
	@$(BIN)/python tests/notebooks/execute.py $(ARGS)

bench: $(STAMP) ## Measure the figures of the README
	@$(BIN)/python -m benchmarks $(ARGS)

badge: ## Print the badge that opens this repository on mybinder.org
	@$(PYTHON) tools/badge.py

assets: ## Build the JavaScript of widgets and JupyterLab (needs npm; the result is committed)
	@cd js && npm ci --silent && npm run --silent build

clean: ## Remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dist build
