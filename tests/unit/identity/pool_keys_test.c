/* The keys of a pool, at a server of the tests that counts who asks. */
#include "jwk.h"

#include "../../fake_http.h"
#include "../../tmp.h"

#include "base/digest.h"
#include "base/id.h"
#include "identity/jwks.h"
#include "identity/pool_keys.h"
#include "net/net.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define KID CC_STR("one")
#define DAY_S (24 * 3600)
#define RINGS 4
#define THREADS 8
#define PROCESSES 4

struct pool {
    struct cc_arena *arena;
    struct cc_tmp folder;
    struct house_clock clock;
    struct cc_log log;
    struct fake_http server;
    struct cc_net *net;
    struct cc_token_keys *keys;
    struct cc_pool_keys_config config;
    struct cc_err err;
    /* what the server says */
    const char *status;
    struct cc_str document;
    atomic_bool is_held; /* answers nothing for now */
};

static bool answer(struct fake_http *server, struct fake_peer *peer,
                   const struct fake_request *request)
{
    struct pool *p = server->arg;

    ck_assert(cc_str_starts(request->head, CC_STR("GET /")));
    cc_wait_until(!atomic_load(&p->is_held));
    return fake_reply(peer, p->status, "", p->document);
}

static struct cc_str set_of(struct pool *p, const char *kid)
{
    return jwk_set_of(p->arena, jwk_of(p->arena, kid, jwk_n(p->arena)));
}

static struct cc_token_keys *another(struct pool *p)
{
    struct cc_token_keys *keys;

    cc_err_clear(&p->err);
    ck_assert_msg(cc_pool_keys_open(&p->config, &keys, &p->err) == CC_OK, "%s", p->err.cause);
    return keys;
}

static void open_net(struct pool *p)
{
    ck_assert_int_eq(cc_net_open(&(struct cc_net_config){ 0 }, &p->net, &p->err), CC_OK);
    p->config.net = p->net;
}

static void open_clock(struct pool *p)
{
    p->clock.base = (struct cc_clock){ house_now, house_now };
    atomic_store(&p->clock.ms, HOUSE_START_MS);
    p->log = (struct cc_log){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                              .program = "test",
                              .level = CC_LOG_INFO,
                              .clock = &p->clock.base };
}

static void pool_open(struct pool *p)
{
    *p = (struct pool){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES),
                        .server = { .answer = answer, .arg = p },
                        .status = "200 OK" };
    cc_tmp_make(&p->folder);
    open_clock(p);
    p->document = set_of(p, "one");
    fake_http_start(&p->server);
    p->config = (struct cc_pool_keys_config){
        .folder = cc_str_from(p->folder.path),
        .url = cc_str_format(p->arena, "%s/pool/.well-known/jwks.json", p->server.url),
        .clock = &p->clock.base,
        .log = &p->log,
    };
    open_net(p);
    p->keys = another(p);
}

static void pool_close(struct pool *p)
{
    cc_pool_keys_close(p->keys);
    cc_net_close(p->net);
    fake_http_stop(&p->server);
    cc_tmp_remove(&p->folder);
    close(p->log.fd);
    cc_arena_free(p->arena);
}

static void later(struct pool *p, int64_t seconds)
{
    atomic_fetch_add(&p->clock.ms, seconds * 1000);
}

static enum cc_code find_in(struct cc_token_keys *keys, struct cc_str kid)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_token_key key;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_token_keys_find(keys, arena, kid, &key, &err);

    ck_assert_int_eq(err.code, rc);
    if (rc == CC_OK)
        ck_assert(key.pem.at && key.key && cc_str_eq(key.kid, kid));
    if (rc == CC_UNAVAILABLE)
        ck_assert_int_gt(err.retry_after_s, 0);
    cc_arena_free(arena);
    return rc;
}

static enum cc_code find(struct pool *p, struct cc_str kid)
{
    return find_in(p->keys, kid);
}

#define check_asked(p, times) ck_assert_uint_eq(atomic_load(&(p)->server.requests), (times))

/* The one file of ours whose name ends like this. */
static const char *file_of(struct pool *p, const char *ending)
{
    unsigned char digest[CC_SHA256_SIZE];

    cc_sha256(p->config.url, digest);
    return cc_str_format(
               p->arena, "%s/jwks-%.*s%s", p->folder.path,
               CC_STR_ARG(cc_hex_encode(p->arena, (struct cc_str){ (const char *)digest, 8 })),
               ending)
        .at;
}

/* --- when all is well ------------------------------------------------------------------------- */

START_TEST(keys_are_asked_for_when_the_first_token_comes_and_then_kept)
{
    struct pool p;

    pool_open(&p);
    check_asked(&p, 0);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    later(&p, 3600);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 1);
    pool_close(&p);
}
END_TEST

START_TEST(another_process_takes_them_from_the_file)
{
    struct cc_token_keys *other;
    struct stat about;
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    other = another(&p);
    ck_assert_int_eq(find_in(other, KID), CC_OK);
    check_asked(&p, 1);
    ck_assert_int_eq(stat(file_of(&p, ".json"), &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    ck_assert_int_eq(stat(file_of(&p, ".lock"), &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    cc_pool_keys_close(other);
    pool_close(&p);
}
END_TEST

START_TEST(the_keys_of_another_pool_are_not_taken_for_this_ones)
{
    struct cc_token_keys *other;
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    p.config.url = cc_str_format(p.arena, "%s/other/.well-known/jwks.json", p.server.url);
    p.document = set_of(&p, "two");
    other = another(&p);
    ck_assert_int_eq(find_in(other, KID), CC_UNAUTHORIZED);
    ck_assert_int_eq(find_in(other, CC_STR("two")), CC_OK);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAUTHORIZED);
    check_asked(&p, 2);
    cc_pool_keys_close(other);
    pool_close(&p);
}
END_TEST

START_TEST(a_new_key_of_the_pool_is_found_and_the_old_one_goes_with_its_tokens)
{
    uint64_t generation;
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    generation = cc_token_keys_generation(p.keys);
    p.document = set_of(&p, "two");
    later(&p, 299);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAUTHORIZED);
    check_asked(&p, 1);
    later(&p, 1);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_OK);
    check_asked(&p, 2);
    ck_assert_uint_ne(cc_token_keys_generation(p.keys), generation);
    ck_assert_int_eq(find(&p, KID), CC_UNAUTHORIZED);
    check_asked(&p, 2);
    pool_close(&p);
}
END_TEST

START_TEST(what_one_process_fetched_the_others_notice)
{
    struct cc_token_keys *other;
    uint64_t generation;
    struct pool p;

    pool_open(&p);
    other = another(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    ck_assert_int_eq(find_in(other, KID), CC_OK);
    generation = cc_token_keys_generation(other);
    p.document = set_of(&p, "two");
    later(&p, 300);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_OK);
    ck_assert_uint_ne(cc_token_keys_generation(other), generation);
    ck_assert_int_eq(find_in(other, CC_STR("two")), CC_OK);
    check_asked(&p, 2);
    cc_pool_keys_close(other);
    pool_close(&p);
}
END_TEST

START_TEST(old_keys_are_asked_for_anew_once_a_day)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    later(&p, DAY_S - 1);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 1);
    later(&p, 1);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 2);
    later(&p, DAY_S);
    p.document = set_of(&p, "two");
    ck_assert_int_eq(find(&p, KID), CC_UNAUTHORIZED);
    check_asked(&p, 3);
    pool_close(&p);
}
END_TEST

START_TEST(what_is_shown_to_others_are_the_keys_that_are_used)
{
    struct cc_jwks shown;
    struct pool p;

    pool_open(&p);
    p.status = "500 Internal Server Error";
    ck_assert_int_eq(cc_pool_keys_jwks(p.keys, p.arena, &shown, &p.err), CC_UNAVAILABLE);
    ck_assert_int_eq(cc_pool_keys_jwks(p.keys, p.arena, &shown, &p.err), CC_UNAVAILABLE);
    check_asked(&p, 1);
    later(&p, 15);
    p.status = "200 OK";
    p.document = jwk_set_of(
        p.arena, CC_JOIN(p.arena, CC_STR("{\"kty\":\"oct\",\"kid\":\"x\",\"k\":\"c2VjcmV0\"},"),
                         jwk_of(p.arena, "one", jwk_n(p.arena))));
    cc_err_clear(&p.err);
    ck_assert_int_eq(cc_pool_keys_jwks(p.keys, p.arena, &shown, &p.err), CC_OK);
    cc_check_str(shown.json,
                 cc_str_format(p.arena,
                               "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\","
                               "\"kid\":\"one\",\"n\":\"%.*s\",\"e\":\"AQAB\"}]}",
                               CC_STR_ARG(jwk_n(p.arena))));
    ck_assert_uint_gt(shown.tag.len, 0);
    check_asked(&p, 2);
    pool_close(&p);
}
END_TEST

/* --- when it is not --------------------------------------------------------------------------- */

START_TEST(without_any_key_nobody_is_told_that_his_token_is_none)
{
    struct pool p;

    pool_open(&p);
    p.status = "500 Internal Server Error";
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    later(&p, 14);
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    check_asked(&p, 1);
    later(&p, 1);
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    check_asked(&p, 2);
    p.status = "200 OK";
    later(&p, 15);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 3);
    pool_close(&p);
}
END_TEST

START_TEST(keys_are_kept_while_the_pool_does_not_answer)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    p.status = "503 Service Unavailable";
    later(&p, 30 * DAY_S);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 2);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAVAILABLE);
    check_asked(&p, 2);
    later(&p, 300);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAVAILABLE);
    check_asked(&p, 3);
    pool_close(&p);
}
END_TEST

START_TEST(old_keys_that_cannot_be_had_anew_are_asked_for_once_an_hour)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    p.status = "503 Service Unavailable";
    later(&p, 2 * DAY_S);
    for (int i = 0; i < 10; i++, later(&p, 360))
        ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 2);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 3);
    pool_close(&p);
}
END_TEST

START_TEST(a_document_that_is_none_changes_nothing)
{
    struct cc_str long_one;
    struct pool p;

    pool_open(&p);
    long_one = (struct cc_str){ cc_arena_alloc(p.arena, 70000), 70000 };
    memset((char *)(uintptr_t)long_one.at, ' ', long_one.len);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    {
        const struct cc_str bad[] = {
            CC_STR(""),
            CC_STR("<html>"),
            CC_STR("{\"keys\":[]}"),
            CC_STR("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"two\",\"k\":\"c2VjcmV0\"}]}"),
            long_one,
        };

        for (unsigned i = 0; i < CC_COUNT(bad); i++) {
            p.document = bad[i];
            later(&p, 300);
            ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAVAILABLE);
            ck_assert_int_eq(find(&p, KID), CC_OK);
            check_asked(&p, 2 + i);
        }
    }
    pool_close(&p);
}
END_TEST

START_TEST(a_document_as_long_as_it_may_be_is_kept)
{
    struct cc_token_keys *other;
    struct pool p;
    char *at;

    pool_open(&p);
    at = cc_arena_alloc(p.arena, CC_JWKS_BYTES_MAX);
    memset(at, '\n', CC_JWKS_BYTES_MAX); /* two bytes each in the file */
    memcpy(at, p.document.at, p.document.len);
    p.document = (struct cc_str){ at, CC_JWKS_BYTES_MAX };
    ck_assert_int_eq(find(&p, KID), CC_OK);
    other = another(&p);
    ck_assert_int_eq(find_in(other, KID), CC_OK);
    check_asked(&p, 1);
    cc_pool_keys_close(other);
    pool_close(&p);
}
END_TEST

START_TEST(a_redirect_is_not_followed)
{
    struct pool p;

    pool_open(&p);
    p.status = "302 Found";
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    check_asked(&p, 1);
    pool_close(&p);
}
END_TEST

START_TEST(what_cannot_be_noted_is_not_asked)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(mkdir(file_of(&p, ".json"), 0700), 0);
    ck_assert_int_eq(find(&p, KID), CC_UNAVAILABLE);
    check_asked(&p, 0);
    ck_assert_int_eq(rmdir(file_of(&p, ".json")), 0);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(a_damaged_file_is_replaced)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(
        cc_file_write(file_of(&p, ".json"), CC_STR("{\"tried_ms\":\"x\"}"), 0600, &p.err), CC_OK);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    check_asked(&p, 1);
    pool_close(&p);
}
END_TEST

START_TEST(a_clock_that_was_set_back_does_not_stop_it_for_long)
{
    struct pool p;

    pool_open(&p);
    p.clock.base.mono_ms = cc_system_clock.mono_ms;
    later(&p, DAY_S);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    later(&p, -DAY_S);
    p.document = set_of(&p, "two");
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_OK);
    ck_assert_int_eq(find(&p, CC_STR("three")), CC_UNAUTHORIZED);
    check_asked(&p, 2);
    pool_close(&p);
}
END_TEST

/* --- many at once ----------------------------------------------------------------------------- */

struct asker {
    struct pool *pool;
    struct cc_token_keys *keys;
    struct cc_str kid;
    enum cc_code expected;
    int times;
    pthread_t thread;
};

static void *ask_often(void *arg)
{
    struct asker *asker = arg;

    for (int i = 0; i < asker->times; i++)
        ck_assert_int_eq(find_in(asker->keys, asker->kid), asker->expected);
    return NULL;
}

/* Each ring stands for a process: nothing is shared between two but the file. */
static void run_askers(struct pool *p, struct cc_str kid, enum cc_code expected, int times)
{
    struct cc_token_keys *rings[RINGS];
    struct asker askers[RINGS * THREADS];

    for (int i = 0; i < RINGS; i++)
        rings[i] = another(p);
    for (int i = 0; i < RINGS * THREADS; i++) {
        askers[i] = (struct asker){ p, rings[i % RINGS], kid, expected, times, 0 };
        ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    }
    if (atomic_load(&p->is_held)) {
        cc_wait_until(atomic_load(&p->server.requests) == 1);
        atomic_store(&p->is_held, false);
    }
    for (int i = 0; i < RINGS * THREADS; i++)
        pthread_join(askers[i].thread, NULL);
    for (int i = 0; i < RINGS; i++)
        cc_pool_keys_close(rings[i]);
}

START_TEST(who_has_no_key_waits_for_the_one_who_asks)
{
    struct pool p;

    pool_open(&p);
    atomic_store(&p.is_held, true);
    run_askers(&p, KID, CC_OK, 1);
    check_asked(&p, 1);
    pool_close(&p);
}
END_TEST

START_TEST(a_flood_of_unknown_keys_asks_once)
{
    struct pool p;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    run_askers(&p, CC_STR("nobody's"), CC_UNAUTHORIZED, 50);
    check_asked(&p, 1);
    p.status = "500 Internal Server Error";
    later(&p, 300);
    run_askers(&p, CC_STR("nobody's"), CC_UNAVAILABLE, 50);
    check_asked(&p, 2);
    run_askers(&p, KID, CC_OK, 50);
    check_asked(&p, 2);
    pool_close(&p);
}
END_TEST

START_TEST(nobody_waits_for_a_key_that_is_unknown_while_there_are_others)
{
    struct pool p;
    struct asker first;

    pool_open(&p);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    later(&p, 300);
    p.document = set_of(&p, "two");
    atomic_store(&p.is_held, true);
    first = (struct asker){ &p, another(&p), CC_STR("two"), CC_OK, 1, 0 };
    ck_assert_int_eq(pthread_create(&first.thread, NULL, ask_often, &first), 0);
    cc_wait_until(atomic_load(&p.server.requests) == 2);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_UNAVAILABLE);
    ck_assert_int_eq(find(&p, KID), CC_OK);
    atomic_store(&p.is_held, false);
    pthread_join(first.thread, NULL);
    ck_assert_int_eq(find(&p, CC_STR("two")), CC_OK);
    check_asked(&p, 2);
    cc_pool_keys_close(first.keys);
    pool_close(&p);
}
END_TEST

/* What a process is told that was forked before there were threads. */
struct order {
    char folder[64], url[128], kid[16];
};

/* As plain CGI does: opened, asked, closed. */
static int one_request(struct pool *p, const struct order *order)
{
    struct cc_token_keys *keys;
    enum cc_code rc;

    open_net(p);
    keys = another(p);
    rc = find_in(keys, cc_str_from(order->kid));
    cc_pool_keys_close(keys);
    cc_net_close(p->net);
    return rc == CC_OK ? 0 : rc == CC_UNAUTHORIZED ? 1 : 2;
}

_Noreturn static void live_as_process(int orders)
{
    struct pool p = { .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct order order;
    int worst = 0;

    if (read(orders, &order, sizeof(order)) != sizeof(order))
        _exit(3);
    open_clock(&p);
    p.config = (struct cc_pool_keys_config){ .folder = cc_str_from(order.folder),
                                             .url = cc_str_from(order.url),
                                             .clock = &p.clock.base,
                                             .log = &p.log };
    for (int i = 0; i < 20; i++) {
        int one = one_request(&p, &order);

        worst = one > worst ? one : worst;
    }
    _exit(worst);
}

struct processes {
    int orders[2];
    pid_t pids[PROCESSES];
};

static void fork_processes(struct processes *them)
{
    ck_assert_int_eq(pipe(them->orders), 0);
    for (int i = 0; i < PROCESSES; i++) {
        them->pids[i] = fork();
        ck_assert_int_ge(them->pids[i], 0);
        if (them->pids[i] == 0)
            live_as_process(them->orders[0]);
    }
}

/* The worst that one of them was told. */
static int run_processes(struct pool *p, struct processes *them, const char *kid)
{
    struct order order;
    int status, worst = 0;

    snprintf(order.folder, sizeof(order.folder), "%s", p->folder.path);
    snprintf(order.url, sizeof(order.url), "%.*s", CC_STR_ARG(p->config.url));
    snprintf(order.kid, sizeof(order.kid), "%s", kid);
    for (int i = 0; i < PROCESSES; i++)
        ck_assert_int_eq(write(them->orders[1], &order, sizeof(order)), sizeof(order));
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(them->pids[i], &status, 0), them->pids[i]);
        ck_assert(WIFEXITED(status));
        worst = WEXITSTATUS(status) > worst ? WEXITSTATUS(status) : worst;
    }
    return worst;
}

START_TEST(processes_that_live_for_one_request_ask_once_as_well)
{
    struct processes honest, others;
    struct pool p;

    fork_processes(&honest);
    fork_processes(&others);
    pool_open(&p);
    ck_assert_int_eq(run_processes(&p, &honest, "one"), 0);
    check_asked(&p, 1);
    ck_assert_int_eq(run_processes(&p, &others, "nobody's"), 1);
    check_asked(&p, 1);
    pool_close(&p);
}
END_TEST

START_TEST(stopping_ends_the_waiting)
{
    struct asker waiting;
    struct pool p, *pool = &p;
    struct cc_net *net;
    int fd;

    pool_open(&p);
    fd = open(file_of(&p, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(
        fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET }), 0);
    net = p.net;
    waiting = (struct asker){ pool, p.keys, KID, CC_UNAVAILABLE, 1, 0 };
    ck_assert_int_eq(pthread_create(&waiting.thread, NULL, ask_often, &waiting), 0);
    cc_net_stop(net);
    pthread_join(waiting.thread, NULL);
    check_asked(&p, 0);
    close(fd);
    pool_close(&p);
}
END_TEST

/* --- whom to ask ------------------------------------------------------------------------------ */

START_TEST(keys_are_asked_for_by_https_or_on_this_machine)
{
    static const char *const bad[] = { "",
                                       "http://example.org/pool/.well-known/jwks.json",
                                       "http://127.evil.example/jwks.json",
                                       "http://localhost@example.org/jwks.json",
                                       "ftp://localhost/jwks.json",
                                       "file:///etc/passwd",
                                       "/pool/.well-known/jwks.json" };
    struct cc_token_keys *keys = NULL;
    struct pool p;

    pool_open(&p);
    for (size_t i = 0; i < CC_COUNT(bad); i++) {
        p.config.url = cc_str_from(bad[i]);
        cc_err_clear(&p.err);
        ck_assert_msg(cc_pool_keys_open(&p.config, &keys, &p.err) == CC_INVALID, "%s", bad[i]);
    }
    cc_pool_keys_close(NULL);
    p.config.url = CC_STR("https://cognito-idp.eu-central-1.amazonaws.com/x/.well-known/jwks.json");
    cc_pool_keys_close(another(&p));
    p.config.url = CC_STR("http://localhost:9/x");
    pool_close(&p);
}
END_TEST

/* What a pool elsewhere said is put into the file: it is not asked, and would not be to be had. */
static enum cc_code find_elsewhere(struct pool *p, struct cc_str jwk)
{
    struct cc_str document = jwk_set_of(p->arena, jwk), escaped = CC_STR("");
    struct cc_token_keys *keys;
    enum cc_code rc;

    for (size_t i = 0; i < document.len; i++)
        escaped = CC_JOIN(p->arena, escaped, document.at[i] == '"' ? CC_STR("\\") : CC_STR(""),
                          ((struct cc_str){ document.at + i, 1 }));
    p->config.url = CC_STR("https://pool.invalid/.well-known/jwks.json");
    ck_assert_int_eq(
        cc_file_write(file_of(p, ".json"),
                      cc_str_format(p->arena,
                                    "{\"tried_ms\":%lld,\"fetched_ms\":%lld,\"document\":\"%.*s\"}",
                                    HOUSE_START_MS, HOUSE_START_MS, CC_STR_ARG(escaped)),
                      0600, &p->err),
        CC_OK);
    keys = another(p);
    rc = find_in(keys, KID);
    cc_pool_keys_close(keys);
    return rc;
}

START_TEST(published_keys_will_do_on_this_machine_alone)
{
    struct pool p;

    pool_open(&p);
    p.document = jwk_set_of(p.arena, jwk_of(p.arena, "one", CC_STR(JWK_PUBLISHED_N)));
    ck_assert_int_eq(find(&p, KID), CC_OK);
    ck_assert_int_eq(find_elsewhere(&p, jwk_of(p.arena, "one", CC_STR(JWK_PUBLISHED_N))),
                     CC_UNAVAILABLE);
    ck_assert_int_eq(find_elsewhere(&p, jwk_of(p.arena, "one", jwk_n(p.arena))), CC_OK);
    pool_close(&p);
}
END_TEST

CC_CHECK_MAIN(
    "identity/pool_keys", keys_are_asked_for_when_the_first_token_comes_and_then_kept,
    another_process_takes_them_from_the_file, the_keys_of_another_pool_are_not_taken_for_this_ones,
    a_new_key_of_the_pool_is_found_and_the_old_one_goes_with_its_tokens,
    what_one_process_fetched_the_others_notice, what_is_shown_to_others_are_the_keys_that_are_used,
    old_keys_are_asked_for_anew_once_a_day, without_any_key_nobody_is_told_that_his_token_is_none,
    keys_are_kept_while_the_pool_does_not_answer,
    old_keys_that_cannot_be_had_anew_are_asked_for_once_an_hour,
    a_document_that_is_none_changes_nothing, a_redirect_is_not_followed,
    a_document_as_long_as_it_may_be_is_kept, what_cannot_be_noted_is_not_asked,
    a_damaged_file_is_replaced, a_clock_that_was_set_back_does_not_stop_it_for_long,
    who_has_no_key_waits_for_the_one_who_asks, a_flood_of_unknown_keys_asks_once,
    nobody_waits_for_a_key_that_is_unknown_while_there_are_others,
    processes_that_live_for_one_request_ask_once_as_well, stopping_ends_the_waiting,
    keys_are_asked_for_by_https_or_on_this_machine, published_keys_will_do_on_this_machine_alone)
