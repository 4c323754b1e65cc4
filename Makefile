# `make up` has the product running; `make help` lists the rest.
.DEFAULT_GOAL := help
PORT ?= 4566
RUN = .venv/bin/python -m

SEED ?= $(shell date +%s)
TIME ?= 60

# A process for each processor and one for the local cloud, which get one test after the other: the longest come first.
PARALLEL = -n auto --dist loadgroup

# Whatever the surroundings say: to compile every module at every start takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help bootstrapped up down logs invoke lint quick test soak day fuzz mutations bench dashboard check audit sbom format

help: ## Lists the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

bootstrapped:
	@scripts/local/bootstrap

up: bootstrapped ## The whole product on this machine, with a sample execution (PORT=4566)
	@PORT=$(PORT) $(RUN) scripts.local.up

down: bootstrapped ## Ends it; its state is kept
	@$(RUN) scripts.local.down

logs: bootstrapped ## The latest log lines of every function
	@$(RUN) scripts.local.logs

invoke: bootstrapped ## Invokes one function: FUNCTION=GetExecution EVENT=events/get_execution.json
	@FUNCTION=$(FUNCTION) EVENT=$(EVENT) $(RUN) scripts.local.invoke

# `sam build` asks for it, for each function of template.yaml, and says by ARTIFACTS_DIR where its package belongs.
build-%:
	@$(or $(wildcard .venv/bin/python),python3.13) -m scripts.package "$(ARTIFACTS_DIR)"

lint: bootstrapped
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

quick: lint ## Lint, types, layers, and every test but the long ones: local cloud, models, crash points
	@.venv/bin/pytest $(PARALLEL) tests/unit tests/integration tests/faults/test_injected.py

test: bootstrapped ## Every test; those on the deployed template start a local cloud of their own
	@.venv/bin/pytest $(PARALLEL)

soak: bootstrapped ## 5,000 random histories of the model, 200 of concurrent clients (SEED= repeats one; failures are kept)
	@echo "· the seed is $(SEED)"
	@LODOL_EXAMPLES=5000 LODOL_HISTORIES=100 LODOL_FAULTS=2 .venv/bin/pytest $(PARALLEL) --hypothesis-seed=$(SEED) \
		tests/faults/test_model.py tests/faults/test_spec.py tests/e2e/test_histories.py

fuzz: bootstrapped ## Tries what reads JSON, programs and Python, guided by coverage (TIME=60 seconds each, READERS="json python")
	@UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --locked --quiet --inexact --group fuzz
	@$(RUN) scripts.fuzz --seconds $(TIME) $(READERS)

day: bootstrapped ## A day of load in minutes, with all that may break (MINUTES=10, SEED= repeats one, WRITE=1: into the guarantees)
	@$(RUN) scripts.day --minutes $(or $(MINUTES),10) --seed $(SEED) $(if $(WRITE),--write)

mutations: bootstrapped ## Removes one defence after the other; a test must fail for each (docs/guarantees.md)
	@$(RUN) scripts.mutations --write

bench: bootstrapped ## Measures beside others, writes docs/performance.md; QUICK=1: whether all works (SECTIONS="peers cost")
	@UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --locked --quiet --inexact --group bench
	@$(RUN) scripts.bench $(SECTIONS) $(if $(QUICK),--quick,--install) $(if $(ROUNDS),--rounds $(ROUNDS))

dashboard: bootstrapped ## Draws the dashboard of the running stack, of the last MINUTES (docs/pictures/dashboard.svg)
	@UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --locked --quiet --inexact --group bench
	@$(RUN) scripts.dashboard $(if $(MINUTES),--minutes $(MINUTES))

check: lint ## Lint, types, layers, template, lock file, generated files, secrets, known vulnerabilities
	@.venv/bin/ruff format --check .
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venv/bin/sam validate --lint
	@UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv lock --check
	@.venv/bin/python -m scripts.generated --check
	@$(RUN) scripts.audit

audit: bootstrapped ## Secrets, known vulnerabilities of everything that is locked, bandit, checkov on the template
	@$(RUN) scripts.audit --whole

sbom: bootstrapped ## What the functions ship, as CycloneDX: dist/sbom.cdx.json
	@mkdir -p dist
	@$(RUN) scripts.dependencies > dist/sbom.cdx.json

format: bootstrapped ## Formats, and writes the generated files
	@.venv/bin/ruff format .
	@.venv/bin/python -m scripts.generated
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
