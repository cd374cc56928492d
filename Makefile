# Cloud Chat - the only build file. `make help` lists the targets.
# No lists of sources: the folders are the list. Objects of each mode stand under build/<mode>/.

MODE ?= release
PREFIX ?= /usr/local
B := build/$(MODE)

PKGS := fcgi json-c libcurl openssl libjwt libargon2 sqlite3 inih libutf8proc
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

MODE_CFLAGS_release := -O2 -g
MODE_CFLAGS_dev := -O1 -g $(WARN) -Werror
MODE_CFLAGS_asan := -O1 -g $(WARN) -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_CFLAGS_tsan := -O1 -g $(WARN) -Werror -fsanitize=thread -fno-omit-frame-pointer
MODE_LDFLAGS_asan := -fsanitize=address,undefined
MODE_LDFLAGS_tsan := -fsanitize=thread

ALL_CFLAGS = -std=gnu11 -Ilib $(MODE_CFLAGS_$(MODE)) -fPIE -pthread -MMD -MP $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(MODE_LDFLAGS_$(MODE)) -pie -pthread $(LDFLAGS)

LIB_SRC := $(wildcard lib/*/*.c)
PROGRAM_SRC := $(wildcard handlers/*.c)
UNIT_SRC := $(wildcard tests/unit/*/*.c)
CONTRACT_SRC := $(wildcard tests/contract/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o)
PROGRAMS := $(PROGRAM_SRC:handlers/%.c=$(B)/bin/%)

.PHONY: build
build: $(B)/libcloudchat.a $(PROGRAMS)

$(B)/libcloudchat.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(B)/bin/%: $(B)/handlers/%.o $(B)/libcloudchat.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(PKG_LIBS) -o $@

-include $(LIB_OBJ:.o=.d)
