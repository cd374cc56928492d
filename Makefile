# Cloud Chat - the only build file. `make help` lists the targets.
# No lists of sources: the folders are the list. Objects of each mode stand under build/<mode>/.

MODE ?= release
PREFIX ?= /usr/local
PORT ?= 8080
DATA ?= var
VECTORS ?= ../shared/vectors
CC ?= cc
VERSION := $(shell sed -n 's/.*CC_VERSION "\(.*\)".*/\1/p' lib/app/version.h)

B := build/$(MODE)$(if $(findstring clang,$(CC)),-clang)
# Where the tests and `make run` find an installed tree.
STAGE := $(CURDIR)/$(if $(filter release,$(MODE)),build/stage,$(B)/stage)

# --- compiling -----------------------------------------------------------------------------------

# Asked when the first recipe needs them, not before: the packages may be installed by then.
PKGS := expat fcgi json-c openssl libjwt libargon2 sqlite3 inih libutf8proc zlib
# Not linked: lib/net/curl.c loads it where it is needed.
PKGS_LOADED := libcurl
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS) $(PKGS_LOADED)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PKGS)))$(PKG_LIBS)
CHECK_LIBS = $(eval CHECK_LIBS := $$(shell pkg-config --libs check))$(CHECK_LIBS)

# A row of a table says what differs from zero, and no more.
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wno-missing-field-initializers
SANITIZED := -O1 -g $(WARN) -Werror -fno-omit-frame-pointer
MODE_CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
MODE_CFLAGS_dev := -O1 -g $(WARN) -Werror
MODE_CFLAGS_asan := $(SANITIZED) -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_CFLAGS_tsan := $(SANITIZED) -fsanitize=thread
MODE_LDFLAGS_release := -Wl,-z,relro,-z,now
MODE_LDFLAGS_asan := -fsanitize=address,undefined
MODE_LDFLAGS_tsan := -fsanitize=thread
# For libFuzzer, with CC=clang: `make fuzz` sets both.
MODE_CFLAGS_fuzz := $(SANITIZED) -fsanitize=fuzzer-no-link,address,undefined \
    -fno-sanitize-recover=all
MODE_LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined

ALL_CFLAGS = -std=gnu11 -Ilib $(MODE_CFLAGS_$(MODE)) -fPIE -pthread -MMD -MP $(PKG_CFLAGS) \
    $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(MODE_LDFLAGS_$(MODE)) -pie -pthread $(LDFLAGS)

LIB_SRC := $(wildcard lib/*/*.c)
PROGRAM_SRC := $(wildcard handlers/*.c)
TEST_SRC := $(wildcard tests/unit/*/*_test.c tests/contract/*_test.c)
# What several test programs share: fakes and cases.
TEST_LIB_SRC := $(filter-out %_test.c,$(wildcard tests/*.c tests/unit/*/*.c tests/contract/*.c))
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
# What a target is linked with: libFuzzer brings a main function of its own.
FUZZ_LIB_SRC := tests/fuzz/fuzz.c $(if $(filter fuzz,$(MODE)),,tests/fuzz/replay.c)
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
PROGRAM_OBJ := $(PROGRAM_SRC:%.c=$(B)/%.o)
TEST_OBJ := $(TEST_SRC:%.c=$(B)/%.o)
TEST_LIB_OBJ := $(TEST_LIB_SRC:%.c=$(B)/%.o)
FUZZ_OBJ := $(FUZZ_SRC:%.c=$(B)/%.o)
FUZZ_LIB_OBJ := $(FUZZ_LIB_SRC:%.c=$(B)/%.o)
BENCH_SRC := $(wildcard tests/bench/*.c)
BENCH_OBJ := $(BENCH_SRC:%.c=$(B)/%.o)
OBJECTS := $(LIB_OBJ) $(PROGRAM_OBJ) $(TEST_OBJ) $(TEST_LIB_OBJ) $(FUZZ_OBJ) $(FUZZ_LIB_OBJ) \
    $(BENCH_OBJ)
PROGRAMS := $(PROGRAM_SRC:handlers/%.c=$(B)/bin/%)
TESTS := $(TEST_SRC:%.c=$(B)/%)
FUZZERS := $(FUZZ_SRC:%.c=$(B)/%)
BENCH := $(BENCH_SRC:%.c=$(B)/%)

# One short line a file; V=1 shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,echo '  $(1)')

.PHONY: build
build: $(PROGRAMS) ## compiles the programs (the default); MODE=release, dev, asan or tsan

$(B)/libcloudchat.a: $(LIB_OBJ)
	@mkdir -p $(@D) && rm -f $@
	$(call say,AR $@)
	$(Q)$(AR) rcs $@ $^

$(B)/%.o: %.c $(B)/flags | deps
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(TEST_OBJ) $(TEST_LIB_OBJ) $(FUZZ_OBJ) $(FUZZ_LIB_OBJ): CPPFLAGS += -I.

$(PROGRAMS): $(B)/bin/%: $(B)/handlers/%.o $(B)/libcloudchat.a
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PKG_LIBS) -o $@

$(TESTS): %: %.o $(TEST_LIB_OBJ) $(B)/libcloudchat.a
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(CHECK_LIBS) $(PKG_LIBS) -o $@

$(FUZZERS): %: %.o $(FUZZ_LIB_OBJ) $(B)/libcloudchat.a
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=cc_die $^ $(PKG_LIBS) -o $@

# Libraries that tests preload into the programs.
SHIMS := $(patsubst %.c,$(B)/%.so,$(wildcard tests/shim/*.c))

$(SHIMS): $(B)/%.so: %.c $(wildcard tests/shim/*.h) $(B)/flags | deps
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(filter-out -fPIE -fsanitize=%,$(ALL_CFLAGS)) -fPIC -shared $< -ldl -o $@

$(filter-out %/constant %/constant_cgi,$(BENCH)): %: %.o $(B)/libcloudchat.a
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) $^ $(PKG_LIBS) -o $@

$(B)/tests/bench/constant: %: %.o
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) $< -lfcgi -o $@

# All of the way to a call of AWS but the network.
$(B)/tests/bench/aws_cpu: ALL_LDFLAGS += -Wl,--wrap=cc_net_send

# It loads the libraries that the product loads, neither more nor fewer.
$(B)/tests/bench/constant_cgi: %: %.o $(B)/bin/chat
	$(call say,LD $@)
	$(Q)$(CC) $(ALL_LDFLAGS) $< -Wl,--no-as-needed $$(readelf -d $(B)/bin/chat | \
	    sed -n 's/.*(NEEDED).*\[\(.*\)\]/-l:\1/p') -o $@

# Other flags or another compiler: everything anew.
$(B)/flags: force | deps
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@

.PHONY: force
force:

.SECONDARY: $(TEST_OBJ) $(FUZZ_OBJ) $(BENCH_OBJ)
-include $(patsubst %.o,%.d,$(OBJECTS))

# --- what must be installed ----------------------------------------------------------------------

# The targets that a newcomer calls install what is missing; the others say what to do.
BUNDLE_DEPS := $(if $(wildcard www/vendor),,bundle)
DEPS_run := build run $(BUNDLE_DEPS)
DEPS_www := bundle
DEPS_deps := $(DEPS_run)
DEPS_test := build run test mail $(BUNDLE_DEPS)
DEPS_lint := build test lint
DEPS_check := $(DEPS_test)
DEPS_bench := build run test bench $(BUNDLE_DEPS)
DEPS_bench-readme := $(DEPS_bench)
DEPS_bench-profile := $(DEPS_bench)
DEPS_bench-aws := $(DEPS_bench) aws
DEPS_bench-aws-readme := $(DEPS_bench-aws)
DEPS_chaos := build run test $(BUNDLE_DEPS)
DEPS_soak := $(DEPS_bench)
DEPS_test-aws := $(DEPS_test) aws
DEPS_soak-aws := $(DEPS_test-aws)
DEPS_browser := build run browser $(BUNDLE_DEPS)
DEPS_fuzz := build fuzz
DEPS := $(sort $(foreach goal,$(MAKECMDGOALS),$(DEPS_$(goal))))

.PHONY: deps
deps: ## installs what building and running need (Debian; apt-get, with sudo where not root)
ifneq ($(DEPS),)
	@conf/debian/install $(DEPS)
else
	@pkg-config --exists $(PKGS) || { \
	    echo 'Libraries are missing: make deps installs them.' >&2; exit 1; }
endif

# --- the page ------------------------------------------------------------------------------------

BUNDLE := www/vendor/preact.js www/vendor/LICENSES.txt
# What the bundle is made from stands in www/ and is no part of the page.
BUNDLE_SRC := www/vendor.js www/package.json www/package-lock.json

.PHONY: www
www: $(BUNDLE) ## bundles the libraries of the page (Node 18 or later); done once

$(BUNDLE) &: $(BUNDLE_SRC) | deps
	@mkdir -p build/www www/vendor
	@cp $^ build/www
	cd build/www && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cat build/www/node_modules/preact/LICENSE build/www/node_modules/htm/LICENSE \
	    build/www/node_modules/@preact/signals/LICENSE >www/vendor/LICENSES.txt
	build/www/node_modules/.bin/esbuild build/www/vendor.js --bundle --format=esm --target=es2022 \
	    --minify --log-level=warning --outfile=www/vendor/preact.js

# --- installing ----------------------------------------------------------------------------------

WWW_FILES := $(sort $(filter-out $(BUNDLE_SRC),$(shell find www -type f)) $(BUNDLE))
CONF_FILES := $(wildcard conf/*/*.conf conf/*/*.html conf/*/*.service conf/*/*.socket \
    conf/*/*.yaml)
INSTALLED := $(filter-out $(B)/bin/cloudchat,$(PROGRAMS))
INSTALL = install

# install_tree(folder): the installed layout below that folder
define install_tree
	$(INSTALL) -d $(1)/bin $(1)/lib/cloud-chat $(1)/share/cloud-chat $(1)/share/doc/cloud-chat
	$(INSTALL) -m 755 $(B)/bin/cloudchat $(1)/bin/cloudchat
	for p in $(INSTALLED:$(B)/bin/%=%); do \
	    $(INSTALL) -m 755 $(B)/bin/$$p $(1)/lib/cloud-chat/$$p.fcgi || exit 1; done
	rm -rf $(1)/share/cloud-chat/www $(1)/share/cloud-chat/conf
	for f in $(WWW_FILES) $(CONF_FILES); do \
	    $(INSTALL) -D -m 644 $$f $(1)/share/cloud-chat/$$f || exit 1; done
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|' $(1)/share/cloud-chat/conf/systemd/*.service
	$(INSTALL) -m 644 $(wildcard README.md CHANGELOG.md SECURITY.md LICENSE) $(1)/share/doc/cloud-chat
endef

.PHONY: install
install: build $(BUNDLE) ## installs into DESTDIR/PREFIX (PREFIX=/usr/local)
	@$(call install_tree,$(DESTDIR)$(PREFIX))

.PHONY: uninstall
uninstall: ## removes what `make install` put there; data folders stay
	rm -f $(DESTDIR)$(PREFIX)/bin/cloudchat
	rm -rf $(addprefix $(DESTDIR)$(PREFIX),/lib/cloud-chat /share/cloud-chat /share/doc/cloud-chat)

.PHONY: stage
stage: $(STAGE)/installed ## installs into build/stage, for `make run` and the tests

$(STAGE)/installed: $(PROGRAMS) $(WWW_FILES) $(CONF_FILES)
	@$(call install_tree,$(STAGE))
	@touch $@

# --- running -------------------------------------------------------------------------------------

.PHONY: run
run: stage ## installs what is missing, builds and serves: PORT=8080 DATA=var
	@conf/foreground $(STAGE)/bin/cloudchat serve --data '$(DATA)' --port '$(PORT)'

# --- testing -------------------------------------------------------------------------------------

JOBS ?= $(shell nproc)
VENV := build/venv
# ARGS='-k race' and the like are for pytest
PYTEST = STAGE=$(STAGE) SHIMS=$(CURDIR)/$(B)/tests/shim PYTHONDONTWRITEBYTECODE=1 \
    $(VENV)/bin/python -m pytest -q -n $(JOBS) tests/api $(ARGS)

.PHONY: unit
unit: $(TESTS) $(FUZZERS) ## unit and contract tests in C and replayed crashes, in the present MODE
	@VECTORS=$(abspath $(VECTORS)) JOBS=$(JOBS) tests/run $(TESTS) $(FUZZERS)

.PHONY: api
api: stage $(SHIMS) $(VENV)/installed build/mail ## API tests with pytest against an installed tree, in the present MODE
	@$(PYTEST)

# What is one at a time: each run wants the machine for itself.
CHAOS = STAGE=$(STAGE) SHIMS=$(CURDIR)/$(B)/tests/shim PYTHONDONTWRITEBYTECODE=1 $(VENV)/bin/python -m pytest -q tests/chaos

.PHONY: chaos
chaos: stage $(SHIMS) $(VENV)/installed ## nothing is lost: the history checker, plain and under kill -9
	@$(CHAOS) -m 'not soak and not aws' $(ARGS)

.PHONY: soak
soak: stage $(SHIMS) $(VENV)/installed $(B)/tests/contract/power_cut_test ## what takes long: every fault of processes and disks
	@CUTS=2000 tests/run $(B)/tests/contract/power_cut_test
	@$(CHAOS) -m soak $(ARGS)
	@BACKUP_ROUNDS=1000 $(PYTEST) -k 'test_backup and (killed or another_server or byte or wherever)'
	@SCHEMA_EXAMPLES=1000 $(PYTEST) -k test_schema
	@$(MAKE) --no-print-directory bench ROWS='changes group' ROUNDS=1 SECONDS=1

$(VENV)/installed: tests/api/requirements.txt | deps
	@rm -rf $(VENV)
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# --- testing against what stands in for AWS: tests/README -----------------------------------------

# Compiling these takes minutes: they are kept, by version, where `make clean` does not come.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cloud-chat
DYNOXIDE := $(CACHE)/dynoxide-3.2.0/bin/dynoxide
TOXIPROXY := $(CACHE)/toxiproxy-2.5.0/server
MINISTACK := $(CURDIR)/build/ministack/bin/ministack
AWS_VENV := build/venv-aws
AWS_TOOLS := $(DYNOXIDE) $(TOXIPROXY) $(MINISTACK) $(AWS_VENV)/installed build/mail \
    build/browser
AWS_PYTHON = STAGE=$(STAGE) SHIMS=$(CURDIR)/$(B)/tests/shim PYTHONDONTWRITEBYTECODE=1 \
    BUILT=$(CURDIR)/$(B) MINISTACK=$(MINISTACK) DYNOXIDE=$(DYNOXIDE) TOXIPROXY=$(TOXIPROXY) \
    CONTRACT=$(CURDIR)/$(B)/tests/contract PYTHONPATH=tests/aws:tests/api $(AWS_VENV)/bin/python
AWS_WITH = $(AWS_PYTHON) tests/aws/with.py
AWS_PYTEST = $(AWS_VENV)/bin/python -m pytest -q
# The interfaces that AWS implements; on a stand-in, their contract tests skip nothing.
AWS_CONTRACT = $(filter $(B)/tests/contract/store_% $(B)/tests/contract/blob_% \
    $(B)/tests/contract/timer_%,$(TESTS))

.PHONY: test-aws
test-aws: stage $(SHIMS) $(AWS_TOOLS) build/mail $(AWS_CONTRACT) $(B)/tests/bench/aws_cpu ## installs stand-ins for DynamoDB and S3, and tests against them
	@for tables in dynoxide ministack; do \
	    SKIPS=no $(AWS_WITH) $$tables tests/run $(AWS_CONTRACT) || exit 1; done
	@$(AWS_PYTHON) -m pytest -q -n $(JOBS) tests/aws -m 'not soak' $(ARGS)
	@$(AWS_WITH) dynoxide $(AWS_PYTEST) -n $(JOBS) tests/api $(ARGS)
	@SCHEMA_EXAMPLES=10 $(AWS_WITH) --cognito dynoxide $(AWS_PYTEST) -n $(JOBS) tests/api $(ARGS)
	@$(AWS_WITH) ministack $(AWS_PYTEST) -n $(JOBS) tests/api -k 'main_job or test_aws' $(ARGS)
	@$(AWS_WITH) dynoxide $(AWS_PYTEST) tests/chaos -m aws $(ARGS)

.PHONY: soak-aws
soak-aws: stage $(SHIMS) $(AWS_TOOLS) build/mail $(AWS_CONTRACT) ## what of it takes long: each fault on each suite, all of the API on MiniStack
	@$(AWS_PYTHON) -m pytest -q tests/aws -m soak $(ARGS)
	@MIGRATE_ROUNDS=30 MIGRATE_MESSAGES=50000 $(AWS_PYTHON) -m pytest -q tests/aws -k migrate $(ARGS)
	@$(AWS_WITH) ministack $(AWS_PYTEST) -n $(JOBS) tests/api $(ARGS)
	@$(AWS_WITH) --cognito ministack $(AWS_PYTEST) -n $(JOBS) tests/api $(ARGS)
	@$(AWS_WITH) ministack $(AWS_PYTEST) tests/chaos -m aws $(ARGS)

.PHONY: aws-tools
aws-tools: $(AWS_TOOLS)

$(DYNOXIDE): | deps
	nice cargo install --quiet dynoxide-rs --version 3.2.0 --locked --no-default-features \
	    --features native-sqlite,http-server,cli --root $(CACHE)/dynoxide-3.2.0

$(TOXIPROXY): | deps
	GOBIN=$(@D) nice go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0

$(MINISTACK): tests/aws/ministack.txt | deps
	@rm -rf build/ministack
	python3 -m venv build/ministack
	build/ministack/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(AWS_VENV)/installed: tests/aws/requirements.txt tests/api/requirements.txt | deps
	@rm -rf $(AWS_VENV)
	python3 -m venv $(AWS_VENV)
	$(AWS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

PAGE_TESTS = $(wildcard tests/web/*.test.js tests/web/unit/*.test.js)

.PHONY: browser
browser: stage build/browser ## two people do the whole main job in Chromium; build/screenshots/ keeps what it saw
	@rm -rf build/screenshots
	@STAGE=$(STAGE) node --test $(PAGE_TESTS)

# A mail server, for codes that go by e-mail.
build/mail: tests/mail/package.json tests/mail/package-lock.json | deps
	cd tests/mail && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p build && touch $@

build/browser: tests/web/package.json tests/web/package-lock.json | deps
	cd tests/web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p build && touch $@

.PHONY: screenshot
screenshot: browser ## the picture of README, as the browser test saw it
	cp build/screenshots/readme.png tests/web/screenshot.png

.PHONY: test
test: unit api ## installs what is missing, builds, passes unit, contract and API tests

# Sanitizers that find something end the program, so that a test fails.
export ASAN_OPTIONS ?= abort_on_error=0:detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
export TSAN_OPTIONS ?= halt_on_error=1:second_deadlock_stack=1:die_after_fork=0

.PHONY: check
check: | deps ## unit, contract and API tests under ASan and UBSan, then under TSan
	@$(MAKE) --no-print-directory MODE=asan unit api
	@$(MAKE) --no-print-directory MODE=tsan unit api

SECONDS := 60

.PHONY: fuzz
fuzz: | deps ## fuzzes every boundary for SECONDS=60 in all (libFuzzer); crash files stay in tests/fuzz/crashes
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzzers
	@JOBS=$(JOBS) tests/fuzz/run $(SECONDS) $(FUZZ_SRC:%.c=build/fuzz-clang/%)

.PHONY: fuzzers
fuzzers: $(FUZZERS)

# --- measuring -----------------------------------------------------------------------------------

ROWS :=
ROUNDS := 11
bench bench-readme bench-aws bench-aws-readme: SECONDS := 3
BENCH_PYTHON = STAGE=$(STAGE) BUILT=$(CURDIR)/$(B) PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=tests/api $(VENV)/bin/python
BENCH_OPTIONS = --rows '$(ROWS)' --rounds $(ROUNDS) --seconds $(SECONDS)
BENCH_RUN = $(BENCH_PYTHON) tests/bench/bench.py $(BENCH_OPTIONS)
BENCH_AWS_RUN = $(AWS_PYTHON) tests/bench/bench_aws.py $(BENCH_OPTIONS)

.PHONY: bench
bench: stage $(BENCH) $(SHIMS) $(VENV)/installed ## measures, on a quiet machine: ROWS='messages send' ROUNDS= SECONDS=
	@$(BENCH_RUN)

.PHONY: bench-readme
bench-readme: stage $(BENCH) $(SHIMS) $(VENV)/installed ## the same, and puts the table into README.md
	@$(BENCH_RUN) --readme

.PHONY: bench-aws
bench-aws: stage $(BENCH) $(AWS_TOOLS) ## measures with tables that are 25 ms away: ROWS='aws-wait aws-threads' and the like
	@$(BENCH_AWS_RUN)

.PHONY: bench-aws-readme
bench-aws-readme: stage $(BENCH) $(AWS_TOOLS) ## the same, and puts the table into README.md
	@$(BENCH_AWS_RUN) --readme

.PHONY: bench-profile
bench-profile: stage $(BENCH) $(VENV)/installed ## where the time of a list and of a send goes (perf), into README.md
	@$(BENCH_PYTHON) tests/bench/where.py --readme

# --- lint ----------------------------------------------------------------------------------------

C_FILES = $(shell find lib handlers tests -name '*.[ch]' -not -path '*/node_modules/*')
SCRIPTS = $(shell grep -rlE '^\#!/(usr/bin/env )?(/bin/)?(ba)?sh' conf tests .ci \
    --exclude-dir=node_modules --exclude-dir=__pycache__)
.PHONY: objects
objects: $(B)/libcloudchat.a $(OBJECTS)

.PHONY: lint
lint: format tidy cppcheck | deps ## format, clang-tidy, cppcheck, banned, floors, globals, scripts
	@echo 'lint: banned, floors, scripts'
	@tests/lint/banned
	@tests/lint/floors
	@shellcheck $(SCRIPTS)
	@echo 'lint: gcc and clang, warnings are errors'
	@$(MAKE) --no-print-directory -s MODE=dev CC=gcc objects
	@$(MAKE) --no-print-directory -s MODE=dev CC=clang objects
	@tests/lint/globals build/dev/libcloudchat.a
	@echo 'lint: nothing to complain about'

.PHONY: format
format: | deps
	@echo 'lint: clang-format'
	@clang-format -n --Werror $(C_FILES)

.PHONY: tidy
tidy: | deps
	@echo 'lint: clang-tidy'
	@printf '%s\n' $(filter-out lib/base/err.c,$(LIB_SRC)) $(PROGRAM_SRC) | xargs -P $(JOBS) -I{} \
	    sh -c 'clang-tidy --quiet {} -- -std=gnu11 -Ilib -include tests/lint/analyzer.h \
	    $(PKG_CFLAGS) 2>/dev/null'

.PHONY: cppcheck
cppcheck: | deps
	@echo 'lint: cppcheck'
	@mkdir -p build/cppcheck
	@cppcheck -q -j $(JOBS) --cppcheck-build-dir=build/cppcheck --std=c11 --error-exitcode=1 \
	    --enable=warning,performance,portability --inline-suppr \
	    --library=tests/lint/cppcheck.cfg -Ilib lib handlers

# --- the rest ------------------------------------------------------------------------------------

.PHONY: dist
dist: $(BUNDLE) ## a release archive, build/cloud-chat-VERSION.tar.gz, with the bundle of the page
	@rm -rf build/dist && mkdir -p build/dist
	git archive --prefix=cloud-chat-$(VERSION)/ HEAD | tar -x -C build/dist
	cp -R www/vendor build/dist/cloud-chat-$(VERSION)/www/
	tar -C build/dist --owner=0 --group=0 --numeric-owner --sort=name -czf \
	    build/cloud-chat-$(VERSION).tar.gz cloud-chat-$(VERSION)

.PHONY: clean
clean: ## removes build/ (data folders and the bundle of the page stay)
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | sort | expand -t 12
