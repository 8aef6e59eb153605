# Everything runs in .venv, made on first use; nothing else of the machine is changed.
#
#   make run     the gateway: with teleinfo.yaml, else on meters it finds, else on simulated ones
#   make test    every test, on the checkout and on the installed wheel
#   make lint    style and types
#   make docs    the documentation, in docs/_build/html
#   make bench   speed, latency and memory, in figures
#   make bench-integrity   how many wrong values a damaged line gets published (five minutes)
#   make info    info.json from the label table
#   make records the types of the page from the records of the HTTP API
#   make screenshots   the pictures of the page, in docs/images
#   make test-homeassistant   entities, statistics and commands in a Home Assistant of its own; with
#                      HOMEASSISTANT_PYTHON=python3.13 in a newer one (two minutes)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UI := plugin/teleinfo_gateway/web/ui
HOMEASSISTANT_PYTHON ?= $(PYTHON)
HOMEASSISTANT_VENV := .venv-homeassistant/$(subst /,_,$(HOMEASSISTANT_PYTHON))
HOMEASSISTANT_TESTS := tests/homeassistant

.PHONY: run test test-checkout test-wheel test-homeassistant lint docs ui-check bench \
    bench-integrity info records screenshots clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	$(BIN)/teleinfo run --or-demo

# Brokers, browsers and databases on a busy machine: a test that fails has one more try, without the
# others. What then passes has been told as a failure, and is a race to mend.
AGAIN := --last-failed --last-failed-no-failures=none

test: test-checkout test-wheel

test-checkout: $(VENV)/dev.stamp
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest || $(BIN)/coverage run -m pytest $(AGAIN)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# The same tests against what a user installs: a wheel made from the source distribution.
test-wheel: $(VENV)/dev.stamp
	rm -rf build/wheel
	$(BIN)/python -m build --outdir build/wheel
	$(PYTHON) -m venv --without-pip build/wheel/venv
	$(BIN)/pip --python build/wheel/venv/bin/python install --quiet --group test "$$(ls build/wheel/*.whl)[all]"
	build/wheel/venv/bin/python -m pytest -q || build/wheel/venv/bin/python -m pytest -q $(AGAIN)

# The newest Home Assistant that runs on this Python; its environment is apart, for it pins versions.
test-homeassistant: $(VENV)/run.stamp $(HOMEASSISTANT_VENV)/stamp
	TELEINFO_PYTHON=$(abspath $(BIN))/python \
	    $(HOMEASSISTANT_VENV)/bin/python -m pytest $(HOMEASSISTANT_TESTS)

lint: $(VENV)/dev.stamp ui-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

ui-check: $(VENV)/dev.stamp
	$(BIN)/python hatch_build.py run --silent check

docs: $(VENV)/dev.stamp
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(VENV)/bench.stamp
	$(BIN)/python benchmarks/run.py

bench-integrity: $(VENV)/dev.stamp
	$(BIN)/python benchmarks/integrity.py

info: $(VENV)/dev.stamp
	$(BIN)/python -m teleinfo_gateway.info > info.json

records: $(VENV)/dev.stamp
	$(BIN)/python -m teleinfo_gateway.web.typescript > $(UI)/src/gateway/records.ts

screenshots: $(VENV)/dev.stamp
	$(BIN)/python -m tests.page.screenshots

clean:
	rm -rf $(VENV) build dist docs/_build .coverage*

# Debian's python3 comes without the package that lets venv install pip.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	    if [ "$$(id -u)" = 0 ]; then sudo=; \
	    elif command -v sudo >/dev/null; then sudo=sudo; \
	    else echo "As root: apt-get install python3-venv; then again: make" >&2; exit 1; fi; \
	    echo "Python comes without its package python3-venv here; it is installed now." >&2; \
	    $$sudo apt-get update -qq && $$sudo apt-get install -y -qq python3-venv >/dev/null; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "$(CURDIR)/$(VENV) cannot be made: is the disk full, or the folder not yours?" >&2; exit 1; }
	@$(BIN)/pip install --quiet --upgrade pip

# The page is bundled when the package is installed.
PAGE := $(shell find $(UI) -name node_modules -prune -o -type f -print)

$(VENV)/run.stamp: $(BIN)/pip pyproject.toml hatch_build.py $(PAGE)
	@echo "Installing into $(VENV) (a minute, once) ..."
	@$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@$(BIN)/pip install --quiet --group dev
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp
	@$(BIN)/pip install --quiet --group bench
	@touch $@

$(HOMEASSISTANT_VENV)/stamp: $(addprefix $(HOMEASSISTANT_TESTS)/,requirements.txt needs.py) | $(BIN)/pip
	@echo "Installing Home Assistant into $(HOMEASSISTANT_VENV) (a minute, once) ..."
	@$(HOMEASSISTANT_PYTHON) -m venv --clear --without-pip $(HOMEASSISTANT_VENV)
	@$(BIN)/pip --python $(HOMEASSISTANT_VENV)/bin/python install --quiet \
	    -r $(HOMEASSISTANT_TESTS)/requirements.txt
	@$(HOMEASSISTANT_VENV)/bin/python $(HOMEASSISTANT_TESTS)/needs.py > $(HOMEASSISTANT_VENV)/needs.txt
	@$(BIN)/pip --python $(HOMEASSISTANT_VENV)/bin/python install --quiet \
	    -r $(HOMEASSISTANT_VENV)/needs.txt
	@touch $@
