# SPDX-License-Identifier: PostgreSQL
#
# The door: every verb of the build. The extension is built by PGXS (extension/Makefile), core, gdpr-batch
# and the unit tests by CMake (CMakeLists.txt), everything else by scripts under test/.
#
#   make deps       install what is missing of packages.txt        make            extension and gdpr-batch
#   make install    into the PostgreSQL that PG_CONFIG names       make batch      core, gdpr-batch, unit tests
#   make demo       a CRM, 100,000 people, 20,000 leave            make check      every kind of test
#   make cluster    a private cluster to play with                 make bench      figures beside their goals
#   make sanitize   unit tests under ASan and UBSan                make valgrind   regression suite under memcheck

PG_CONFIG ?= $(shell p=/usr/lib/postgresql/15/bin/pg_config; [ -x $$p ] && echo $$p || command -v pg_config || echo $$p)
BUILD := build
JOBS := $(shell nproc 2>/dev/null || echo 1)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CLUSTER := PG_CONFIG=$(PG_CONFIG) test/lib/cluster.sh
GDPR_BATCH := $(CURDIR)/$(BUILD)/gdpr-batch
export PG_CONFIG GDPR_BATCH

.PHONY: all deps extension batch program fuzz install install-extension cluster cluster-stop demo check check-long \
	sanitized sanitize valgrind bench format clean
.NOTPARALLEL:

all: extension batch

# Asks dpkg first, so that it is silent, quick and needs no network once everything is there.
deps:
	@wanted=$$(sed 's/#.*//' packages.txt | xargs); \
	missing=$$(for p in $$wanted; do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "Installing from Debian: $$missing"; \
	  $(SUDO) apt-get update -q && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	else echo "All packages of packages.txt are installed."; fi

extension:
	$(MAKE) -C extension -j$(JOBS) PG_CONFIG=$(PG_CONFIG) all

$(BUILD)/CMakeCache.txt:
	cmake -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=RelWithDebInfo

batch: $(BUILD)/CMakeCache.txt
	cmake --build $(BUILD) -j$(JOBS)

# Without the unit tests: all that a demonstration needs.
program: $(BUILD)/CMakeCache.txt
	cmake --build $(BUILD) -j$(JOBS) --target gdpr-batch

# The same CMake project, compiled by clang with libFuzzer and the address sanitizer.
fuzz:
	cmake -S . -B $(BUILD)/fuzz -DCMAKE_CXX_COMPILER=clang++ -DGDPR_FUZZ=ON
	cmake --build $(BUILD)/fuzz -j$(JOBS)

# What an administrator copies from: the config file with every option, the units of systemd.
install: all install-extension
	$(SUDO) install -m 755 $(GDPR_BATCH) "$$($(PG_CONFIG) --bindir)/"
	$(SUDO) install -d "$$($(PG_CONFIG) --sharedir)/gdpr-batch"
	$(SUDO) install -m 644 batch/gdpr-batch.toml batch/systemd/* "$$($(PG_CONFIG) --sharedir)/gdpr-batch/"

install-extension: extension
	$(SUDO) $(MAKE) -C extension PG_CONFIG=$(PG_CONFIG) install

cluster: deps extension program install-extension
	@$(CLUSTER) start
	@test/lib/cluster.sh env > $(BUILD)/cluster.env
	@. $(BUILD)/cluster.env; printf '\n%s\n  %s\n%s\n  %s\n%s\n  %s\n' \
	  'A private cluster is running, with database "gdpr" and the extension in it. Connect with' \
	  "psql -h $$PGHOST -U postgres gdpr" \
	  'or, for gdpr-batch and everything else that uses libpq, set the environment with' \
	  ". $(BUILD)/cluster.env" 'and stop and remove it with' 'make cluster-stop'

cluster-stop:
	@$(CLUSTER) stop && rm -f $(BUILD)/cluster.env

demo: deps extension program install-extension
	@$(CLUSTER) run --name demo -- test/demo

check: deps all fuzz install-extension
	@test/run

check-long: deps all fuzz sanitized install-extension
	@test/run --long

# The same CMake project a second time: 150 seconds of compiler, so not part of make check.
sanitized:
	cmake -S . -B $(BUILD)/sanitize -DGDPR_SANITIZE=address,undefined
	cmake --build $(BUILD)/sanitize -j$(JOBS) --target core_test --target batch_test

sanitize: deps sanitized install-extension
	@test/run sanitize

valgrind: deps extension install-extension
	@test/run valgrind

bench: deps extension program install-extension
	@test/bench/run

format:
	git ls-files -z '*.cpp' '*.hpp' | xargs -0 -r clang-format -i

clean:
	-$(MAKE) -C extension PG_CONFIG=$(PG_CONFIG) clean
	@for link in $(BUILD)/cluster-*; do \
	  [ ! -L "$$link" ] || $(CLUSTER) stop --name "$${link#$(BUILD)/cluster-}"; done
	rm -rf $(BUILD)
