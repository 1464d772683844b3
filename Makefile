# make test   everything that must hold, with its own set-up
# make demo   the whole cycle on a small real repository; REPO=PATH: on a clone of yours
# make check  the fast part of the tests: types, style, everything without a model
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo-out
JOBS ?= $(shell n=$$(nproc); echo $$((n < 4 ? n : 4)))

.PHONY: test demo check lint setup clean

test: lint
	$(BIN)/pytest -n $(JOBS) -m "not model"
	$(BIN)/pytest -m model

check: lint
	$(BIN)/pytest -n $(JOBS) -m "not model"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

demo: setup
ifdef REPO
	$(BIN)/switchover cycle --repo "$(REPO)" --out "$(OUT)/$(notdir $(abspath $(REPO)))"
else
	$(BIN)/switchover demo --out "$(OUT)/demo"
endif

setup: $(VENV)/.ready

$(VENV)/.ready: requirements/cpu.lock requirements/npm/package-lock.json requirements/setup pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" requirements/setup
	@touch $@

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
