# dynamo: DynamoDB's data model inside PostgreSQL.  `make help` lists the targets.
#
# Two kinds of goals share this file.  What a script does (demo, check, …) needs
# no PostgreSQL on the machine yet, so PGXS is read only for the building goals;
# the scripts call those once everything they need is installed.

# The layers in dependency order: a layer includes only what stands before it.
LAYERS := common value expr storage stream ops api worker

SCRIPT_GOALS := help demo start stop check soak bench profile fuzz format lint

.DEFAULT_GOAL := all

ifneq ($(filter $(SCRIPT_GOALS),$(MAKECMDGOALS)),)

# ---------------------------------------------------------------- scripts ---
BUILD_GOALS := all install installcheck uninstall clean
.PHONY: $(SCRIPT_GOALS) $(BUILD_GOALS)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1#\2/p' Makefile | awk -F'#' '{printf "%-22s%s\n", $$1, $$2}'
all: ## build the library and the install script
install: ## build and install into the PostgreSQL of PG_CONFIG
demo: ## install what is missing, start a private server, run the lab
	@test/server.sh demo
start: ## the same without the lab; prints psql=<command line> (PGPORT=54320) and endpoint=<URL> (ENDPOINT_PORT=8000)
	@test/server.sh start
stop: ## stop the private server
	@test/server.sh stop
check: ## run every test on a temporary server (TESTS='regress/value_*' picks)
	@test/check.sh
soak: ## repeat crash tests and fuzzers (DURATION=3600 seconds)
	@test/soak.sh
installcheck: ## pg_regress and isolation tests against a running server (PGHOST, PGPORT)
bench: ## measure against plain PostgreSQL (MEASURES='P5 P6' picks)
	@test/bench.sh
profile: ## count the instructions that operations take (OPERATIONS='get.*', DETAIL=20 functions)
	@test/bench/profile.sh
fuzz: ## fuzz items, the JSON reader, requests and the grammars (DURATION=600 seconds each)
	@test/fuzz.sh
format: ## clang-format the lines that have changed (BASE=REV: since REV)
	@test/format.sh
lint: ## layer order, shell scripts, static analysis where the tools exist
	@test/lint.sh
clean: ## remove build products (not the private server)

$(BUILD_GOALS):
	@$(MAKE) --no-print-directory $@

else

# --------------------------------------------------------------- building ---
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h),)
$(error $(PG_CONFIG) leads to no PostgreSQL server headers: install postgresql-server-dev-<15 to 18> (or let `make demo` do it), or set PG_CONFIG)
endif

EXTENSION := dynamo
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" dynamo.control)
INSTALL_SCRIPT_SQL := dynamo--$(EXTVERSION).sql
DATA_built := $(INSTALL_SCRIPT_SQL)

# Generated C: scanners and grammars, which are not kept in git.
SCANNERS := $(patsubst %.l,%.c,$(wildcard $(LAYERS:%=src/%/*.l)))
GRAMMARS := $(patsubst %.y,%.c,$(wildcard $(LAYERS:%=src/%/*.y)))
GRAMMAR_HEADERS := $(GRAMMARS:.c=.h)

MODULE_big := dynamo
OBJS := $(patsubst %.c,%.o,$(sort $(SCANNERS) $(GRAMMARS) \
	$(wildcard src/dynamo.c $(LAYERS:%=src/%/*.c))))
DEPS := $(OBJS:.o=.d)

# The endpoint is a library of its own, loaded by its workers alone, so that
# other sessions do not carry what it links.
HTTP_OBJS := $(patsubst %.c,%.o,$(sort $(wildcard src/http/*.c)))
HTTP_LIBS := -lmicrohttpd -lz

EXTRA_CLEAN := .built-for $(DEPS) $(HTTP_OBJS) $(HTTP_OBJS:.o=.d) dynamo_http.so $(SCANNERS) $(GRAMMARS) $(GRAMMAR_HEADERS) dynamo--*.sql

# C99 declarations are used; the other warnings off are those that PostgreSQL's
# own headers and idioms raise.  `make WERROR=` for compilers newer than ours.
WERROR ?= -Werror
PG_CPPFLAGS += -I$(srcdir)/src
PG_CFLAGS += -MMD -MP -Wall -Wextra -Wno-declaration-after-statement \
	-Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	-Wno-ignored-attributes -Wno-ignored-optimization-argument \
	-Wshadow=compatible-local -Wno-unknown-warning-option $(WERROR)

# PostgreSQL loads all libraries into one name space (and hides what is their own
# only since 16): what a library of ours calls of its own, it shall find at home.
PG_CFLAGS += -fno-semantic-interposition
PG_LDFLAGS += -Wl,-Bsymbolic-functions

REGRESS := $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS := --load-extension=dynamo --encoding=UTF8
ISOLATION := $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS := --inputdir=test --load-extension=dynamo --encoding=UTF8

# JIT bitcode doubles the build time and is of no use to functions this large:
# built only by `make with_llvm=yes`.
ifneq ($(origin with_llvm),command line)
override with_llvm := no
endif

include $(PGXS)

# A server may have the library mapped: replace it by rename, so that a running
# one keeps the old file and a starting one never meets half of the new; leave
# an identical one alone, so that its time tells when it last changed.
INSTALL_SHLIB = by_rename() { cmp -s "$$1" "$$2" || { $(INSTALL) -m 755 "$$1" "$$2.new" && mv -f "$$2.new" "$$2"; }; }; by_rename

$(INSTALL_SCRIPT_SQL): $(foreach layer,$(LAYERS),$(wildcard src/$(layer)/$(layer).sql)) dynamo.control Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION dynamo" to load this file. \quit'; \
	  cat $(filter src/%,$^) /dev/null; } > $@

$(GRAMMARS): BISONFLAGS += -d
$(GRAMMAR_HEADERS): %.h: %.c
	@touch $@
$(OBJS): | $(GRAMMAR_HEADERS)

# The command of a compilation would hide what the compiler says: `make V=1`.
src/%.o: src/%.c
	@echo 'CC $<'
	$(if $(V),,@)$(COMPILE.c) -o $@ $<

all: dynamo_http$(DLSUFFIX)
dynamo_http$(DLSUFFIX): $(HTTP_OBJS)
	@echo 'LD $@'
	$(if $(V),,@)$(CC) $(CFLAGS) $(CFLAGS_SL) $(HTTP_OBJS) -shared -o $@ $(LDFLAGS) $(HTTP_LIBS)

install: install-http
install-http: dynamo_http$(DLSUFFIX) installdirs
	$(INSTALL_SHLIB) $< '$(DESTDIR)$(pkglibdir)/$<'
uninstall: uninstall-http
uninstall-http:
	rm -f '$(DESTDIR)$(pkglibdir)/dynamo_http$(DLSUFFIX)'
.PHONY: install-http uninstall-http

# Objects made for one PostgreSQL, or with other flags, are of no use to another.
.built-for: force
	@echo '$(PGXS) $(VERSION)' | cmp -s - $@ || echo '$(PGXS) $(VERSION)' > $@
$(OBJS) $(HTTP_OBJS): .built-for Makefile
.PHONY: force

# flex and bison write functions and variables that nobody uses
$(SCANNERS:.c=.o) $(GRAMMARS:.c=.o): override CFLAGS += -Wno-unused-function -Wno-unused-but-set-variable

# The library tells whether the extension in a database is of its version.
src/storage/extension_version.o: override CPPFLAGS += -DDYNAMO_VERSION=$(EXTVERSION)
src/storage/extension_version.o: dynamo.control

-include $(DEPS) $(HTTP_OBJS:.o=.d)

endif
