# Every command of the project. Each one sets up what it needs and is safe to repeat.
#   make run HOST=0.0.0.0 PORT=8001      make test ARGS="-k refund"      make run PYTHON=python3.12

PYTHON ?= python3
ARGS ?=
export PYTHON

PY = .venv/bin/python
# The settings of a production machine, for the checks; a disposable folder, so that nothing of yours is read.
NEUTRAL = env -u DATABASE_URL -u REDIS_URL -u DEBUG -u STATIC_ROOT VAR_DIR=.venv/var
PRODUCTION = $(NEUTRAL) HTTPS=true PROXIES=1 ALLOWED_HOSTS=loyalty.example.com SECRET_KEY="$$($(PY) -c \
	'import secrets; print(secrets.token_urlsafe(50))')" REDIS_URL=redis://127.0.0.1:6379/0

.PHONY: help run test test-fast test-long lint bench environment

help:
	@echo "make run         start the back office on HOST:PORT (127.0.0.1:8000)"
	@echo "make test        everything: lint, checks, the suite on SQLite and on PostgreSQL with Redis"
	@echo "make test-fast   the suite on SQLite only, without what is slow (random lives, crowds of threads, other processes)"
	@echo "make test-long   the long tests, on both databases"
	@echo "make lint        style, types, migrations and settings"
	@echo "make bench       the benchmarks, in short"

run:
	@.ci/environment run
	@$(PY) manage.py run $(ARGS)

environment:
	@.ci/environment test

lint: environment
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(NEUTRAL) $(PY) -m mypy
	@$(NEUTRAL) $(PY) manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

test: lint
	@$(NEUTRAL) $(PY) -m pytest tests/test_architecture.py
	@$(PY) tests/matrix.py $(ARGS)

test-fast: environment
	@$(PY) tests/matrix.py --only sqlite -m "not (long or slow or few_examples)" $(ARGS)

test-long: environment
	@$(PY) tests/matrix.py -m "long or few_examples" --hypothesis-profile=long $(ARGS)

bench: environment
	@for benchmark in benchmarks/*.py; do echo "$$benchmark"; $(PY) $$benchmark --quick $(ARGS) || exit 1; done
