#include "source.h"

#include "../base/arena.h"
#include "../base/file.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
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

/* --- choosing a source ------------------------------------------------------------------------ */

struct chooser {
    struct cc_arena *arena;
    const struct cc_aws_credentials_config *config;
    struct aws_source *source;
    struct cc_err *err;
};

static struct cc_str variable(const struct chooser *c, const char *name)
{
    const char *value = c->config->env ? c->config->env(c->config->env_arg, name) : getenv(name);

    return value && *value ? cc_str_copy(c->arena, cc_str_from(value)) : CC_STR_ABSENT;
}

static enum cc_code refuse(const struct chooser *c, const char *what)
{
    return cc_fail(c->err, CC_INVALID, what, "aws credentials: %s", what);
}

static enum cc_code from_environment(struct chooser *c)
{
    struct aws_source *s = c->source;

    s->fixed.keys.id = variable(c, "AWS_ACCESS_KEY_ID");
    s->fixed.keys.secret = variable(c, "AWS_SECRET_ACCESS_KEY");
    s->fixed.keys.token = variable(c, "AWS_SESSION_TOKEN");
    if (!s->fixed.keys.id.at && !s->fixed.keys.secret.at)
        return CC_OK;
    if (!s->fixed.keys.id.at || !s->fixed.keys.secret.at)
        return refuse(c, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together.");
    s->name = "the environment";
    s->fetch = aws_fetch_fixed;
    return CC_OK;
}

static enum cc_code from_web_identity(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str file = variable(c, "AWS_WEB_IDENTITY_TOKEN_FILE");
    struct cc_str session = variable(c, "AWS_ROLE_SESSION_NAME");

    if (!file.at)
        return CC_OK;
    s->token_path = file.at;
    s->role_arn = variable(c, "AWS_ROLE_ARN");
    if (session.at)
        s->role_session = session;
    if (!s->role_arn.at)
        return refuse(c, "AWS_WEB_IDENTITY_TOKEN_FILE needs AWS_ROLE_ARN beside it.");
    s->name = "web identity";
    s->fetch = aws_fetch_web_identity;
    return CC_OK;
}

/* A file of ~/.aws, or the one that the environment names. */
static const char *shared_file(const struct chooser *c, const char *name, const char *in_home)
{
    struct cc_str path = variable(c, name);
    struct cc_str home = variable(c, "HOME");

    if (path.at)
        return path.at;
    return home.at ? CC_JOIN(c->arena, home, cc_str_from(in_home)).at : NULL;
}

static enum cc_code check_profile(const struct chooser *c, const struct aws_profile *p, bool named)
{
    bool has_keys = p->access_key_id.at && p->secret_access_key.at;

    if (p->sso.at || p->credential_process.at || p->credential_source.at)
        return refuse(c, "The profile of AWS takes its keys from a source that is not supported "
                         "(sso, credential_process or credential_source).");
    if (p->role_arn.at && !p->web_identity_token_file.at && !p->source_profile.at)
        return refuse(c, "The profile of AWS has role_arn, but neither web_identity_token_file nor "
                         "source_profile.");
    if (p->role_arn.at && p->mfa_serial.at)
        return refuse(c, "The profile of AWS has mfa_serial: nobody is here to type a code.");
    if (!has_keys && (p->access_key_id.at || p->secret_access_key.at))
        return refuse(c, "The profile of AWS has half of a key.");
    if (named && !has_keys && !p->role_arn.at)
        return refuse(c, "The profile that AWS_PROFILE names is not there, or has no keys.");
    return CC_OK;
}

/* What can be known of a role before it is asked for. */
static enum cc_code check_role(const struct chooser *c, const struct aws_profile *p)
{
    struct cc_aws_keys keys;

    if (!p->role_arn.at || p->web_identity_token_file.at)
        return CC_OK;
    return aws_source_profile_keys(c->source, c->arena, p, &keys, c->err);
}

static enum cc_code from_profile(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str named = variable(c, "AWS_PROFILE");
    struct aws_profile profile = { 0 };
    enum cc_code rc;

    s->profile = named.at ? named : CC_STR("default");
    s->credentials_path = shared_file(c, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
    s->config_path = shared_file(c, "AWS_CONFIG_FILE", "/.aws/config");
    rc = aws_profile_load(s, c->arena, s->profile, &profile, c->err);
    if (rc == CC_OK)
        rc = check_profile(c, &profile, named.at != NULL);
    if (rc == CC_OK)
        rc = check_role(c, &profile);
    if (rc != CC_OK || (!profile.access_key_id.at && !profile.role_arn.at))
        return rc;
    s->name = cc_str_format(c->arena, "profile %.*s of %s", CC_STR_ARG(s->profile),
                            s->credentials_path ? s->credentials_path : s->config_path)
                  .at;
    s->fetch = aws_fetch_profile;
    return CC_OK;
}

static enum cc_code from_container(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str relative = variable(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    struct cc_str full = variable(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");

    if (!relative.at && !full.at)
        return CC_OK;
    s->url = relative.at ? CC_JOIN(c->arena, CC_STR("http://169.254.170.2"), relative) : full;
    if (!aws_container_url_is_allowed(s->url))
        return refuse(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or at an address of "
                         "this machine.");
    s->token_path = variable(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").at;
    s->token = variable(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    s->name = "the container's endpoint";
    s->fetch = aws_fetch_container;
    return CC_OK;
}

static struct cc_str without_slash(struct cc_str url)
{
    return cc_str_ends(url, CC_STR("/")) ? cc_str_take(url, url.len - 1) : url;
}

static enum cc_code from_machine(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str endpoint = variable(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");

    if (cc_str_eq_nocase(variable(c, "AWS_EC2_METADATA_DISABLED"), CC_STR("true")))
        return refuse(c, "No credentials of AWS are configured: set AWS_ACCESS_KEY_ID and "
                         "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.");
    s->url = CC_STR("http://169.254.169.254");
    if (endpoint.at)
        s->url = endpoint;
    if (c->config->imds_endpoint.at)
        s->url = cc_str_copy(c->arena, c->config->imds_endpoint);
    s->url = without_slash(s->url);
    s->name = "the machine's role";
    s->fetch = aws_fetch_machine;
    return CC_OK;
}

/* STS is asked by two of the sources. */
static void set_sts(struct chooser *c)
{
    struct aws_source *s = c->source;
    struct cc_str region = variable(c, "AWS_REGION");

    if (c->config->region.at)
        region = cc_str_copy(c->arena, c->config->region);
    s->region = region.at ? region : CC_STR("us-east-1");
    s->role_session = CC_STR("cloud-chat");
    s->sts_url = cc_str_starts(s->region, CC_STR("cn-")) ? CC_STR(".amazonaws.com.cn")
                                                         : CC_STR(".amazonaws.com");
    s->sts_url = CC_JOIN(c->arena, CC_STR("https://sts."), s->region, s->sts_url);
    if (c->config->sts_endpoint.at)
        s->sts_url = without_slash(cc_str_copy(c->arena, c->config->sts_endpoint));
}

static enum cc_code choose(struct chooser *c)
{
    static enum cc_code (*const sources[])(struct chooser *) = { from_environment,
                                                                 from_web_identity, from_profile,
                                                                 from_container, from_machine };
    enum cc_code rc = CC_OK;

    set_sts(c);
    for (size_t i = 0; i < CC_COUNT(sources) && rc == CC_OK && !c->source->fetch; i++)
        rc = sources[i](c);
    return rc;
}

/* --- opening and closing ---------------------------------------------------------------------- */

enum cc_code cc_aws_credentials_open(const struct cc_aws_credentials_config *config,
                                     struct cc_aws_credentials **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(FETCH_BYTES_MAX);
    struct cc_aws_credentials *credentials = CC_NEW(arena, struct cc_aws_credentials);
    struct chooser chooser = { arena, config, &credentials->source, err };
    enum cc_code rc;

    credentials->arena = arena;
    credentials->clock = config->clock;
    credentials->random = config->random;
    credentials->log = config->log;
    credentials->source.net = config->net;
    credentials->source.clock = config->clock;
    pthread_mutex_init(&credentials->mutex, NULL);
    cc_cond_init(&credentials->renewed);
    rc = choose(&chooser);
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
