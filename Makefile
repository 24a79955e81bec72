# auctiond: `make help` lists what can be done.
#
# B  the build folder; O  the flavour: release, asan, ubsan, tsan, fuzz.
# Objects go to $(B)/$(O); nothing is written elsewhere.

B       ?= build
O       ?= release
CC      ?= gcc
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?=
Q       := $(if $(V),,@)
SHELL   := /bin/bash

OUT := $(B)/$(O)
VERSION := 0.1.0

WARN := -Wall -Wextra -Werror -Wconversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2 -Wundef \
        -Wpointer-arith -Wcast-align
# gcc counts a deliberate cut by snprintf as a mistake; we cut on purpose.
WARN += $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
CPPFLAGS_ALL := -D_GNU_SOURCE -DAUCTIOND_VERSION='"$(VERSION)"' -Isrc \
                -Iclient/lib -Iclient/cli -Itests/unit $(CPPFLAGS)
HARDEN := -fstack-protector-strong -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now

FLAVOUR_release := -O2 -g -D_FORTIFY_SOURCE=2
FLAVOUR_asan    := -O1 -g -fsanitize=address -fno-omit-frame-pointer
FLAVOUR_ubsan   := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
FLAVOUR_tsan    := -O1 -g -fsanitize=thread
FLAVOUR_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined
CFLAGS_ALL := -std=c17 $(FLAVOUR_$(O)) $(HARDEN) $(WARN) $(CFLAGS)
LDFLAGS_ALL := $(FLAVOUR_$(O)) $(LDHARDEN) -pthread $(LDFLAGS)

# The house, lowest room first: a folder uses only those before it.
MODULES := base auction audit store identity engine http api net server

LIBS_audit  := -lcrypto
LIBS_server := -lssl -lcrypto -ldb-5.3 -ljansson -lconfuse
LIBS_client := -lcurl -lssl -lcrypto -ljansson -lconfuse -lsmartcols -ledit

# llhttp: the system's library where there is one, else Debian 12's sources.
ifeq ($(shell pkg-config --exists libllhttp 2>/dev/null && echo yes),yes)
LLHTTP_CFLAGS := $(shell pkg-config --cflags libllhttp)
LLHTTP_LIB    := $(shell pkg-config --libs libllhttp)
else
LLHTTP_DIR    := /usr/share/llhttp
LLHTTP_CFLAGS := -isystem /usr/share/include/llhttp -DLLHTTP_STRICT_MODE=1
LLHTTP_LIB    := $(OUT)/libllhttp.a
endif

# ---------------------------------------------------------------- programs

.DEFAULT_GOAL := all
PROGRAMS := auctiond auction auction-audit auction-bench
BINARIES := $(addprefix $(OUT)/,$(PROGRAMS))
.PHONY: all
all: $(BINARIES)

lib = $(OUT)/lib$(1).a
libs = $(foreach m,$(1),$(OUT)/lib$(m).a)
objects = $(patsubst %.c,$(OUT)/%.o,$(1))

define module
$(OUT)/lib$(1).a: $(call objects,$(filter-out src/server/main.c,$(wildcard src/$(1)/*.c)))
endef
$(foreach m,$(MODULES),$(eval $(call module,$(m))))
$(OUT)/libclient.a: $(call objects,$(wildcard client/lib/*.c))
$(OUT)/libcli.a: $(call objects,$(filter-out %/main.c,$(wildcard client/cli/*.c)))
$(OUT)/libinspect.a: $(call objects,$(filter-out %/main.c,$(wildcard tools/audit/*.c)))
$(OUT)/libllhttp.a: $(OUT)/llhttp/api.o $(OUT)/llhttp/http.o $(OUT)/llhttp/llhttp.o

# Libraries, users first, as the linker wants them.
SERVER_LIBS := $(call libs,server api net http engine identity store audit auction base)
CLIENT_LIBS := $(call libs,client identity audit auction base)
BENCH_LIBS  := $(call libs,client) $(SERVER_LIBS)
AUDIT_LIBS  := $(call libs,inspect client engine identity store audit auction base)

$(OUT)/auctiond: $(OUT)/src/server/main.o $(SERVER_LIBS) $(filter %.a,$(LLHTTP_LIB))
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(SERVER_LIBS) $(LLHTTP_LIB) $(LIBS_server)
$(OUT)/auction: $(OUT)/client/cli/main.o $(call libs,cli) $(CLIENT_LIBS)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(call libs,cli) $(CLIENT_LIBS) $(LIBS_client)
$(OUT)/auction-audit: $(call objects,$(wildcard tools/audit/main.c)) $(AUDIT_LIBS)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(AUDIT_LIBS) -lcurl -lssl -lcrypto -ldb-5.3 -ljansson
$(OUT)/auction-bench: $(call objects,$(wildcard tools/bench/*.c)) $(BENCH_LIBS) $(filter %.a,$(LLHTTP_LIB))
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(BENCH_LIBS) $(LLHTTP_LIB) $(LIBS_client) $(LIBS_server)

%.a:
	$(Q)mkdir -p $(@D) && rm -f $@ && ar rcs $@ $^

$(OUT)/%.o: %.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(LLHTTP_CFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(OUT)/llhttp/%.o: $(LLHTTP_DIR)/%.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LLHTTP_CFLAGS) $(FLAVOUR_$(O)) $(HARDEN) -w -c -o $@ $<

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# ------------------------------------------------------------------- tests
# tests/unit/M/*_test.c make one program, unit-M, linked with what all tests
# share (tests/unit/*.c) and with the rooms up to and including M.
# tests/scenario is linked like the engine's.

unit_libs_base    := base
unit_libs_auction := auction base
unit_libs_audit   := audit auction base
unit_libs_store   := store audit auction base
unit_libs_identity := identity audit auction base
unit_libs_engine  := engine identity store audit auction base
unit_libs_http    := http base
unit_libs_api     := api net http engine identity store audit auction base
unit_libs_net     := api net http engine identity store audit auction base
unit_libs_server  := server api net http engine identity store audit auction base
unit_libs_client  := client identity audit auction base
unit_libs_cli     := cli client identity audit auction base
unit_libs_inspect := inspect client engine identity store audit auction base
UNITS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/unit/*/*_test.c)))))

define unit
$(OUT)/tests/unit-$(1): $(call objects,$(wildcard tests/unit/$(1)/*.c tests/unit/*.c)) \
		$(call libs,$(unit_libs_$(1))) $(filter %.a,$(LLHTTP_LIB))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS_ALL) -o $$@ $$(filter %.o,$$^) $(call libs,$(unit_libs_$(1))) \
		$(LLHTTP_LIB) $$(LIBS_server) $(if $(filter client cli inspect,$(1)),-lcurl -lsmartcols -ledit) -lcunit
.PHONY: unit-$(1)
unit-$(1): $(OUT)/tests/unit-$(1)
	$(OUT)/tests/unit-$(1)
endef
$(foreach m,$(UNITS),$(eval $(call unit,$(m))))

SCENARIOS := $(wildcard tests/scenario/*.c)
ifneq ($(SCENARIOS),)
$(OUT)/tests/scenarios: $(call objects,$(SCENARIOS) tests/unit/tap.c tests/unit/authority.c) $(call libs,$(unit_libs_engine))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(call libs,$(unit_libs_engine)) $(LIBS_server) -lcunit
.PHONY: scenario
scenario: $(OUT)/tests/scenarios
	$(OUT)/tests/scenarios
endif

# tests/model: the rules a second time, and the engine compared with them.
MODEL := $(wildcard tests/model/*.c)
MODEL_DRIVES := $(filter-out %_test.c,$(SCENARIOS)) tests/unit/tap.c tests/unit/authority.c
$(OUT)/tests/naive: $(call objects,$(MODEL) $(MODEL_DRIVES)) $(call libs,$(unit_libs_engine))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(call libs,$(unit_libs_engine)) $(LIBS_server) -lcunit
.PHONY: model property
model: $(OUT)/tests/naive
	$(OUT)/tests/naive
# Long: N commands in random worlds, from SEED on.
N    ?= 1000000
SEED ?=
property: $(OUT)/tests/naive
	PROPERTY_COMMANDS=$(N) $(if $(SEED),TEST_SEED=$(SEED)) $(OUT)/tests/naive random

SYSTEM_TESTS := $(wildcard tests/system/*_test.sh)
SUITES := $(foreach m,$(UNITS),$(OUT)/tests/unit-$(m)) \
          $(if $(SCENARIOS),$(OUT)/tests/scenarios) $(OUT)/tests/naive

.PHONY: deps-build deps-test deps-lint
deps-build deps-test deps-lint:
	$(Q)tools/install-deps $(@:deps-%=%)

# In a make of their own: what is installed first changes what can be built.
.PHONY: test check suites asan ubsan tsan
test: deps-test
	$(Q)$(MAKE) --no-print-directory suites
suites: all $(SUITES)
	$(Q)BIN=$(abspath $(OUT)) tests/run $(SUITES) $(SYSTEM_TESTS)
asan ubsan tsan:
	$(Q)$(MAKE) --no-print-directory O=$@ suites
check: deps-lint
	$(Q)$(MAKE) --no-print-directory lint
	$(Q)$(MAKE) --no-print-directory suites
	$(Q)$(MAKE) --no-print-directory asan
	$(Q)$(MAKE) --no-print-directory ubsan
	$(Q)$(MAKE) --no-print-directory tsan

export ASAN_OPTIONS  ?= detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS  ?= suppressions=$(CURDIR)/tests/tsan.supp:halt_on_error=1

# -------------------------------------------------------------------- demo

DATA ?= tests/data/ebay-bids.csv
.PHONY: demo
demo:
	$(Q)tools/install-deps build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BIN=$(abspath $(OUT)) tools/demo $(if $(KEEP),--keep) $(DATA)

.PHONY: three-machines
three-machines: deps-test
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BIN=$(abspath $(OUT)) tools/three-machines

# ------------------------------------------------------------------ habits

SOURCES := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
SCRIPTS := $(shell git ls-files tools tests .ci 2>/dev/null | while read -r f; do \
             head -c 2 "$$f" 2>/dev/null | grep -q '^\#!' && echo "$$f"; done)
.PHONY: lint format bench fuzz
lint:
	$(Q)clang-format --dry-run -Werror $(SOURCES)
	$(Q)shellcheck $(SCRIPTS)
	$(Q)$(MAKE) --no-print-directory CC=clang B=$(B)/clang all
format:
	$(Q)clang-format -i $(SOURCES)
BENCHES := run peers scale instructions
.PHONY: $(addprefix bench-,$(BENCHES) all)
bench: bench-run
$(addprefix bench-,$(BENCHES)): bench-%:
	$(Q)tools/install-deps $(if $(filter run scale,$*),build,bench)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BIN=$(abspath $(OUT)) tools/bench/$*
bench-all:
	$(Q)rm -f $(OUT)/bench-*.jsonl
	$(Q)for b in $(BENCHES); do \
		$(MAKE) --no-print-directory ROWS=$(abspath $(OUT))/bench-$$b.jsonl bench-$$b || exit 1; done
	$(Q)tools/bench/report $(OUT)/bench-*.jsonl

# The door with a crowd before it, and a revocation among ten thousand.
DOOR_BENCH := $(call objects,tests/bench/door_bench.c tests/unit/server/door.c tests/unit/authority.c)
$(OUT)/tests/door-bench: $(DOOR_BENCH) $(SERVER_LIBS) $(filter %.a,$(LLHTTP_LIB))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(DOOR_BENCH) $(SERVER_LIBS) $(LLHTTP_LIB) $(LIBS_server)
.PHONY: bench-door
bench-door: deps-build $(OUT)/tests/door-bench
	$(OUT)/tests/door-bench

# How fast a log is verified, beside the machine's own limit.
RECORDS ?= 1000000
$(OUT)/tests/verify_log: $(call objects,tests/bench/verify_log.c tests/unit/inspect/lab_certs.c) \
		$(call libs,$(unit_libs_inspect))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(call libs,$(unit_libs_inspect)) \
		-lcurl -lssl -lcrypto -ldb-5.3 -ljansson
.PHONY: bench-verify
bench-verify: all $(OUT)/tests/verify_log
	$(Q)BIN=$(abspath $(OUT)) tests/bench/verify $(RECORDS)

# Single mutations of exports, receipts and checkpoints: none may be accepted.
MUTATIONS ?= 10000
.PHONY: mutation
mutation: $(OUT)/tests/unit-inspect
	MUTATIONS=$(MUTATIONS) $(OUT)/tests/unit-inspect mutation:

FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) --no-print-directory CC=clang O=fuzz $(addprefix fuzz-,$(FUZZERS))
fuzz-%: $(OUT)/tests/fuzz/%.o $(SERVER_LIBS) $(filter %.a,$(LLHTTP_LIB))
	$(Q)clang $(LDFLAGS_ALL) -fsanitize=fuzzer -o $(OUT)/tests/$* $< \
		$(SERVER_LIBS) $(LLHTTP_LIB) $(LIBS_server)
	$(Q)mkdir -p $(OUT)/corpus/$*
	$(OUT)/tests/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
		-artifact_prefix=$(OUT)/ $(OUT)/corpus/$* $(wildcard tests/fuzz/corpus/$*)

MANS := $(wildcard docs/man/*.scd)
.PHONY: install clean help
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(PREFIX)/share/auctiond/ca
	install -m 755 $(OUT)/auctiond $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(OUT)/auction $(OUT)/auction-audit $(OUT)/auction-bench \
		tools/auction-ca $(DESTDIR)$(PREFIX)/bin/
	install -m 644 certs/profiles.cnf $(DESTDIR)$(PREFIX)/share/auctiond/
	install -m 644 tools/ca/*.sh $(DESTDIR)$(PREFIX)/share/auctiond/ca/
	for f in $(MANS); do n=$$(basename $$f .scd); s=$${n##*.}; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$s; \
		scdoc <$$f >$(DESTDIR)$(PREFIX)/share/man/man$$s/$$n || exit 1; done
clean:
	rm -rf $(B)
help:
	@echo 'make           build all programs into $(B)/release'
	@echo 'make demo      install what is missing, build, play real auctions'
	@echo '               (DATA=FILE another file, KEEP=1 leave the server running)'
	@echo 'make three-machines   docs/three-machines.md in network namespaces (root)'
	@echo 'make test      install what is missing, build, run every suite'
	@echo 'make check     lint, and the suites under every sanitizer'
	@echo 'make asan | ubsan | tsan   the suites under one sanitizer'
	@echo 'make unit-M    unit tests of one room: $(UNITS)'
	@echo 'make model     the rules a second time, and the engine compared with them'
	@echo 'make property  the same comparison for N=$(N) random commands (SEED=)'
	@echo 'make mutation  MUTATIONS=$(MUTATIONS) single changes of evidence (TEST_SEED=)'
	@echo 'make fuzz      each fuzzer for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make bench     durable bids a second, beside the limits of the machine'
	@echo 'make bench-peers | bench-scale | bench-instructions | bench-all'
	@echo '               beside other servers; a large store; by callgrind; all'
	@echo 'make bench-door  a crowd before the door; a revocation among 10,000'
	@echo 'make bench-verify   the audit of RECORDS=$(RECORDS), beside the machine'"'"'s limit'
	@echo 'make lint | format         check or fix the layout; shellcheck; clang'
	@echo 'make install   into DESTDIR=, PREFIX=$(PREFIX)'
	@echo 'make clean     remove $(B)'
