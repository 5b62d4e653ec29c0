# The front door. CMake does the work; this file gets what it needs, and remembers how to call it.
#
# Settings: PREFIX, DESTDIR (make install), BUILD (build folder), JOBS (cores), V=1 (say everything),
# CMAKE_ARGS (passed on to CMake).

PREFIX     ?= /usr/local
BUILD      ?= build
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)
V          ?=
CMAKE_ARGS ?=

# The demo: the article's five placements, at a depth where all of them train and at one where not all do, on real text.
DEMO_LAYOUTS := post,pre,sandwich,deepnorm,embed-ln
DEMO_DEPTHS  := 6,48
DEMO_TEXT    := /usr/share/common-licenses
DEMO_DATA    := $(if $(wildcard $(DEMO_TEXT)/*),$(DEMO_TEXT),synthetic)
DEMO_OPTIONS := --steps 250
DEMO_OUT     := demo

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help build demo test bench install install-strip amalgamate format lint clean need-build need-test need-format configure-build configure-test

quiet := $(if $(V),,@)
hide  := $(if $(V),,>/dev/null)
words := $(if $(V),ON,OFF)

configure = $(quiet)cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DCMAKE_RULE_MESSAGES=$(words) \
	-DCMAKE_TARGET_MESSAGES=$(words) -DWEIR_TESTS=$(1) $(CMAKE_ARGS) $(hide)
# The make that CMake starts gets its own number of jobs, not the flags of this one.
cmake_build = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL cmake --build $(BUILD)
compile = @echo "building in $(BUILD)/ with $(JOBS) jobs"; \
	$(cmake_build) --parallel $(JOBS) $(if $(V),--verbose)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: configure-build ## the command build/weir, the libraries in build/lib/
	$(compile)

demo: build ## compare five placements of norms at two depths; leaves demo/report.html
	$(quiet)$(BUILD)/weir compare --layout $(DEMO_LAYOUTS) --depth $(DEMO_DEPTHS) --data $(DEMO_DATA) \
		$(DEMO_OPTIONS) --out $(DEMO_OUT)
	@echo "report: $(abspath $(DEMO_OUT))/report.html"

test: configure-test ## build and run all tests
	$(compile)
	$(quiet)ctest --test-dir $(BUILD) --no-tests=error --output-on-failure --parallel $(JOBS)

bench: configure-build ## build and run the benchmarks
	$(compile)
	$(quiet)$(cmake_build) --target bench

install: build ## install under PREFIX (/usr/local), below DESTDIR when given
install-strip: build ## the same; the command and the shared library without debug information
install install-strip:
	$(quiet)DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(PREFIX) $(if $(filter %-strip,$@),--strip) $(hide)

amalgamate: ## libweir as one header and one source, in build/amalgamation/
	$(quiet)scripts/amalgamate $(BUILD)/amalgamation

format: need-format ## bring the sources into the project's style
	$(quiet)scripts/format

lint: configure-test need-format ## the style, and the rules that tests/lint enforces
	$(compile)
	$(quiet)scripts/format --check
	$(quiet)ctest --test-dir $(BUILD) --no-tests=error --output-on-failure --label-regex '^lint$$'

clean: ## remove what was built (demo/ stays)
	$(quiet)rm -rf build build-*

need-build:
	@scripts/need build
need-test:
	@scripts/need build test
need-format:
	@scripts/need format

# Tests are configured where cmocka is, so that a build does not undo what `make test` made.
configure-build: need-build
	$(call configure,$$(pkg-config --exists cmocka && echo ON || echo OFF))
configure-test: need-test
	$(call configure,ON)
