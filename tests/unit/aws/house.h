/* What the tests of lib/aws share: a service of their own, an environment, a clock that is turned
 * by hand, and a die that always falls the same way. */
#ifndef CC_TESTS_AWS_HOUSE_H
#define CC_TESTS_AWS_HOUSE_H

#include "../../check.h"
#include "../../fake_http.h"
#include "../../tmp.h"

#include "aws/aws.h"
#include "base/arena.h"
#include "base/limits.h"

#include <fcntl.h>
#include <stdio.h>

#define HOUSE_START_MS INT64_C(1795406706000) /* 2026-11-23T04:05:06Z */
#define HOUSE_VARIABLES_MAX 16

struct house_clock {
    struct cc_clock base; /* first */
    _Atomic int64_t wall_ms, mono_ms;
    _Atomic int64_t step_ms; /* how far the steady clock goes each time that it is asked */
};

struct house {
    struct cc_arena *arena;
    struct cc_net *net;
    struct house_clock clock;
    struct cc_log log;
    struct cc_tmp tmp; /* what is logged, files of credentials */
    struct {
        const char *name, *value;
    } env[HOUSE_VARIABLES_MAX];
    size_t env_count;
    struct cc_aws_credentials_config config; /* of the credentials; to be changed before opening */
    struct cc_aws_credentials *credentials;
    struct cc_aws *aws;
    struct cc_err err; /* of the last call */
};

static inline int64_t house_wall(const struct cc_clock *clock)
{
    return ((const struct house_clock *)clock)->wall_ms;
}

static inline int64_t house_mono(const struct cc_clock *clock)
{
    struct house_clock *c = (struct house_clock *)(uintptr_t)clock;

    return atomic_fetch_add(&c->mono_ms, c->step_ms);
}

/* No pause is longer than it must be. */
static inline void house_zeroes(const struct cc_random *random, void *out, size_t size_bytes)
{
    (void)random;
    memset(out, 0, size_bytes);
}

static const struct cc_random house_random = { house_zeroes };

static inline const char *house_env(void *arg, const char *name)
{
    const struct house *h = arg;

    for (size_t i = 0; i < h->env_count; i++) {
        if (strcmp(h->env[i].name, name) == 0)
            return h->env[i].value;
    }
    return NULL;
}

static inline void house_set(struct house *h, const char *name, const char *value)
{
    ck_assert_uint_lt(h->env_count, HOUSE_VARIABLES_MAX);
    h->env[h->env_count].name = name;
    h->env[h->env_count++].value = value;
}

static inline void house_turn(struct house *h, int64_t ms)
{
    h->clock.wall_ms += ms;
    h->clock.mono_ms += ms;
}

static inline void house_open(struct house *h)
{
    const struct cc_net_config net = { .ca_file = NULL };
    char path[128];

    *h = (struct house){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    h->clock.base = (struct cc_clock){ house_wall, house_mono };
    h->clock.wall_ms = HOUSE_START_MS;
    h->clock.mono_ms = 1000000;
    cc_tmp_make(&h->tmp);
    snprintf(path, sizeof(path), "%s/log", h->tmp.path);
    h->log = (struct cc_log){ .fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600),
                              .program = "test",
                              .clock = &h->clock.base };
    ck_assert_int_ge(h->log.fd, 0);
    ck_assert_int_eq(cc_net_open(&net, &h->net, &h->err), CC_OK);
    h->config = (struct cc_aws_credentials_config){
        .net = h->net,
        .clock = &h->clock.base,
        .random = &house_random,
        .log = &h->log,
        .env = house_env,
        .env_arg = h,
    };
}

static inline void house_close(struct house *h)
{
    cc_aws_close(h->aws);
    cc_aws_credentials_close(h->credentials);
    cc_net_close(h->net);
    close(h->log.fd);
    cc_tmp_remove(&h->tmp);
    cc_arena_free(h->arena);
}

static inline enum cc_code house_open_credentials(struct house *h)
{
    cc_err_clear(&h->err);
    return cc_aws_credentials_open(&h->config, &h->credentials, &h->err);
}

static inline void house_write(struct house *h, const char *name, const char *text, char *path)
{
    FILE *file;

    snprintf(path, 128, "%s/%s", h->tmp.path, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* All that was logged so far. */
static inline struct cc_str house_logged(struct house *h)
{
    char path[128];
    char *text = cc_arena_alloc(h->arena, 1 << 16);
    size_t len;
    FILE *file;

    snprintf(path, sizeof(path), "%s/log", h->tmp.path);
    file = fopen(path, "r");
    len = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    return (struct cc_str){ text, len };
}

#endif
