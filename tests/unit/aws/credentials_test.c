#define _GNU_SOURCE /* memmem */
#include "house.h"

#include "aws/source.h"

#include <sys/stat.h>
#include <time.h>

#define THREADS 8

/* --- an endpoint that gives keys, a new pair each time ------------------------------------------
 */

enum mood {
    GIVES,
    FAILS,   /* 500 */
    WAITS,   /* until it gives */
    EXPIRED, /* gives keys that have ended */
};

struct endpoint {
    struct fake_http http; /* first */
    struct house *house;
    _Atomic int mood;
    _Atomic int64_t lives_ms; /* how long the keys do; 0: an hour */
    pthread_mutex_t mutex;
    char head[2048], body[2048]; /* of the last request */
    char paths[512];             /* of all, one after another */
};

static void note(struct endpoint *e, const struct fake_request *request)
{
    struct cc_str rest = request->head;
    struct cc_str line = cc_str_cut(&rest, '\r');

    pthread_mutex_lock(&e->mutex);
    snprintf(e->head, sizeof(e->head), "%.*s", CC_STR_ARG(request->head));
    snprintf(e->body, sizeof(e->body), "%.*s", CC_STR_ARG(request->body));
    line = cc_str_take(line, line.len - strlen(" HTTP/1.1"));
    snprintf(e->paths + strlen(e->paths), sizeof(e->paths) - strlen(e->paths), "%.*s\n",
             CC_STR_ARG(line));
    pthread_mutex_unlock(&e->mutex);
}

static bool heard(struct endpoint *e, const char *text)
{
    bool found;

    pthread_mutex_lock(&e->mutex);
    found = strstr(e->head, text) || strstr(e->body, text) || strstr(e->paths, text);
    pthread_mutex_unlock(&e->mutex);
    return found;
}

static int64_t end_of_keys(const struct endpoint *e)
{
    int64_t lives_ms = e->lives_ms ? e->lives_ms : 3600000;

    return e->house->clock.wall_ms + (e->mood == EXPIRED ? -1000 : lives_ms);
}

static bool give(struct endpoint *e, struct fake_peer *peer, const struct fake_request *request)
{
    static const char json[] =
        "{\"Code\":\"Success\",\"AccessKeyId\":\"ID%u\",\"SecretAccessKey\":\"HUSH\","
        "\"Token\":\"PSST\",\"Expiration\":\"%s\"}";
    static const char xml[] =
        "<R><Credentials><AccessKeyId>ID%u</AccessKeyId><SecretAccessKey>HUSH</SecretAccessKey>"
        "<SessionToken>PSST</SessionToken><Expiration>%s</Expiration></Credentials></R>";
    const char *format = cc_str_starts(request->head, CC_STR("POST ")) ? xml : json;
    char text[1024], time[CC_TIME_TEXT_SIZE];
    int len = snprintf(text, sizeof(text), format, request->number,
                       cc_time_format(end_of_keys(e), time).at);

    return fake_reply(peer, "200 OK", "", (struct cc_str){ text, (size_t)len });
}

static bool answer(struct fake_http *http, struct fake_peer *peer,
                   const struct fake_request *request)
{
    struct endpoint *e = (struct endpoint *)http;
    struct cc_str head = request->head;

    note(e, request);
    if (e->mood == FAILS)
        return fake_reply(peer, "500 Oh", "", CC_STR("no HUSH"));
    if (e->mood == WAITS)
        cc_wait_until(e->mood != WAITS);
    if (cc_str_starts(head, CC_STR("PUT /latest/api/token ")))
        return fake_reply(peer, "200 OK", "", CC_STR("imds-token"));
    if (cc_str_starts(head, CC_STR("GET /latest/meta-data/iam/security-credentials/ ")))
        return fake_reply(peer, "200 OK", "", CC_STR("the-role\n"));
    return give(e, peer, request);
}

static void open_endpoint(struct house *h, struct endpoint *e)
{
    *e = (struct endpoint){ .http = { .answer = answer }, .house = h };
    pthread_mutex_init(&e->mutex, NULL);
    fake_http_start(&e->http);
    house_open(h);
    h->config.sts_endpoint = cc_str_from(e->http.url);
    h->config.imds_endpoint = cc_str_from(e->http.url);
}

static void close_endpoint(struct house *h, struct endpoint *e)
{
    fake_http_stop(&e->http);
    pthread_mutex_destroy(&e->mutex);
    house_close(h);
}

/* As a container, which is the simplest way to have keys that end. */
static void open_container(struct house *h, struct endpoint *e)
{
    open_endpoint(h, e);
    house_set(h, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
              CC_JOIN(h->arena, cc_str_from(e->http.url), CC_STR("/creds")).at);
    ck_assert_int_eq(house_open_credentials(h), CC_OK);
}

static unsigned asked(struct endpoint *e)
{
    return atomic_load(&e->http.requests);
}

struct got {
    struct cc_aws_keys keys;
    uint64_t generation;
};

static enum cc_code get(struct house *h, struct cc_arena *arena, struct got *out,
                        struct cc_err *err)
{
    int64_t deadline_ms = cc_clock_mono_ms(&h->clock.base) + 8000;

    cc_err_clear(err);
    return cc_aws_credentials_get(h->credentials, arena, deadline_ms, &out->keys, &out->generation,
                                  err);
}

static void check_get(struct house *h, const char *id)
{
    struct got got;

    ck_assert_msg(get(h, h->arena, &got, &h->err) == CC_OK, "%s", h->err.cause);
    cc_check_str(got.keys.id, cc_str_from(id));
}

/* --- the sources --------------------------------------------------------------------------------
 */

#define ENV_MAX 6

struct setting {
    const char *env[ENV_MAX][2];
    const char *source; /* NULL: refused */
};

static const struct setting settings[] = {
    { { { "AWS_ACCESS_KEY_ID", "A" },
        { "AWS_SECRET_ACCESS_KEY", "S" },
        { "AWS_WEB_IDENTITY_TOKEN_FILE", "/x" },
        { "AWS_PROFILE", "p" } },
      "the environment" },
    { { { "AWS_ACCESS_KEY_ID", "A" } }, NULL },
    { { { "AWS_SECRET_ACCESS_KEY", "S" } }, NULL },
    { { { "AWS_ACCESS_KEY_ID", "" },
        { "AWS_SECRET_ACCESS_KEY", "" },
        { "AWS_WEB_IDENTITY_TOKEN_FILE", "/x" },
        { "AWS_ROLE_ARN", "arn" } },
      "web identity" },
    { { { "AWS_WEB_IDENTITY_TOKEN_FILE", "/x" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" } },
      "profile default of " },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "absent" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "sso" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "process" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "half" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "empty" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "lonely" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "role" } }, "profile role of " },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "chain" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "nobodys" } }, NULL },
    { { { "HOME", "HOME" }, { "AWS_PROFILE", "typed" } }, NULL },
    { { { "HOME", "/nonexistent" }, { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2" } },
      "the container's endpoint" },
    { { { "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/" } }, NULL },
    { { { NULL } }, "the machine's role" },
    { { { "AWS_EC2_METADATA_DISABLED", "True" } }, NULL },
};

/* The profiles that the table speaks of. */
static void write_profiles(struct house *h)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/.aws", h->tmp.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    house_write(h, ".aws/credentials",
                "[default]\naws_access_key_id=A\naws_secret_access_key=S\n"
                "[half]\naws_access_key_id=A\n[lonely]\nrole_arn=arn\n"
                "[middle]\naws_access_key_id=A\naws_secret_access_key=S\n",
                path);
    house_write(h, ".aws/config",
                "[profile sso]\nsso_start_url=https://x\n[profile empty]\nregion=x\n"
                "[profile process]\ncredential_process=/bin/true\n"
                "[profile role]\nrole_arn=arn\nsource_profile=default\n"
                "[profile middle]\nrole_arn=arn\nsource_profile=default\n"
                "[profile chain]\nrole_arn=arn\nsource_profile=middle\n"
                "[profile nobodys]\nrole_arn=arn\nsource_profile=nobody\n"
                "[profile typed]\nrole_arn=arn\nsource_profile=default\nmfa_serial=arn\n",
                path);
}

static void set_environment(struct house *h, const struct setting *row)
{
    for (size_t i = 0; i < ENV_MAX && row->env[i][0]; i++) {
        bool is_home = strcmp(row->env[i][1], "HOME") == 0;

        house_set(h, row->env[i][0], is_home ? h->tmp.path : row->env[i][1]);
    }
}

START_TEST(the_first_source_that_is_configured_is_the_one)
{
    for (size_t i = 0; i < CC_COUNT(settings); i++) {
        const char *source = settings[i].source;
        struct cc_str said;
        struct house h;

        house_open(&h);
        write_profiles(&h);
        set_environment(&h, &settings[i]);
        ck_assert_msg(house_open_credentials(&h) == (source ? CC_OK : CC_INVALID), "%zu: %s", i,
                      h.err.cause);
        if (source) {
            said = cc_aws_credentials_source(h.credentials);
            ck_assert_msg(cc_str_starts(said, cc_str_from(source)), "%zu: %.*s", i,
                          CC_STR_ARG(said));
        } else {
            h.credentials = NULL;
        }
        house_close(&h);
    }
}
END_TEST

START_TEST(keys_of_the_environment_are_as_they_stand_there)
{
    struct got got;
    struct house h;

    house_open(&h);
    house_set(&h, "AWS_ACCESS_KEY_ID", "A");
    house_set(&h, "AWS_SECRET_ACCESS_KEY", "S");
    house_set(&h, "AWS_SESSION_TOKEN", "T");
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_OK);
    cc_check_str(got.keys.id, CC_STR("A"));
    cc_check_str(got.keys.secret, CC_STR("S"));
    cc_check_str(got.keys.token, CC_STR("T"));
    ck_assert_uint_gt(got.generation, 0);
    house_close(&h);
}
END_TEST

START_TEST(a_container_is_told_the_token_of_its_file_as_it_is_now)
{
    struct endpoint e;
    struct house h;
    char path[128];

    open_endpoint(&h, &e);
    house_write(&h, "token", "first\n", path);
    house_set(&h, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    house_set(&h, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one");
    house_set(&h, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
              CC_JOIN(h.arena, cc_str_from(e.http.url), CC_STR("/creds?a=b")).at);
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    check_get(&h, "ID0");
    ck_assert(heard(&e, "GET /creds?a=b "));
    ck_assert(heard(&e, "Authorization: first\r\n"));
    house_write(&h, "token", "second", path);
    house_turn(&h, 3600000);
    check_get(&h, "ID1");
    ck_assert(heard(&e, "Authorization: second\r\n"));
    close_endpoint(&h, &e);
}
END_TEST

/* Line breaks in the middle would be headers of somebody else's. */
START_TEST(a_token_that_is_not_one_line_is_not_sent)
{
    struct endpoint e;
    struct got got;
    struct house h;

    open_endpoint(&h, &e);
    house_set(&h, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX: y");
    house_set(&h, "AWS_CONTAINER_CREDENTIALS_FULL_URI", e.http.url);
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_UNAVAILABLE);
    ck_assert_uint_eq(asked(&e), 0);
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(a_machine_is_asked_for_its_role_with_a_token)
{
    struct endpoint e;
    struct house h;

    open_endpoint(&h, &e);
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    check_get(&h, "ID2");
    ck_assert(heard(&e, "PUT /latest/api/token\n"
                        "GET /latest/meta-data/iam/security-credentials/\n"
                        "GET /latest/meta-data/iam/security-credentials/the-role\n"));
    ck_assert(heard(&e, "X-aws-ec2-metadata-token: imds-token\r\n"));
    close_endpoint(&h, &e);
}
END_TEST

/* Version 1 answers whoever gets a request forged through us. */
START_TEST(a_machine_that_gives_no_token_is_not_asked_without_one)
{
    struct endpoint e;
    struct got got;
    struct house h;

    open_endpoint(&h, &e);
    e.mood = FAILS;
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_UNAVAILABLE);
    ck_assert_uint_eq(asked(&e), 1);
    close_endpoint(&h, &e);
}
END_TEST

/* Each of three requests could take a second, whatever was left. */
START_TEST(a_machine_is_asked_within_the_time_that_there_is)
{
    struct aws_source source = { .name = "the machine's role" };
    struct aws_found found;
    struct endpoint e;
    struct house h;

    open_endpoint(&h, &e);
    source.net = h.net;
    source.clock = &h.clock.base;
    source.url = cc_str_from(e.http.url);
    h.clock.step_ms = 900;
    ck_assert_int_eq(aws_fetch_machine(&source, h.arena, 2000, &found, &h.err), CC_UNAVAILABLE);
    ck_assert_uint_eq(asked(&e), 2);
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(web_identity_is_a_role_for_a_token)
{
    struct endpoint e;
    struct house h;
    char path[128];

    open_endpoint(&h, &e);
    house_write(&h, "token", "ey.J+w/=\n", path);
    house_set(&h, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    house_set(&h, "AWS_ROLE_ARN", "arn:aws:iam::1:role/chat");
    house_set(&h, "AWS_ROLE_SESSION_NAME", "s");
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    check_get(&h, "ID0");
    ck_assert(heard(&e, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                        "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fchat&RoleSessionName=s&"
                        "WebIdentityToken=ey.J%2Bw%2F%3D"));
    ck_assert(!heard(&e, "Authorization:"));
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(a_profile_may_name_a_role)
{
    static const struct {
        const char *name, *heard, *signed_with;
    } rows[] = {
        { "by-token", "Action=AssumeRoleWithWebIdentity&", NULL },
        { "by-keys", "Action=AssumeRole&", "Credential=A/20261123/eu-central-1/sts/" },
        { "by-own-keys", "&ExternalId=x%20y", "Credential=B/20261123/eu-central-1/sts/" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        char token[128], config[128], credentials[128];
        struct endpoint e;
        struct house h;

        open_endpoint(&h, &e);
        house_write(&h, "token", "jwt", token);
        house_write(&h, "credentials",
                    "[base]\naws_access_key_id=A\naws_secret_access_key=S\n"
                    "[by-own-keys]\naws_access_key_id=B\naws_secret_access_key=S\n",
                    credentials);
        house_write(&h, "config",
                    cc_str_format(h.arena,
                                  "[profile by-token]\nrole_arn=arn\nweb_identity_token_file=%s\n"
                                  "[profile by-keys]\nrole_arn=arn\nsource_profile=base\n"
                                  "[profile by-own-keys]\nrole_arn=arn\nexternal_id=x y\n"
                                  "source_profile=by-own-keys\n",
                                  token)
                        .at,
                    config);
        house_set(&h, "AWS_SHARED_CREDENTIALS_FILE", credentials);
        house_set(&h, "AWS_CONFIG_FILE", config);
        house_set(&h, "AWS_PROFILE", rows[i].name);
        h.config.region = CC_STR("eu-central-1");
        ck_assert_int_eq(house_open_credentials(&h), CC_OK);
        check_get(&h, "ID0");
        ck_assert_msg(heard(&e, rows[i].heard), "%s", e.body);
        ck_assert(heard(&e, "RoleSessionName=cloud-chat"));
        ck_assert(rows[i].signed_with ? heard(&e, rows[i].signed_with)
                                      : !heard(&e, "Authorization"));
        close_endpoint(&h, &e);
    }
}
END_TEST

START_TEST(the_address_of_sts_may_end_with_a_slash)
{
    char credentials[128];
    struct endpoint e;
    struct house h;

    open_endpoint(&h, &e);
    house_write(&h, "credentials",
                "[default]\nrole_arn=arn\nsource_profile=default\n"
                "aws_access_key_id=A\naws_secret_access_key=S\n",
                credentials);
    house_set(&h, "AWS_SHARED_CREDENTIALS_FILE", credentials);
    h.config.sts_endpoint = CC_JOIN(h.arena, cc_str_from(e.http.url), CC_STR("/"));
    ck_assert_int_eq(house_open_credentials(&h), CC_OK);
    check_get(&h, "ID0");
    ck_assert(heard(&e, "POST /\n"));
    ck_assert(heard(&e, cc_str_format(h.arena, "Host: 127.0.0.1:%u\r\n", e.http.port).at));
    close_endpoint(&h, &e);
}
END_TEST

/* --- renewing -----------------------------------------------------------------------------------
 */

START_TEST(keys_are_asked_for_once_and_again_in_their_last_five_minutes)
{
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    ck_assert_uint_eq(asked(&e), 0);
    check_get(&h, "ID0");
    house_turn(&h, 55 * 60000 - 1);
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 1);
    house_turn(&h, 1);
    check_get(&h, "ID1");
    check_get(&h, "ID1");
    ck_assert_uint_eq(asked(&e), 2);
    close_endpoint(&h, &e);
}
END_TEST

struct getter {
    struct house *house;
    pthread_t thread;
    char id[16];
    enum cc_code code;
    _Atomic bool done;
};

static void *run_get(void *arg)
{
    struct getter *g = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };
    struct got got;

    g->code = get(g->house, arena, &got, &err);
    if (g->code == CC_OK)
        snprintf(g->id, sizeof(g->id), "%.*s", CC_STR_ARG(got.keys.id));
    cc_arena_free(arena);
    g->done = true;
    return NULL;
}

static void start_getters(struct house *h, struct getter *getters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memset(&getters[i], 0, sizeof(getters[i]));
        getters[i].house = h;
        pthread_create(&getters[i].thread, NULL, run_get, &getters[i]);
    }
}

static void join_getters(struct getter *getters, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        pthread_join(getters[i].thread, NULL);
        ck_assert_int_eq(getters[i].code, CC_OK);
        ck_assert_str_eq(getters[i].id, id);
    }
}

/* Twice: when there are none yet, and when they have ended. */
START_TEST(many_threads_without_keys_ask_once)
{
    struct getter getters[THREADS];
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    for (unsigned round = 0; round < 2; round++) {
        char id[16];

        snprintf(id, sizeof(id), "ID%u", round);
        e.mood = WAITS;
        start_getters(&h, getters, THREADS);
        cc_wait_until(asked(&e) == round + 1);
        e.mood = GIVES;
        join_getters(getters, THREADS, id);
        ck_assert_uint_eq(asked(&e), round + 1);
        house_turn(&h, 3600000);
    }
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(while_one_thread_renews_the_others_go_on_with_the_old_keys)
{
    struct getter renewing, others[THREADS];
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    check_get(&h, "ID0");
    house_turn(&h, 56 * 60000);
    e.mood = WAITS;
    start_getters(&h, &renewing, 1);
    cc_wait_until(asked(&e) == 2);
    start_getters(&h, others, THREADS);
    join_getters(others, THREADS, "ID0");
    ck_assert(!renewing.done);
    e.mood = GIVES;
    join_getters(&renewing, 1, "ID1");
    check_get(&h, "ID1");
    ck_assert_uint_eq(asked(&e), 2);
    close_endpoint(&h, &e);
}
END_TEST

/* Under load, and under TSan: whoever gets keys gets a pair that belongs together. */
static void *run_gets(void *arg)
{
    struct getter *g = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    for (int i = 0; i < 200 && g->code == CC_OK; i++) {
        struct cc_err err = { 0 };
        struct got got;

        /* The clock is turned by more than a deadline. */
        g->code = cc_aws_credentials_get(g->house->credentials, arena, INT32_MAX, &got.keys,
                                         &got.generation, &err);
        if (g->code == CC_OK && !cc_str_eq(got.keys.secret, CC_STR("HUSH")))
            g->code = CC_INTERNAL;
        if (i % 50 == 0)
            house_turn(g->house, 5 * 60000);
        if (i % 70 == 0)
            cc_aws_credentials_refused(g->house->credentials, got.generation);
        cc_arena_reset(arena);
    }
    cc_arena_free(arena);
    return NULL;
}

START_TEST(keys_that_change_under_many_threads_are_never_mixed_up)
{
    struct getter getters[THREADS];
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    for (int i = 0; i < THREADS; i++) {
        memset(&getters[i], 0, sizeof(getters[i]));
        getters[i].house = &h;
        pthread_create(&getters[i].thread, NULL, run_gets, &getters[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(getters[i].thread, NULL);
        ck_assert_int_eq(getters[i].code, CC_OK);
    }
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(a_renewal_that_fails_leaves_the_old_keys_and_is_tried_again_later)
{
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    check_get(&h, "ID0");
    house_turn(&h, 56 * 60000);
    e.mood = FAILS;
    check_get(&h, "ID0");
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 2);
    house_turn(&h, 499);
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 2);
    house_turn(&h, 1); /* half a second, by the die that always falls low; then a whole one */
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 3);
    house_turn(&h, 999);
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 3);
    e.mood = GIVES;
    house_turn(&h, 1);
    check_get(&h, "ID3");
    close_endpoint(&h, &e);
}
END_TEST

/* What is signed with them must arrive before they end. */
START_TEST(keys_in_their_last_fifteen_seconds_are_not_used)
{
    struct endpoint e;
    struct house h;
    struct got got;

    open_container(&h, &e);
    check_get(&h, "ID0");
    e.mood = FAILS;
    house_turn(&h, 3600000 - 15001);
    check_get(&h, "ID0");
    house_turn(&h, 1);
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_UNAVAILABLE);
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(without_keys_a_source_that_fails_is_not_asked_at_every_call)
{
    struct endpoint e;
    struct got got;
    struct house h;

    open_container(&h, &e);
    e.mood = FAILS;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_UNAVAILABLE);
    ck_assert_uint_eq(asked(&e), 1);
    ck_assert_str_eq(h.err.cause, "aws credentials: the container's endpoint: 500 500 ");
    e.mood = GIVES;
    house_turn(&h, 500);
    check_get(&h, "ID1");
    close_endpoint(&h, &e);
}
END_TEST

START_TEST(keys_that_the_service_refused_are_asked_for_anew_but_not_every_time)
{
    struct endpoint e;
    struct house h;
    struct got got;

    open_container(&h, &e);
    check_get(&h, "ID0");
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_OK);
    cc_aws_credentials_refused(h.credentials, got.generation + 1);
    house_turn(&h, 10000);
    check_get(&h, "ID0");
    cc_aws_credentials_refused(h.credentials, got.generation);
    check_get(&h, "ID1");
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_OK);
    cc_aws_credentials_refused(h.credentials, got.generation);
    check_get(&h, "ID1");
    house_turn(&h, 9999);
    check_get(&h, "ID1");
    house_turn(&h, 1);
    check_get(&h, "ID2");
    close_endpoint(&h, &e);
}
END_TEST

/* Our clock is wrong, or the source is ill and its keys still work: the service will say. */
START_TEST(keys_that_seem_to_have_ended_when_they_come_are_used_for_a_while)
{
    struct endpoint e;
    struct house h;

    open_container(&h, &e);
    e.mood = EXPIRED;
    check_get(&h, "ID0");
    check_get(&h, "ID0");
    ck_assert_uint_eq(asked(&e), 1);
    house_turn(&h, 10000);
    check_get(&h, "ID1");
    close_endpoint(&h, &e);
}
END_TEST

/* Cleanups run newest first: one that was registered before looks at the secret after the others.
 */
struct look {
    struct cc_str secret;
    bool left;
};

static void look_for_secret(void *arg)
{
    struct look *look = arg;

    for (size_t i = 0; i < look->secret.len; i++)
        look->left |= look->secret.at[i] != 0;
}

START_TEST(what_files_held_is_wiped_with_the_memory)
{
    struct aws_source source = { .profile = CC_STR("default") };
    struct look key = { .left = false }, token = { .left = false };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct aws_found found;
    char path[128];
    struct house h;

    house_open(&h);
    house_write(&h, "file", "[default]\naws_access_key_id=A\naws_secret_access_key=HUSH\n", path);
    source.credentials_path = path;
    cc_arena_defer(arena, look_for_secret, &key);
    cc_arena_defer(arena, look_for_secret, &token);
    ck_assert_int_eq(aws_fetch_profile(&source, arena, 1000, &found, &h.err), CC_OK);
    ck_assert_int_eq(aws_token_read(arena, path, &token.secret, &h.err), CC_OK);
    key.secret = found.keys.secret;
    cc_check_str(key.secret, CC_STR("HUSH"));
    cc_arena_reset(arena);
    ck_assert(!key.left && !token.left);
    cc_arena_free(arena);
    house_close(&h);
}
END_TEST

START_TEST(nothing_of_a_key_but_its_id_is_logged)
{
    struct endpoint e;
    struct cc_str logged;
    struct got got;
    struct house h;

    open_container(&h, &e);
    e.mood = FAILS;
    ck_assert_int_eq(get(&h, h.arena, &got, &h.err), CC_UNAVAILABLE);
    e.mood = EXPIRED;
    house_turn(&h, 60000);
    check_get(&h, "ID1");
    logged = house_logged(&h);
    ck_assert_ptr_nonnull(memmem(logged.at, logged.len, "ID1", 3));
    ck_assert_ptr_null(memmem(logged.at, logged.len, "HUSH", 4));
    ck_assert_ptr_null(memmem(logged.at, logged.len, "PSST", 4));
    close_endpoint(&h, &e);
}
END_TEST

CC_CHECK_MAIN("aws/credentials", the_first_source_that_is_configured_is_the_one,
              keys_of_the_environment_are_as_they_stand_there,
              a_container_is_told_the_token_of_its_file_as_it_is_now,
              a_token_that_is_not_one_line_is_not_sent,
              a_machine_is_asked_for_its_role_with_a_token,
              a_machine_that_gives_no_token_is_not_asked_without_one,
              web_identity_is_a_role_for_a_token, a_profile_may_name_a_role,
              the_address_of_sts_may_end_with_a_slash,
              a_machine_is_asked_within_the_time_that_there_is,
              keys_are_asked_for_once_and_again_in_their_last_five_minutes,
              many_threads_without_keys_ask_once,
              while_one_thread_renews_the_others_go_on_with_the_old_keys,
              keys_that_change_under_many_threads_are_never_mixed_up,
              a_renewal_that_fails_leaves_the_old_keys_and_is_tried_again_later,
              keys_in_their_last_fifteen_seconds_are_not_used,
              without_keys_a_source_that_fails_is_not_asked_at_every_call,
              keys_that_the_service_refused_are_asked_for_anew_but_not_every_time,
              keys_that_seem_to_have_ended_when_they_come_are_used_for_a_while,
              what_files_held_is_wiped_with_the_memory, nothing_of_a_key_but_its_id_is_logged)
