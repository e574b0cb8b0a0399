# The ways into the project. `make demo` and `make test` set up everything they need on Debian 12.

BOARD ?= stm32f7
# Empty: sea-64 if it is at hand, else the bundled model, which the demo always takes; nothing is downloaded.
MODEL ?=
# Labels: a head.npz for the model; empty: the bundled model's own for that model, none for others.
HEAD ?=
RUNTIME ?= native
PORT ?= virtual
# Empty: the loader over serial. Else openocd, pyocd, drive or rom.
VIA ?=
INPUTS ?= 20000
SEED ?= 1
VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)

SHARED := $(abspath ../shared)
ifneq ($(wildcard $(SHARED)/models),)
export EDGEL3_DEPLOY_TEST_DATA ?= $(SHARED)
export EDGEL3_DEPLOY_MODELS ?= $(SHARED)/models
endif

# Real sounds: those of OpenSFX, some to calibrate with, others to validate on; generated ones without that package.
CATALOGUE := /usr/share/games/openttd/baseset/opensfx/opensfx.cat
RECORDINGS := build/recordings
TEN_SECONDS := build/ten-seconds.wav
# Folders or files, AUDIO also in place of CALIBRATION; both empty: RECORDINGS, else generated sounds.
CALIBRATION ?=
AUDIO ?=

TOOL := $(VENV)/bin/edgel3-deploy
MODEL_OPTION = $(if $(MODEL),--model "$(MODEL)")
HEAD_FOUND = $(if $(HEAD),$(HEAD),$(filter bundled,$(MODEL)))
HEAD_OPTION = $(if $(HEAD_FOUND),--head "$(HEAD_FOUND)")
# A shell looks, each time: `recordings` makes the folders meanwhile.
found = $(shell test -d $(RECORDINGS)/$(1) && echo $(RECORDINGS)/$(1))
CALIBRATION_FOUND = $(if $(CALIBRATION),$(CALIBRATION),$(if $(AUDIO),$(AUDIO),$(call found,calibration)))
AUDIO_FOUND = $(if $(AUDIO),$(AUDIO),$(call found,validation))
CALIBRATION_OPTION = $(if $(CALIBRATION_FOUND),--calibration "$(CALIBRATION_FOUND)")
AUDIO_OPTION = $(if $(AUDIO_FOUND),--audio "$(AUDIO_FOUND)")

LISTEN = $(TOOL) listen --board $(BOARD) --port virtual --audio $(TEN_SECONDS) --check

PACKAGES := make gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm stm32flash python3-venv
TOOLS := gcc arm-none-eabi-gcc qemu-system-arm stm32flash
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: help demo recordings test test-boards test-host test-packages lint docs fuzz bench build flash validate setup system-packages clean

help:
	@echo "make demo      set up, build for $(BOARD), flash the virtual board twice, validate on audio, listen"
	@echo "make test      set up and run the tests"
	@echo "make lint      ruff and mypy"
	@echo "make docs      the documentation as a site: build/docs"
	@echo "make fuzz      damaged files, frames, builds  INPUTS=$(INPUTS) SEED=$(SEED)"
	@echo "make bench     compare the runtimes  TFLM_ROOT=DIR CMSIS_NN_ROOT=DIR, both optional"
	@echo "make build     build firmware        BOARD=$(BOARD) MODEL=$(MODEL) RUNTIME=$(RUNTIME) CALIBRATION=DIR HEAD=$(HEAD)"
	@echo "make flash     program the board     BOARD=$(BOARD) PORT=$(PORT) VIA=$(VIA), PORT=auto finds it"
	@echo "make validate  validate over serial  BOARD=$(BOARD) PORT=$(PORT) AUDIO=DIR"
	@echo "make clean     remove build/"

demo: MODEL := $(or $(MODEL),bundled)
# As with a real board: blank at first, so a debug probe programs it; from then on its loader takes updates.
demo: build
	rm -f build/$(BOARD)/virtual-flash.bin*
	$(TOOL) flash --board $(BOARD) --port virtual
	$(TOOL) flash --board $(BOARD) --port virtual --via serial
	$(TOOL) validate --board $(BOARD) --port virtual $(AUDIO_OPTION)
	$(VENV)/bin/python -m edgel3_deploy.listen.ten_seconds $(RECORDINGS) $(TEN_SECONDS)
	@if grep -q '"front_end": ""' build/$(BOARD)/manifest.json; then echo "This image has no front end: it cannot listen."; \
	else echo '$(LISTEN)'; $(LISTEN); fi

# Without the package the demo runs on generated sounds, and tests that need recordings say so.
recordings: setup
	@test -e $(CATALOGUE) || { echo "Installing real recordings: openttd-opensfx"; \
	    $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends openttd-opensfx; } || true
	@test ! -e $(CATALOGUE) || test -e $(RECORDINGS)/validation/CREDITS.txt || $(VENV)/bin/python -m edgel3_deploy.audio.opensfx $(CATALOGUE) $(RECORDINGS)

# Two halves of about the same length, beside each other; what they build knows nothing of this make's jobs.
BOARD_TESTS := tests/integration tests/firmware tests/emulate
test: setup recordings test-packages
	@$(MAKE) --no-print-directory --keep-going --jobs=2 test-boards test-host

# What builds exports as their users do, and shows pages as a browser does; without it those tests say so and are skipped.
TEST_TOOLS := cmake g++ arduino-builder chromium
test-packages:
	@for tool in $(TEST_TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	if [ -n "$$missing" ]; then \
	    echo "Installing system packages for tests (missing:$$missing)"; \
	    $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $(TEST_TOOLS); \
	fi || true

test-boards:
	unset MAKEFLAGS MFLAGS; $(VENV)/bin/python -m pytest $(BOARD_TESTS)

test-host:
	unset MAKEFLAGS MFLAGS; $(VENV)/bin/python -m pytest $(BOARD_TESTS:%=--ignore=%)

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(VENV)/.docs
	$(VENV)/bin/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

$(VENV)/.docs: $(VENV)/.installed
	$(VENV)/bin/python -m pip install -q -e '.[docs]'
	@touch $@

# The same seed gives the same inputs.
fuzz: setup
	$(VENV)/bin/python -m tests.fuzz --inputs $(INPUTS) --seed $(SEED)

bench: setup
	@$(VENV)/bin/python -c 'from benchmarks.mca import find_mca; find_mca()' 2>/dev/null || \
	{ $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends llvm; } || true
	$(VENV)/bin/python -m benchmarks

build: setup recordings
	@test -z "$(MODEL)" || test "$(MODEL)" = bundled || test -e "$(MODEL)" || $(TOOL) models pull "$(MODEL)"
	$(TOOL) build --board $(BOARD) $(MODEL_OPTION) --runtime $(RUNTIME) $(HEAD_OPTION) $(CALIBRATION_OPTION)

flash: setup
	$(TOOL) flash --board $(BOARD) --port $(PORT) $(if $(VIA),--via $(VIA))

validate: setup recordings
	$(TOOL) validate --board $(BOARD) --port $(PORT) $(AUDIO_OPTION)

setup: system-packages $(VENV)/.installed

system-packages:
	@for tool in $(TOOLS); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	test -e /usr/lib/arm-none-eabi/newlib/thumb/v7e-m+dp/hard/libc.a || \
	test -n "$$(ls -d /usr/lib/arm-none-eabi/newlib /usr/arm-none-eabi/lib 2>/dev/null)" || missing="$$missing newlib"; \
	if [ -n "$$missing" ]; then \
	    echo "Installing system packages (missing:$$missing)"; \
	    $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $(PACKAGES); \
	fi

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --upgrade pip
	$(VENV)/bin/python -m pip install -q -e '.[test]'
	@touch $@

clean:
	rm -rf build
