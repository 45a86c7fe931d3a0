# Needs make and Python 3.11 or 3.12; everything else goes into .venv, by exact versions (constraints.txt).
#   make run ARGS="--once"     the whole product          make test ARGS="-k bars"   the tests
#   make bench                 the measurements           make check                 style, types, contracts
#   make bench-peers           the same job by other engines, in turns with ours (make bench-peers ARGS="--list")
#   make bench-compare BASE=HEAD~1   this checkout beside a commit; fails where it is slower beyond the noise
#   make bench-instructions            instructions of the kernels, counted by valgrind: no clock, no noise
#   make soak                  five billion ticks through one flow: does it grow?
#   make fmt                   formats the code           make torture               200 kills instead of 20
#   make fuzz RULES=1000000    random rules and requests  make audit                 code and secrets looked over
#   make coverage              the tests, and what they reach (WORKERS=3 test processes at once, WORKERS=0 for none)
#   make pins                  renews constraints.txt     make clean                 forgets all but the data in .esi
#   make evaluate              judges the market us on a panel of real values that does not ship: DATA names its folder, with
#                              panel/daily_inputs_1990_2026.csv.gz, macro/NAME.csv, reference/{STLFSI4,NFCI}.csv (docs/evaluation.md)
#   make evaluate-forecasts    judges the forecasts of `us` on the same DATA
#   make reference             builds the shipped history of `us` anew, from the data in DATA
#   make train ARGS="--market us --inputs PANEL"          teaches networks, with torch in a .venv-train of its own
#   make test-train            the tests that need torch  TORCH_INDEX= takes PyPI's torch, with CUDA (docs/forecast.md)

SUITABLE = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))
PYTHON ?= $(shell for python in python3.11 python3.12 python3 python; do \
	$$python -c '$(SUITABLE)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
ARGS ?=
# tests wait for servers more than they compute, so two cores carry three; a file's tests stay together: they share what they start
WORKERS ?= 3
RULES ?= 1000000
REQUESTS ?= 100000
EXAMPLES ?= 200
BASE ?= HEAD~1
SEED ?= 1
# hashes are no secrets, and addresses with a password are written down only for servers of tests
NOT_SECRET = --disable-plugin HexHighEntropyString --disable-plugin Base64HighEntropyString \
	--disable-plugin BasicAuthDetector --exclude-files 'package-lock\.json|\.reference$$'
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
DATA ?= ../shared/data
PANEL ?= $(DATA)/panel/daily_inputs_1990_2026.csv.gz
# torch for CPUs; empty: that of PyPI, which brings about 5 GB of CUDA
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TRAIN ?= .venv-train
TORCH_TESTS = $(shell grep -rl "make test-train" tests --include=test_*.py)

.PHONY: run test coverage bench bench-peers bench-compare bench-instructions soak check fmt torture fuzz audit pins docs evaluate evaluate-forecasts reference clean train test-train
.DELETE_ON_ERROR:

run: .venv/.installed
	@exec $(BIN)/esi up $(ARGS)

test: .venv/.installed-dev
	$(PYTEST) $(ARGS)

coverage: .venv/.installed-dev
	$(PYTEST) --cov --cov-report= $(ARGS)
	$(BIN)/coverage report --include="models/*" --fail-under=90
	$(BIN)/coverage report --fail-under=80

bench: .venv/.installed-dev
	$(BIN)/python -m bench $(ARGS)

bench-peers: .venv/.installed-dev .venv-peers/.installed
	$(BIN)/python -m bench.peers $(ARGS)

bench-compare: .venv/.installed-dev
	$(BIN)/python -m bench.compare $(BASE) $(ARGS)

bench-instructions: .venv/.installed-dev
	$(BIN)/python -m bench instructions $(ARGS)

soak: .venv/.installed-dev
	$(BIN)/python -m bench.soak $(ARGS)

.venv-peers/.installed: bench/peers/programs/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q -r $<
	@touch $@

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: .venv/.installed-dev
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

torture: .venv/.installed-dev
	ESI_TEST_KILLS=200 $(BIN)/python -m pytest --timeout=3600 -k kill $(ARGS)

# seeds say what is tried; give another SEED for another million
fuzz: .venv/.installed-dev
	$(BIN)/python -m tests.fuzz rules --count $(RULES) --seed $(SEED) --processes 2
	$(BIN)/python -m tests.fuzz requests --count $(REQUESTS) --seed $(SEED)
	ESI_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q tests/api/test_openapi_fuzz.py

# what needs no network; the workflow `audit` also asks for known faults of what we depend on
audit: .venv/.installed-audit
	$(BIN)/bandit --quiet -c pyproject.toml -ll -r schemas models dataflows api deploy evaluation
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook $(NOT_SECRET)

docs: .venv/.installed-dev
	$(BIN)/python -m deploy.settings_page

evaluate: .venv/.installed-dev
	@test -f "$(PANEL)" || { echo "make: no panel at $(PANEL): name the folder that has one: make evaluate DATA=..." >&2; exit 1; }
	$(BIN)/esi evaluate --market us --inputs "$(PANEL)" --macro "$(DATA)/macro" \
		--reference STLFSI4="$(DATA)/reference/STLFSI4.csv" --reference NFCI="$(DATA)/reference/NFCI.csv" \
		--out .esi/evaluation $(ARGS)
	mkdir -p docs/evaluation
	cp .esi/evaluation/report.json .esi/evaluation/report.html docs/evaluation/

evaluate-forecasts: .venv/.installed-dev
	@test -f "$(PANEL)" || { echo "make: no panel at $(PANEL): name the folder that has one: make evaluate-forecasts DATA=..." >&2; exit 1; }
	$(BIN)/esi evaluate --market us --inputs "$(PANEL)" --macro "$(DATA)/macro" --forecasts --no-robustness \
		--out .esi/forecasts $(ARGS)
	mkdir -p docs/evaluation
	cp .esi/forecasts/forecasts.json .esi/forecasts/forecasts.html docs/evaluation/

reference: .venv/.installed
	$(BIN)/esi reference build --market us --inputs "$(PANEL)" \
		--macro "$(DATA)/macro" --until 2025-12-31 --out deploy/references/us.reference

train: $(TRAIN)/.installed
	$(TRAIN)/bin/esi train $(ARGS)

test-train: $(TRAIN)/.installed
	$(TRAIN)/bin/python -m pytest $(TORCH_TESTS) $(ARGS)

pins: .venv/.installed-dev
	$(BIN)/python -m deploy.pins

clean:
	rm -rf .venv .venv-train .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov dist
	rm -rf api/static api/dashboard/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: ESI needs Python 3.11 or 3.12: install one, or name it: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what ESI needs into .venv (once; pip fetches what its cache lacks, which takes minutes)"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e .
	@echo "Installed: .venv takes $$(du -sm .venv | cut -f1) MB"
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Installing what its tests need into .venv (once)"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[dev]"
	@touch $@

.venv/.installed-audit: .venv/.installed-dev
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[audit]"
	@touch $@

# torch alone from its index, the rest by exact versions as everywhere
$(TRAIN)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: ESI needs Python 3.11 or 3.12: install one, or name it: make PYTHON=..." >&2; exit 1; }
	test -x $(TRAIN)/bin/python || $(PYTHON) -m venv $(TRAIN)
	@echo "Installing what training needs into $(TRAIN) (once)"
	$(if $(TORCH_INDEX),$(TRAIN)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --index-url $(TORCH_INDEX) torch)
	$(TRAIN)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[dev,train,track]"
	@touch $@
