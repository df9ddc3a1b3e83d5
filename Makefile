# Two commands matter to a newcomer: make run, make test. Both install what they need and say what they cannot.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run build test lint format clean packages test-packages swift clients fuzz hostile crash peers

LAPIDARY := .build/release/lapidary
# One configuration for both commands, so that a test run after a demo builds the tests and nothing else.
BUILD := swift build -c release

help:
	@echo 'make run     build, and start a registry on a sample upstream: mirrors, tests and serves small Gemma models'
	@echo 'make test    set up everything the tests need, and run them all'
	@echo 'make lint    check the formatting'
	@echo 'make fuzz    run the parsers on RUNS=20000 broken inputs each'
	@echo 'make hostile run every hostile child RUNS=30 times in the sealed room'
	@echo 'make crash   kill Lapidary and cut its power POINTS=10000 times each'
	@echo 'make peers   install what bench smoke-test compares with: torch, transformers, llama.cpp (some minutes)'
	@echo 'make build   build .build/release/lapidary'

run: build
	@$(LAPIDARY) demo

build: packages swift
	@echo 'building lapidary (a first build takes 5 to 9 minutes on 2 cores, mostly packages)'
	@$(BUILD) --product lapidary

test: build test-packages clients lint
	@$(BUILD) --product lapidaryPackageTests
	@Tests/Fuzz/run 20000
	@swift test -c release --skip-build --disable-testable-imports --no-parallel

lint: swift
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests

format: swift
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

fuzz: swift
	@Tests/Fuzz/run $(or $(RUNS),20000)

hostile: packages swift
	@$(BUILD) --product lapidaryPackageTests
	@HOSTILE_RUNS=$(or $(RUNS),30) swift test -c release --skip-build --disable-testable-imports --no-parallel \
	    --filter SealedProcessTests

crash: packages swift
	@$(BUILD) --product lapidaryPackageTests
	@CRASH_POINTS=$(or $(POINTS),10000) swift test -c release --skip-build --disable-testable-imports --no-parallel \
	    --filter CrashTests

clean:
	@rm -rf .build .build-fuzz .venv

packages:
	@.ci/packages libcurl4-openssl-dev libsqlite3-dev libssl-dev

test-packages:
	@.ci/packages curl chromium python3-venv openssl tinyproxy-bin microsocks socat strace

# The real clients, each in a virtual environment of its own.
clients: .venv/hub-2.4.0/bin/hf .venv/hub-0.36.2/bin/hf

.venv/hub-%/bin/hf:
	@echo 'installing huggingface_hub $*'
	@rm -rf .venv/hub-$*
	@python3 -m venv .venv/hub-$*
	@.venv/hub-$*/bin/pip install --quiet --disable-pip-version-check 'huggingface_hub==$*'

# Python with the programs that 'lapidary bench smoke-test' runs beside ours; llama.cpp is compiled for this machine.
peers: .venv/peers/installed

.venv/peers/installed:
	@.ci/packages python3-venv python3-dev cmake build-essential
	@rm -rf .venv/peers
	@python3 -m venv .venv/peers
	@.venv/peers/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.23.0
	@CMAKE_ARGS=-DGGML_NATIVE=ON .venv/peers/bin/pip install --quiet --disable-pip-version-check llama-cpp-python==0.3.36
	@touch $@

swift:
	@.ci/swift
