# sealrun: `make demo` runs the main job, `make test` everything. Both install what they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup setup-all setup-tests demo demo-market demo-page demo-proved test test-edge test-heavy test-inspector test-next test-page test-page-proofs test-token check coverage crash docs docs-check diagrams bench dist lock format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install what the local stack needs, without the contracts
	@local/setup.sh local

setup-all: ## install everything (done by the others)
	@local/setup.sh local local/mina contracts @sealrun/web

setup-tests: ## and what the tests and benchmarks compare with
	@local/setup.sh local local/mina contracts tests

demo: setup-all ## sell one real CI job on this machine, settled with real proofs; leaves out/demo/
	@python -m local.demo

demo-page: setup-all ## the same, and the buyer's page of it in a browser until Ctrl-C
	@python -m local.demo --keep

demo-proved: setup-all ## sell one CI job whose money moves on a proof of the CI's own token, with real proofs (half an hour, 7 GB)
	@python -m local.proved

demo-market: setup-all ## list an offer, sell its credits, find it, pay with credits, resell a ticket, with real proofs (minutes, 3 GB)
	@python -m local.credit_sale

check: setup-tests ## format, lint, strict types and unit tests, fast
	ruff format --check .
	ruff check .
	mypy
	lint-imports --no-logo
	npm run --silent check -w local/mina
	npm run --silent check -w contracts
	npm run --silent check -w @sealrun/web
	npm run --silent test -w @sealrun/web
	npm run --silent check -w infra/worker
	npm run --silent test -w infra/worker
	pytest -q -n auto -m "not peers" $(COVERAGE)

coverage: ## check, and how much of the code its tests run
	@$(MAKE) --no-print-directory check COVERAGE="--cov --cov-report=term:skip-covered"

test: check ## everything: check, real peers on loopback, contracts
	pytest -q -n auto --dist loadfile -m peers
	npm test --silent -w local/mina
	npm test --silent -w contracts
	npm run --silent test:proofs -w contracts

test-heavy: setup-tests ## before a release: the token's programs compiled anew, and two calls proved, folded and settled (half an hour, 7 GB)
	npm run --silent test:heavy -w contracts

test-token: setup-tests ## the pinned FungibleToken's own tests, and a sale in a token with real proofs (minutes, 3 GB)
	npm run --silent test:token -w contracts
	STEPS=40 node --test contracts/build/test/token_conservation.test.js

crash: setup-tests ## kill `sealrun serve` and ticks thirty times while they sell; nothing is lost or started twice (minutes)
	SEALRUN_KILLS=30 pytest -q -m peers tests/spine/test_served_sale.py tests/spine/test_tick.py -k killed

test-page: setup-tests ## the buyer's page in a real browser: sales, bad wallets, tampered receipts, hostile texts (minutes)
	python -m tests.page.world node --test --test-concurrency=1 tests/page/*.test.mjs
	python -m tests.page.credit_world node --test tests/page/credits/*.test.mjs

test-next: ## the same tests with the page as a Next.js package builds it (minutes)
	@local/setup.sh local local/mina contracts tests web/next
	npm run --silent build -w @sealrun/next
	npm run --silent check -w @sealrun/next
	SEALRUN_PAGE=web/next/out $(MAKE) --no-print-directory test-page

test-page-proofs: setup-tests ## an account from the page's opening to its end, left and emptied with real proofs (minutes, 3 GB)
	SEALRUN_TEST_PROOFS=1 python -m tests.page.world node --test tests/page/account.test.mjs

test-edge: setup-tests ## the tests of free calls, tickets and the public API, with an edge's Worker before the stack
	SEALRUN_TEST_EDGE=1 pytest -q tests/spine/test_sale.py tests/spine/test_tickets.py tests/spine/test_public_api.py

test-inspector: setup-tests ## MCP Inspector, fetched from npm, lists what a stack sells (a minute)
	pytest -q -m peers tests/spine/inspector.py

docs: docs-check ## build the documentation and serve it on loopback, until Ctrl-C
	@echo "http://127.0.0.1:8765"
	@python -m http.server --bind 127.0.0.1 --directory out/docs 8765

docs-check: setup ## build the documentation into out/docs; a warning is an error
	sphinx-build -q -W --keep-going -b html docs out/docs

diagrams: ## draw docs/diagrams/*.svg from their sources
	@local/setup.sh local docs
	node docs/diagrams/draw.mjs

bench: setup-tests ## measure, each figure beside its peer in the same run
	@python -m bench

dist: setup-tests ## build wheels, source archives and their bills of materials into dist/, the same bytes every time
	npm run --silent build -w contracts
	rm -rf dist
	@python -m infra.dist --out dist

format: setup-all ## put every file into the format that check wants
	ruff format .
	ruff check --fix .
	npm run --silent format -w local/mina
	npm run --silent format -w contracts

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# Of what mcp needs: what the layer of all functions has.
IN_DEPS := cffi cryptography idna pycparser pyjwt typing-extensions

lock: setup-all ## resolve all versions again (needs uv on PATH)
	$(LOCK) --upgrade --group dev -o requirements.txt
	$(LOCK) --group runtime -c requirements.txt -o layers/deps/requirements.txt
	$(LOCK) --group mcp -c requirements.txt $(foreach name,$(IN_DEPS),--no-emit-package $(name)) -o layers/mcp/requirements.txt
	npm install --package-lock-only

clean: ## remove everything that was built or installed here
	rm -rf .venv node_modules out build dist contracts/build local/mina/build
