# Every chore of the project. `make run` and `make test` need only python3, its venv module and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 8501

.PHONY: run install test bench bench-quality lint format clean programs

run: $(VENV)/installed  ## the workbench at http://127.0.0.1:8501
	@echo "Workbench: http://127.0.0.1:$(PORT)"
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

install: $(VENV)/installed  ## everything the workbench runs on, into .venv

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time takes a few minutes."
	$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(PIP) install -r requirements-dev.txt
	@touch $@

test: $(VENV)/installed-dev programs  ## all tests: units, pages, browser, services
	$(BIN)/python -m pytest tests --ignore=tests/ui --ignore=tests/browser --ignore=tests/services -n auto
	$(BIN)/python -m pytest tests/ui tests/browser tests/services -n 2 --dist loadfile

programs:
	@missing=; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="chromium"; \
	command -v redis-server >/dev/null || missing="$$missing redis-server"; \
	[ -z "$$missing" ] || { \
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& echo "Installing for the tests, from this system's packages: $$missing" \
		&& apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; } \
		|| echo "Not here, and no right to install it: $$missing. The tests that need it will be skipped."

bench: $(VENV)/installed-dev programs  ## latency, training time, memory, page speed
	$(BIN)/python -m benchmarks.run

bench-quality: $(VENV)/installed-dev  ## line models of a minute on real projects, against every baseline (20 minutes)
	$(BIN)/python -m benchmarks.quality

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## the environment and all caches; what you trained stays in .data
	rm -rf $(VENV) .pytest_cache .hypothesis .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
