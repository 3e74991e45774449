# The blessed commands. Nothing is installed twice: a stamp in .venv is newer than what it was made from.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
CORE := .venv/.core-installed
FULL := .venv/.full-installed

RELEASE := .venv/.release-installed
DOCS := .venv/.docs-installed

.PHONY: help demo test slow check fix web bench dist lowest docs clean

help:
	@echo "make demo    colour the pictures in examples/ into demo-out/ (installs the light core, no torch)"
	@echo "make test    run the tests (installs every extra but gpu and gcs)"
	@echo "make slow    run the tests that take longer: every recipe trained, exported, used"
	@echo "make check   ruff, formatting, the floors of the packages (import-linter), mypy --strict"
	@echo "make fix     let ruff repair what it can, and format"
	@echo "make bench   time colouring one 12-megapixel JPEG"
	@echo "make web     build the page of `tintype serve` into src/tintype/server/static (needs Node 20)"
	@echo "make dist    build the wheel and sdist, check them, try README's lines from the wheel alone (PYTHONS='3.11 3.13')"
	@echo "make lowest  try the lowest versions of the libraries that are allowed"
	@echo "make docs    build the documentation site into site/, strictly; it can be read without a network"
	@echo "make clean   remove the virtual environment, caches and demo-out/"

demo: $(CORE)
	$(BIN)/tintype colorize examples --output demo-out --overwrite
	@echo "The coloured pictures are in $(CURDIR)/demo-out"

test: $(FULL)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow"

slow: $(FULL)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m slow

check: $(FULL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

fix: $(FULL)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(FULL)
	$(BIN)/python benchmarks/photo.py

web:
	cd web && npm ci --no-audit --no-fund && npm run build

PYTHONS ?= 3.11 3.13

dist: $(RELEASE)
	$(BIN)/python packaging/release.py --all $(PYTHONS:%=--python %)

lowest: $(RELEASE)
	$(BIN)/python packaging/release.py --lowest

docs: $(DOCS)
	$(BIN)/python -m mkdocs build --strict --clean

clean:
	rm -rf .venv dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis demo-out web/node_modules

.venv/bin/python:
	$(PYTHON) -m venv .venv

$(CORE): pyproject.toml | .venv/bin/python
	$(PIP) --editable .
	@touch $@

$(RELEASE): pyproject.toml | .venv/bin/python
	$(PIP) 'build>=1.2' 'check-wheel-contents>=0.6' 'packaging>=24' 'twine>=6' 'uv>=0.8'
	@touch $@

$(DOCS): pyproject.toml | .venv/bin/python
	$(PIP) --editable '.[docs,server]'
	@touch $@

# torch goes first and alone: the rest then finds it there and pulls no other build of it.
$(FULL): pyproject.toml constraints.txt | $(CORE)
	$(PIP) --constraint constraints.txt torch
	$(PIP) --constraint constraints.txt --editable '.[train,metrics,tune,video,heif,raw,pdf,server,oidc,otel,postgres,redis,s3,ray,docs,dev]'
	@touch $@
