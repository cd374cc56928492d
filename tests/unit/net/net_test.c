#include "tests/check.h"
#include "tests/fake_http.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "base/limits.h"
#include "net/net.h"

#include <stdio.h>

#define ANSWER_MAX 4096

struct client {
    struct cc_net *net;
    struct cc_arena *arena;
    struct cc_err err;
    struct cc_net_answer answer;
};

static void open_client(struct client *c, const char *ca_file)
{
    const struct cc_net_config config = { .ca_file = ca_file };

    *c = (struct client){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    ck_assert_int_eq(cc_net_open(&config, &c->net, &c->err), CC_OK);
}

static void close_client(struct client *c)
{
    cc_net_close(c->net);
    cc_arena_free(c->arena);
}

static struct cc_net_request request_to(struct client *c, const char *method, const char *origin,
                                        const char *path)
{
    return (struct cc_net_request){
        .method = cc_str_from(method),
        .url = CC_JOIN(c->arena, cc_str_from(origin), cc_str_from(path)),
        .timeout_ms = 5000,
        .answer_bytes_max = ANSWER_MAX,
    };
}

static enum cc_code send_request(struct client *c, const struct cc_net_request *request)
{
    cc_err_clear(&c->err);
    return cc_net_send(c->net, c->arena, request, &c->answer, &c->err);
}

static enum cc_code get(struct client *c, const char *origin)
{
    struct cc_net_request request = request_to(c, "GET", origin, "/");

    return send_request(c, &request);
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* The request, as the body of its answer. */
static bool echo(struct fake_http *server, struct fake_peer *peer,
                 const struct fake_request *request)
{
    char text[8192];
    int len = snprintf(text, sizeof(text), "%.*s\r\n%.*s", CC_STR_ARG(request->head),
                       CC_STR_ARG(request->body));

    (void)server;
    if (cc_str_starts(request->head, CC_STR("HEAD ")))
        len = 0;
    return fake_reply(peer, "200 OK", "", (struct cc_str){ text, (size_t)len });
}

/* Once the lines that stand in front are off, with the port as PORT. */
static void check_echo(struct client *c, const struct fake_http *server, const char *expected)
{
    struct cc_str text = cc_str_format(c->arena, expected, server->port);

    cc_check_str(c->answer.body, text);
}

START_TEST(a_request_is_sent_as_it_was_written_and_nothing_is_added)
{
    const struct cc_net_header headers[] = { { CC_STR("X-One"), CC_STR("1") },
                                             { CC_STR("x-empty"), CC_STR("") },
                                             { CC_STR("Content-Type"), CC_STR("text/odd") } };
    struct fake_http server = { .answer = echo };
    struct cc_net_request request;
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    request = request_to(&c, "POST", server.url, "/a/../b//%2F?x=%20&y");
    request.headers = (struct cc_net_headers){ headers, CC_COUNT(headers) };
    request.body = CC_STR("body");
    ck_assert_int_eq(send_request(&c, &request), CC_OK);
    check_echo(&c, &server,
               "POST /a/../b//%%2F?x=%%20&y HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-One: 1\r\n"
               "x-empty:\r\nContent-Type: text/odd\r\nContent-Length: 4\r\n\r\nbody");
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

START_TEST(each_method_is_itself_whatever_the_one_before_was)
{
    static const struct {
        const char *method;
        struct cc_str body;
        const char *echoed;
    } rows[] = {
        { "GET", { NULL, 0 }, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n" },
        { "PUT",
          { "ab", 2 },
          "PUT / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 2\r\n\r\nab" },
        { "DELETE", { NULL, 0 }, "DELETE / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n" },
        { "POST",
          { NULL, 0 },
          "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 0\r\n\r\n" },
        { "HEAD", { NULL, 0 }, "" },
        { "POST",
          { "a\0b", 3 },
          "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 3\r\n\r\na" }, /* to the NUL */
        { "HEAD", { NULL, 0 }, "" },
        { "GET", { NULL, 0 }, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n" },
    };
    struct fake_http server = { .answer = echo };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct cc_net_request request = request_to(&c, rows[i].method, server.url, "/");

        request.body = rows[i].body;
        ck_assert_msg(send_request(&c, &request) == CC_OK, "%zu: %s", i, c.err.cause);
        ck_assert_msg(
            cc_str_starts(c.answer.body, cc_str_format(c.arena, rows[i].echoed, server.port)),
            "%zu: %.*s", i, CC_STR_ARG(c.answer.body));
    }
    ck_assert_uint_eq(atomic_load(&server.connections), 1);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

START_TEST(a_header_that_would_begin_another_is_not_sent)
{
    static const struct cc_net_header bad[] = { { { "X", 1 }, { "a\r\nB: c", 7 } },
                                                { { "X", 1 }, { "a\nB: c", 6 } },
                                                { { "X", 1 }, { "a\0b", 3 } },
                                                { { "X\r\nB", 4 }, { "a", 1 } },
                                                { { "", 0 }, { "a", 1 } } };
    struct fake_http server = { .answer = echo };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    for (size_t i = 0; i < CC_COUNT(bad); i++) {
        struct cc_net_request request = request_to(&c, "GET", server.url, "/");

        request.headers = (struct cc_net_headers){ &bad[i], 1 };
        ck_assert_int_eq(send_request(&c, &request), CC_INTERNAL);
    }
    ck_assert_uint_eq(atomic_load(&server.requests), 0);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

START_TEST(only_http_and_https_are_spoken_and_no_user_stands_in_a_url)
{
    static const char *const urls[] = { "file:///etc/passwd",
                                        "ftp://127.0.0.1/",
                                        "gopher://x/",
                                        "http://me:secret@127.0.0.1/",
                                        "http://a b/",
                                        "",
                                        "://" };
    struct client c;

    open_client(&c, NULL);
    for (size_t i = 0; i < CC_COUNT(urls); i++) {
        ck_assert_msg(get(&c, urls[i]) == CC_INTERNAL, "%s: %s", urls[i], c.err.cause);
        ck_assert_ptr_null(strstr(c.err.cause, "secret"));
    }
    close_client(&c);
}
END_TEST

/* --- what libcurl would do by itself -----------------------------------------------------------
 */

static bool redirect(struct fake_http *server, struct fake_peer *peer,
                     const struct fake_request *request)
{
    if (request->number > 0)
        return echo(server, peer, request);
    return fake_reply(peer, "302 Found", "Location: /elsewhere\r\nSet-Cookie: a=b\r\n",
                      CC_STR("moved"));
}

START_TEST(a_redirect_is_an_answer_and_a_cookie_is_not_sent_back)
{
    struct fake_http server = { .answer = redirect };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    ck_assert_int_eq(c.answer.status, 302);
    cc_check_str(cc_net_header_find(&c.answer.headers, CC_STR("location")), CC_STR("/elsewhere"));
    ck_assert_ptr_null(cc_net_header_find(&c.answer.headers, CC_STR("locatio")).at);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    check_echo(&c, &server, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n");
    ck_assert_uint_eq(atomic_load(&server.requests), 2);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

/* A proxy would see keys and be able to answer in the service's name. */
START_TEST(proxies_and_netrc_of_the_environment_are_not_heeded)
{
    static const char *const names[] = { "http_proxy",  "HTTP_PROXY", "https_proxy",
                                         "HTTPS_PROXY", "all_proxy",  "ALL_PROXY" };
    struct fake_http proxy = { .answer = redirect }, server = { .answer = echo };
    struct cc_tmp tmp;
    struct client c;
    char path[128];
    FILE *file;

    cc_tmp_make(&tmp);
    snprintf(path, sizeof(path), "%s/.netrc", tmp.path);
    file = fopen(path, "w");
    fputs("machine 127.0.0.1 login me password secret\n", file);
    fclose(file);
    fake_http_start(&proxy);
    fake_http_start(&server);
    for (size_t i = 0; i < CC_COUNT(names); i++)
        setenv(names[i], proxy.url, 1);
    setenv("HOME", tmp.path, 1);
    setenv("NETRC", path, 1);
    setenv("NO_PROXY", "", 1);
    open_client(&c, NULL);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    check_echo(&c, &server, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n");
    ck_assert_uint_eq(atomic_load(&proxy.connections), 0);
    close_client(&c);
    fake_http_stop(&proxy);
    fake_http_stop(&server);
    cc_tmp_remove(&tmp);
}
END_TEST

/* The first request of a connection is answered; with the second it breaks. */
static bool break_second(struct fake_http *server, struct fake_peer *peer,
                         const struct fake_request *request)
{
    if (request->number != 1)
        return echo(server, peer, request);
    fake_reset(peer);
    return false;
}

START_TEST(a_request_that_may_have_been_carried_out_is_not_sent_again)
{
    struct fake_http server = { .answer = break_second };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    ck_assert_int_eq(get(&c, server.url), CC_OUTCOME_UNKNOWN);
    ck_assert_uint_eq(atomic_load(&server.requests), 2);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    ck_assert_uint_eq(atomic_load(&server.requests), 3);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

static bool answer_once(struct fake_http *server, struct fake_peer *peer,
                        const struct fake_request *request)
{
    echo(server, peer, request);
    return false;
}

/* Nobody says "Connection: close", but the connection is gone when it is wanted again. */
START_TEST(a_connection_that_was_closed_while_it_was_idle_costs_nothing)
{
    struct fake_http server = { .answer = answer_once };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_msg(get(&c, server.url) == CC_OK, "%s", c.err.cause);
        cc_wait_until(fake_is_closed(&server, i));
    }
    ck_assert_uint_eq(atomic_load(&server.connections), 5);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

/* --- answers that are none -------------------------------------------------------------------- */

struct fault {
    const char *name;
    struct cc_str bytes;
    enum cc_code code;
    const char *body; /* with CC_OK */
};

#define FAULT(name, bytes, ...)                                                                    \
    {                                                                                              \
        (name), { (bytes), sizeof(bytes) - 1 }, __VA_ARGS__                                        \
    }
#define OK "HTTP/1.1 200 OK\r\n"

static const struct fault faults[] = {
    FAULT("whole", OK "Content-Length: 2\r\n\r\nab", CC_OK, "ab"),
    FAULT("empty", OK "Content-Length: 0\r\n\r\n", CC_OK, ""),
    FAULT("in chunks", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n", CC_OK,
          "ab"),
    FAULT("trailers", OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", CC_OK,
          "a"),
    FAULT("after an interim answer",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n" OK
          "Content-Length: 1\r\n\r\na",
          CC_OK, "a"),
    FAULT("more than its length", OK "Content-Length: 2\r\n\r\nabcdef", CC_OK, "ab"),
    FAULT("no content", "HTTP/1.1 204 No Content\r\n\r\n", CC_OK, ""),
    FAULT("not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", CC_OK, ""),
    FAULT("a failure is an answer", "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", CC_OK, "no"),

    FAULT("nothing", "", CC_OUTCOME_UNKNOWN),
    FAULT("half a status", "HTTP/1.1 2", CC_OUTCOME_UNKNOWN),
    FAULT("half a head", OK "Content-Le", CC_OUTCOME_UNKNOWN),
    FAULT("a head that does not end", OK "Content-Length: 0\r\n", CC_OUTCOME_UNKNOWN),
    FAULT("half a body", OK "Content-Length: 20\r\n\r\nhalf of it", CC_OUTCOME_UNKNOWN),
    FAULT("no body", OK "Content-Length: 20\r\n\r\n", CC_OUTCOME_UNKNOWN),
    FAULT("half a chunk", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("no last chunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", CC_OUTCOME_UNKNOWN),
    FAULT("half a last chunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
          CC_OUTCOME_UNKNOWN),
    FAULT("a chunk of no size", OK "Transfer-Encoding: chunked\r\n\r\nxx\r\nab\r\n0\r\n\r\n",
          CC_OUTCOME_UNKNOWN),
    FAULT("to the end", OK "\r\nwhere does it end", CC_OUTCOME_UNKNOWN),
    FAULT("version 1.0, to the end", "HTTP/1.0 200 OK\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("two lengths", OK "Content-Length: 2\r\nContent-Length: 4\r\n\r\nabcd",
          CC_OUTCOME_UNKNOWN),
    FAULT("the same length twice", OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab",
          CC_OUTCOME_UNKNOWN),
    FAULT("two lengths in one", OK "Content-Length: 2, 2\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("a negative length", OK "Content-Length: -1\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("a length with a sign", OK "Content-Length: +2\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("a length beyond numbers", OK "Content-Length: 99999999999999999999\r\n\r\nab",
          CC_OUTCOME_UNKNOWN),
    FAULT("a length and chunks",
          OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
          CC_OUTCOME_UNKNOWN),
    FAULT("chunks twice",
          OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          CC_OUTCOME_UNKNOWN),
    FAULT("chunks in a foreign coding", OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          CC_OUTCOME_UNKNOWN),
    FAULT("a space before the colon", OK "Content-Length : 2\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("a folded header", OK "X: a\r\n b\r\nContent-Length: 2\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("no header", OK "nonsense\r\nContent-Length: 2\r\n\r\nab", CC_OUTCOME_UNKNOWN),
    FAULT("version 0.9", "just text", CC_OUTCOME_UNKNOWN),
    FAULT("another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", CC_OUTCOME_UNKNOWN),
    FAULT("another protocol, after an interim answer",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nab", CC_OUTCOME_UNKNOWN),
};

static bool answer_fault(struct fake_http *server, struct fake_peer *peer,
                         const struct fake_request *request)
{
    const struct fault *fault = server->arg;

    (void)request;
    fake_write(peer, fault->bytes);
    return false;
}

START_TEST(a_truncated_or_ambiguous_answer_is_a_failure_and_never_a_short_success)
{
    for (size_t i = 0; i < CC_COUNT(faults); i++) {
        struct fault fault = faults[i];
        struct fake_http server = { .answer = answer_fault, .arg = &fault };
        struct client c;

        open_client(&c, NULL);
        fake_http_start(&server);
        ck_assert_msg(get(&c, server.url) == fault.code, "%s: %d %s", fault.name, c.err.code,
                      c.err.cause);
        if (fault.code == CC_OK)
            cc_check_str(c.answer.body, cc_str_from(fault.body));
        ck_assert_uint_eq(atomic_load(&server.requests), 1);
        fake_http_stop(&server);
        close_client(&c);
    }
}
END_TEST

/* What came behind an answer must not be taken for the next one. */
static bool answer_with_more(struct fake_http *server, struct fake_peer *peer,
                             const struct fake_request *request)
{
    (void)server;
    if (request->number == 0)
        return fake_write(
            peer, CC_STR(OK "Content-Length: 2\r\n\r\nab" OK "Content-Length: 4\r\n\r\nevil"));
    return fake_reply(peer, "200 OK", "", CC_STR("good"));
}

START_TEST(what_follows_an_answer_is_not_the_next_one)
{
    struct fake_http server = { .answer = answer_with_more };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    cc_check_str(c.answer.body, CC_STR("ab"));
    ck_assert_int_eq(get(&c, server.url), CC_OK);
    cc_check_str(c.answer.body, CC_STR("good"));
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

struct flood {
    const char *head;
    size_t chunk_bytes; /* 0: no chunks */
    size_t bytes;
};

static bool flood(struct fake_http *server, struct fake_peer *peer,
                  const struct fake_request *request)
{
    const struct flood *flood = server->arg;
    char text[256];
    bool alive = fake_write(peer, cc_str_from(flood->head));

    (void)request;
    memset(text, 'x', sizeof(text));
    for (size_t sent = 0; alive && sent < flood->bytes; sent += sizeof(text)) {
        if (flood->chunk_bytes)
            alive = fake_write(peer, CC_STR("100\r\n"));
        alive = alive && fake_write(peer, (struct cc_str){ text, sizeof(text) });
        if (flood->chunk_bytes)
            alive = alive && fake_write(peer, CC_STR("\r\n"));
    }
    if (flood->chunk_bytes && alive)
        fake_write(peer, CC_STR("0\r\n\r\n"));
    return false;
}

START_TEST(an_answer_over_its_ceiling_is_a_failure)
{
    static const struct {
        struct flood flood;
        enum cc_code code;
    } rows[] = {
        { { OK "Content-Length: 4096\r\n\r\n", 0, 4096 }, CC_OK },
        { { OK "Content-Length: 4097\r\n\r\n", 0, 4097 }, CC_OUTCOME_UNKNOWN },
        { { OK "Content-Length: 4000000000000\r\n\r\n", 0, 1 }, CC_OUTCOME_UNKNOWN },
        { { OK "Transfer-Encoding: chunked\r\n\r\n", 256, 4096 }, CC_OK },
        { { OK "Transfer-Encoding: chunked\r\n\r\n", 256, 1 << 20 }, CC_OUTCOME_UNKNOWN },
        { { OK "X-Long: ", 0, 1 << 20 }, CC_OUTCOME_UNKNOWN },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct flood what = rows[i].flood;
        struct fake_http server = { .answer = flood, .arg = &what };
        struct client c;

        open_client(&c, NULL);
        fake_http_start(&server);
        ck_assert_msg(get(&c, server.url) == rows[i].code, "%zu: %s", i, c.err.cause);
        ck_assert_msg(
            rows[i].code == CC_OK || strstr(c.err.cause, "too large a body") ||
                strstr(c.err.cause, "curl 27"), /* a line of more than 100 KB, to libcurl */
            "%zu: %s", i, c.err.cause);
        ck_assert_uint_lt(cc_arena_used(c.arena), 100000);
        fake_http_stop(&server);
        close_client(&c);
    }
}
END_TEST

static bool send_many_headers(struct fake_http *server, struct fake_peer *peer,
                              const struct fake_request *request)
{
    (void)server;
    (void)request;
    fake_write(peer, CC_STR(OK));
    for (int i = 0; i < 200; i++)
        fake_write(peer, CC_STR("X: y\r\n"));
    return fake_write(peer, CC_STR("Content-Length: 0\r\n\r\n"));
}

START_TEST(too_many_headers_are_a_failure)
{
    struct fake_http server = { .answer = send_many_headers };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    ck_assert_int_eq(get(&c, server.url), CC_OUTCOME_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(c.err.cause, "too many headers"));
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

START_TEST(an_answer_to_head_has_a_length_and_no_body)
{
    struct fault fault = FAULT("head", OK "Content-Length: 999999\r\n\r\n", CC_OK, "");
    struct fake_http server = { .answer = answer_fault, .arg = &fault };
    struct cc_net_request request;
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    request = request_to(&c, "HEAD", server.url, "/");
    ck_assert_int_eq(send_request(&c, &request), CC_OK);
    cc_check_str(c.answer.body, CC_STR(""));
    cc_check_str(cc_net_header_find(&c.answer.headers, CC_STR("content-length")), CC_STR("999999"));
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

/* --- time, trust, the end --------------------------------------------------------------------- */

static bool answer_never(struct fake_http *server, struct fake_peer *peer,
                         const struct fake_request *request)
{
    (void)server;
    (void)peer;
    (void)request;
    return true;
}

/* A byte now and then: each one comes in time, the answer never. */
static bool trickle(struct fake_http *server, struct fake_peer *peer,
                    const struct fake_request *request)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    bool alive = fake_write(peer, CC_STR(OK "Content-Length: 4000\r\n\r\n"));

    (void)server;
    (void)request;
    while (alive) {
        nanosleep(&pause, NULL);
        alive = fake_write(peer, CC_STR("x"));
    }
    return false;
}

START_TEST(a_request_ends_when_its_time_is_up)
{
    fake_answer_fn *const slow[] = { answer_never, trickle };

    for (size_t i = 0; i < CC_COUNT(slow); i++) {
        struct fake_http server = { .answer = slow[i] };
        struct cc_net_request request;
        struct client c;
        int64_t start_ms;

        open_client(&c, NULL);
        fake_http_start(&server);
        request = request_to(&c, "GET", server.url, "/");
        request.timeout_ms = 200;
        start_ms = cc_clock_mono_ms(&cc_system_clock);
        ck_assert_int_eq(send_request(&c, &request), CC_OUTCOME_UNKNOWN);
        ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - start_ms, 2000);
        fake_http_stop(&server);
        close_client(&c);
    }
}
END_TEST

START_TEST(without_a_connection_nothing_was_sent)
{
    struct fake_http server = { .answer = echo };
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    fake_http_stop(&server);
    ck_assert_int_eq(get(&c, server.url), CC_UNAVAILABLE);
    ck_assert_int_eq(get(&c, "http://no-such-host.invalid"), CC_UNAVAILABLE);
    close_client(&c);
}
END_TEST

START_TEST(a_server_is_trusted_by_its_certificate_and_name_alone)
{
    static const struct {
        const char *name;
        bool trusted;
        enum cc_code code;
    } rows[] = {
        { "IP:127.0.0.1", true, CC_OK },
        { "IP:127.0.0.1", false, CC_UNAVAILABLE },
        { "DNS:example.org", true, CC_UNAVAILABLE },
        { "IP:127.0.0.2", true, CC_UNAVAILABLE },
    };
    struct cc_tmp tmp;
    char path[128], keys[128];

    cc_tmp_make(&tmp);
    snprintf(path, sizeof(path), "%s/ca.pem", tmp.path);
    snprintf(keys, sizeof(keys), "%s/keys", tmp.path);
    setenv("SSL_CERT_FILE", path, 1);
    setenv("CURL_CA_BUNDLE", path, 1);
    setenv("SSLKEYLOGFILE", keys, 1);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct fake_http server = { .answer = echo, .tls = fake_tls(rows[i].name, path) };
        struct client c;

        open_client(&c, rows[i].trusted ? path : NULL);
        fake_http_start(&server);
        ck_assert_msg(get(&c, server.url) == rows[i].code, "%zu: %s", i, c.err.cause);
        ck_assert_uint_eq(atomic_load(&server.requests), rows[i].code == CC_OK);
        fake_http_stop(&server);
        close_client(&c);
    }
    ck_assert_int_ne(access(keys, F_OK), 0);
    cc_tmp_remove(&tmp);
}
END_TEST

static enum cc_net_stage probe(struct client *c, const char *origin, int64_t timeout_ms)
{
    struct cc_net_request request = request_to(c, "GET", origin, "/");
    enum cc_net_stage stage;

    cc_err_clear(&c->err);
    request.timeout_ms = timeout_ms;
    ck_assert_int_ne(cc_net_probe(c->net, c->arena, &request, &c->answer, &stage, &c->err), CC_OK);
    return stage;
}

START_TEST(a_probe_says_where_a_request_ended)
{
    struct fake_http gone = { .answer = echo }, silent = { .answer = answer_never };
    struct fake_http strange = { .answer = echo };
    struct client c;
    struct cc_tmp tmp;
    char path[128];

    cc_tmp_make(&tmp);
    snprintf(path, sizeof(path), "%s/ca.pem", tmp.path);
    strange.tls = fake_tls("IP:127.0.0.1", path);
    open_client(&c, NULL);
    fake_http_start(&gone);
    fake_http_stop(&gone);
    fake_http_start(&silent);
    fake_http_start(&strange);
    ck_assert_int_eq(probe(&c, "http://no-such-host.invalid", 10000), CC_NET_NAME);
    ck_assert_int_eq(probe(&c, gone.url, 10000), CC_NET_CONNECTION);
    ck_assert_int_eq(probe(&c, strange.url, 10000), CC_NET_TRUST);
    ck_assert_int_eq(probe(&c, silent.url, 500), CC_NET_ANSWER);
    fake_http_stop(&strange);
    fake_http_stop(&silent);
    close_client(&c);
    cc_tmp_remove(&tmp);
}
END_TEST

START_TEST(a_file_of_authorities_that_is_not_there_is_refused)
{
    const struct cc_net_config config = { .ca_file = "/nonexistent/ca.pem" };
    struct cc_err err = { 0 };
    struct cc_net *net;

    ck_assert_int_eq(cc_net_open(&config, &net, &err), CC_INVALID);
}
END_TEST

static bool answer_some(struct fake_http *server, struct fake_peer *peer,
                        const struct fake_request *request)
{
    return cc_str_starts(request->head, CC_STR("GET /never ")) || echo(server, peer, request);
}

#define STOPPED 8

struct runner {
    struct cc_net *net;
    const struct fake_http *server;
    enum cc_code code;
    bool sleeps;
    pthread_t thread;
};

static void *run_request(void *arg)
{
    struct runner *runner = arg;
    struct client c = { .net = runner->net, .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_net_request request = request_to(&c, "GET", runner->server->url, "/never");

    request.timeout_ms = 60000;
    if (runner->sleeps)
        runner->code = cc_net_pause(c.net, 60000) ? CC_OK : CC_UNAVAILABLE;
    else if (get(&c, runner->server->url) == CC_OK) /* so that no timer of connecting runs */
        runner->code = send_request(&c, &request);
    cc_arena_free(c.arena);
    return NULL;
}

START_TEST(stopping_ends_what_is_in_flight_and_what_would_begin)
{
    struct fake_http server = { .answer = answer_some };
    struct runner runners[STOPPED];
    struct client c;
    int64_t start_ms;

    open_client(&c, NULL);
    fake_http_start(&server);
    for (int i = 0; i < STOPPED; i++) {
        runners[i] = (struct runner){ .net = c.net, .server = &server, .sleeps = i % 4 == 3 };
        pthread_create(&runners[i].thread, NULL, run_request, &runners[i]);
    }
    cc_wait_until(atomic_load(&server.requests) == 2 * (STOPPED - STOPPED / 4));
    start_ms = cc_clock_mono_ms(&cc_system_clock);
    cc_net_stop(c.net);
    for (int i = 0; i < STOPPED; i++) {
        pthread_join(runners[i].thread, NULL);
        ck_assert_int_eq(runners[i].code, runners[i].sleeps ? CC_UNAVAILABLE : CC_OUTCOME_UNKNOWN);
    }
    ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - start_ms, 500);
    ck_assert_int_eq(get(&c, server.url), CC_UNAVAILABLE);
    ck_assert(cc_net_is_stopped(c.net));
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

/* --- connections ------------------------------------------------------------------------------ */

#define THREADS 8
#define ROUNDS 50

static void *run_many(void *arg)
{
    struct runner *runner = arg;
    struct client c = { .net = runner->net, .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };

    for (int i = 0; i < ROUNDS && runner->code == CC_OK; i++) {
        runner->code = get(&c, runner->server->url);
        cc_arena_reset(c.arena);
    }
    cc_arena_free(c.arena);
    return NULL;
}

START_TEST(threads_keep_their_connections_and_leave_them_to_those_after_them)
{
    struct fake_http server = { .answer = echo };
    struct runner runners[THREADS];
    struct client c;

    open_client(&c, NULL);
    fake_http_start(&server);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THREADS; i++) {
            runners[i] = (struct runner){ .net = c.net, .server = &server };
            pthread_create(&runners[i].thread, NULL, run_many, &runners[i]);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(runners[i].thread, NULL);
            ck_assert_int_eq(runners[i].code, CC_OK);
        }
    }
    ck_assert_uint_eq(atomic_load(&server.requests), 3 * THREADS * ROUNDS);
    ck_assert_uint_le(atomic_load(&server.connections), THREADS);
    fake_http_stop(&server);
    close_client(&c);
}
END_TEST

CC_CHECK_MAIN("net/net", a_request_is_sent_as_it_was_written_and_nothing_is_added,
              each_method_is_itself_whatever_the_one_before_was,
              a_header_that_would_begin_another_is_not_sent,
              only_http_and_https_are_spoken_and_no_user_stands_in_a_url,
              a_redirect_is_an_answer_and_a_cookie_is_not_sent_back,
              proxies_and_netrc_of_the_environment_are_not_heeded,
              a_request_that_may_have_been_carried_out_is_not_sent_again,
              a_connection_that_was_closed_while_it_was_idle_costs_nothing,
              a_truncated_or_ambiguous_answer_is_a_failure_and_never_a_short_success,
              what_follows_an_answer_is_not_the_next_one, an_answer_over_its_ceiling_is_a_failure,
              too_many_headers_are_a_failure, an_answer_to_head_has_a_length_and_no_body,
              a_request_ends_when_its_time_is_up, without_a_connection_nothing_was_sent,
              a_server_is_trusted_by_its_certificate_and_name_alone,
              a_probe_says_where_a_request_ended,
              a_file_of_authorities_that_is_not_there_is_refused,
              stopping_ends_what_is_in_flight_and_what_would_begin,
              threads_keep_their_connections_and_leave_them_to_those_after_them)
