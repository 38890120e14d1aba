PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help demo test lint bench manage pins clean

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: ## Install, start everything with the demo company, on http://localhost:8000 (PORT=8100 make demo for another port)
	@exec $(PYTHON) config/install.py config.demo

test: ## Every check and every test, as CI runs them
	@exec $(PYTHON) config/install.py --tests config.check

lint: ## The static checks only
	@exec $(PYTHON) config/install.py --tests config.check --static

bench: ## make bench NAME=answer: one benchmark against services of its own
	@exec $(PYTHON) config/install.py --tests config.bench "$(NAME)"

manage: ## make manage ARGS="backtest FOLDER": a manage.py command on the demo's database, beside a running demo or without one
	@exec .venv/bin/python -m config.embedded .venv/bin/python manage.py $(ARGS)

pins: ## Compile the pinned requirements anew (make pins ARGS=--upgrade for newer versions)
	@exec $(PYTHON) config/install.py --tests config.pins $(ARGS)

clean: ## Delete .data and .venv
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m config.embedded --forget; fi
	rm -rf .data .venv
