#include "source.h"

#include "../base/arena.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define FETCH_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define FETCH_MS 5000
/* A machine's role has new keys five minutes before the old ones end. */
#define WINDOW_MS INT64_C(300000)
/* A call that is being signed must arrive before they do. */
#define LAST_MS INT64_C(15000)
/* No source is asked more often than this while there are keys. */
#define APART_MS INT64_C(10000)
#define BACK_OFF_FIRST_MS INT64_C(1000)
#define BACK_OFF_MAX_MS INT64_C(60000)
/* Keys that have ended by our clock when they come: it is wrong, or their source is ill and they
 * still work. */
#define DOUBTFUL_MS INT64_C(300000)

struct cc_aws_credentials {
    struct cc_arena *arena;
    struct aws_source source;
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
    pthread_mutex_t mutex;
    pthread_cond_t renewed;
    bool renewing;         /* one thread asks the source, without the mutex */
    bool refused;          /* the service did not take the keys */
    struct cc_arena *held; /* what `found` lies in; NULL: no keys yet */
    struct aws_found found;
    uint64_t generation;
    int64_t renewed_ms;  /* of the steady clock, as the next one */
    int64_t retry_at_ms; /* after failures */
    unsigned failures;   /* one after another */
    char cause[256];     /* of the last one */
};

/* --- opening and closing ---------------------------------------------------------------------- */

enum cc_code cc_aws_credentials_open(const struct cc_aws_credentials_config *config,
                                     struct cc_aws_credentials **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(FETCH_BYTES_MAX);
    struct cc_aws_credentials *credentials = CC_NEW(arena, struct cc_aws_credentials);
    enum cc_code rc;

    credentials->arena = arena;
    credentials->clock = config->clock;
    credentials->random = config->random;
    credentials->log = config->log;
    credentials->source.net = config->net;
    credentials->source.clock = config->clock;
    pthread_mutex_init(&credentials->mutex, NULL);
    cc_cond_init(&credentials->renewed);
    rc = aws_source_choose(config, arena, &credentials->source, err);
    if (rc != CC_OK) {
        cc_aws_credentials_close(credentials);
        return rc;
    }
    *out = credentials;
    return CC_OK;
}

void cc_aws_credentials_close(struct cc_aws_credentials *credentials)
{
    if (!credentials)
        return;
    assert(!credentials->renewing);
    cc_arena_free(credentials->held);
    pthread_cond_destroy(&credentials->renewed);
    pthread_mutex_destroy(&credentials->mutex);
    cc_arena_free(credentials->arena);
}

struct cc_str cc_aws_credentials_source(const struct cc_aws_credentials *credentials)
{
    return cc_str_from(credentials->source.name);
}

/* --- renewing (the mutex is held but where it says otherwise) -----------------------------------
 */

enum need {
    NEED_NOTHING,
    NEED_SOON, /* there are keys, but not for long */
    NEED_NOW,
};

static enum need need_of(const struct cc_aws_credentials *c)
{
    int64_t mono_ms = cc_clock_mono_ms(c->clock);
    int64_t left_ms = INT64_MAX;

    if (!c->held)
        return NEED_NOW;
    if (c->found.expires_ms)
        left_ms = c->found.expires_ms - cc_clock_wall_ms(c->clock);
    if (left_ms <= LAST_MS)
        return NEED_NOW;
    if (mono_ms < c->retry_at_ms || mono_ms - c->renewed_ms < APART_MS)
        return NEED_NOTHING;
    if (c->refused)
        return NEED_NOW;
    return left_ms <= WINDOW_MS ? NEED_SOON : NEED_NOTHING;
}

static bool is_same(const struct cc_aws_keys *a, const struct cc_aws_keys *b)
{
    return cc_str_eq(a->id, b->id) && cc_str_eq(a->secret, b->secret) &&
           cc_str_eq(a->token, b->token);
}

static void install(struct cc_aws_credentials *c, struct cc_arena *arena,
                    const struct aws_found *found)
{
    int64_t now_ms = cc_clock_wall_ms(c->clock);

    if (!c->held || !is_same(&c->found.keys, &found->keys))
        c->generation++;
    cc_arena_free(c->held);
    c->held = arena;
    c->found = *found;
    if (found->expires_ms && found->expires_ms - LAST_MS <= now_ms) {
        c->found.expires_ms = now_ms + DOUBTFUL_MS;
        cc_log_warn(c->log, "keys of AWS had expired when they came: used all the same",
                    CC_LOG_Z("source", c->source.name), CC_LOG_STR("id", found->keys.id));
    }
    c->failures = 0;
    c->retry_at_ms = 0;
    c->refused = false;
    c->renewed_ms = cc_clock_mono_ms(c->clock);
    cc_log_info(c->log, "keys of AWS", CC_LOG_Z("source", c->source.name),
                CC_LOG_STR("id", found->keys.id));
}

/* Twice as long each time, and not all machines at once. */
static void back_off(struct cc_aws_credentials *c, const struct cc_err *failure)
{
    int64_t most_ms = BACK_OFF_FIRST_MS << (c->failures < 6 ? c->failures : 6);
    uint32_t random;

    if (most_ms > BACK_OFF_MAX_MS)
        most_ms = BACK_OFF_MAX_MS;
    cc_random_fill(c->random, &random, sizeof(random));
    c->failures++;
    c->retry_at_ms = cc_clock_mono_ms(c->clock) + most_ms / 2 + random % (most_ms / 2 + 1);
    memcpy(c->cause, failure->cause, sizeof(c->cause));
    cc_log_warn(c->log, "no keys of AWS", CC_LOG_Z("source", c->source.name),
                CC_LOG_Z("cause", failure->cause));
}

/* By one thread at a time, which lets go of the mutex while it asks. */
static void renew(struct cc_aws_credentials *c, int64_t timeout_ms)
{
    struct cc_arena *arena = cc_arena_new(FETCH_BYTES_MAX);
    struct aws_found found = { .expires_ms = 0 };
    struct cc_err failure = { 0 };
    enum cc_code rc;

    c->renewing = true;
    pthread_mutex_unlock(&c->mutex);
    rc = c->source.fetch(&c->source, arena, timeout_ms, &found, &failure);
    pthread_mutex_lock(&c->mutex);
    c->renewing = false;
    if (rc == CC_OK) {
        install(c, arena, &found);
    } else {
        back_off(c, &failure);
        cc_arena_free(arena);
    }
    pthread_cond_broadcast(&c->renewed);
}

/* Until there are keys, by this thread or by another. */
static enum cc_code demand(struct cc_aws_credentials *c, int64_t deadline_ms, struct cc_err *err)
{
    while (need_of(c) == NEED_NOW) {
        int64_t mono_ms = cc_clock_mono_ms(c->clock), left_ms = deadline_ms - mono_ms;
        struct timespec end;

        if (left_ms <= 0)
            return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: out of time");
        if (!c->renewing && mono_ms < c->retry_at_ms)
            return cc_fail(err, CC_UNAVAILABLE, NULL, "%s", c->cause);
        if (!c->renewing) {
            renew(c, left_ms < FETCH_MS ? left_ms : FETCH_MS);
            continue;
        }
        end = cc_deadline_in(left_ms);
        if (pthread_cond_timedwait(&c->renewed, &c->mutex, &end) == ETIMEDOUT)
            return cc_fail(err, CC_UNAVAILABLE, NULL, "aws credentials: out of time");
    }
    return CC_OK;
}

static struct cc_str copy_secret(struct cc_arena *arena, struct cc_str secret)
{
    char *copy;

    if (!secret.at)
        return secret;
    copy = cc_arena_alloc_secret(arena, secret.len + 1);
    memcpy(copy, secret.at, secret.len);
    return (struct cc_str){ copy, secret.len };
}

enum cc_code cc_aws_credentials_get(struct cc_aws_credentials *c, struct cc_arena *arena,
                                    int64_t deadline_ms, struct cc_aws_keys *out,
                                    uint64_t *generation, struct cc_err *err)
{
    enum cc_code rc;

    pthread_mutex_lock(&c->mutex);
    if (need_of(c) == NEED_SOON && !c->renewing) {
        int64_t left_ms = deadline_ms - cc_clock_mono_ms(c->clock);

        if (left_ms > 0)
            renew(c, left_ms / 2 < FETCH_MS ? left_ms / 2 + 1 : FETCH_MS);
    }
    rc = demand(c, deadline_ms, err);
    if (rc == CC_OK) {
        out->id = cc_str_copy(arena, c->found.keys.id);
        out->secret = copy_secret(arena, c->found.keys.secret);
        out->token = copy_secret(arena, c->found.keys.token);
        *generation = c->generation;
    }
    pthread_mutex_unlock(&c->mutex);
    return rc;
}

int64_t cc_aws_credentials_until_ms(struct cc_aws_credentials *c)
{
    int64_t until_ms;

    pthread_mutex_lock(&c->mutex);
    until_ms = c->held && c->found.expires_ms ? c->found.expires_ms : INT64_MAX;
    pthread_mutex_unlock(&c->mutex);
    return until_ms;
}

void cc_aws_credentials_refused(struct cc_aws_credentials *c, uint64_t generation)
{
    pthread_mutex_lock(&c->mutex);
    if (generation == c->generation)
        c->refused = true;
    pthread_mutex_unlock(&c->mutex);
}
