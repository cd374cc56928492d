/* What the guard lets through, byte by byte as it came, and each thing that it refuses. */
#include "http/internal.h"

#include "../../check.h"

#include <sys/socket.h>

enum { BEGIN = 1, ABORT = 2, PARAMS = 4, STDIN = 5, DATA = 8, GET_VALUES = 9 };

#define BYTES_MAX ((size_t)256 * 1024)
#define TIMEOUT_MS 50

struct wire {
    char at[BYTES_MAX];
    size_t len;
};

struct guarded {
    struct cc_guard guard;
    struct cc_arena *scratch;
    int server; /* the web server's end */
    int libfcgi;
    bool others_wait;
};

static struct wire wire; /* too large for the stack */

static bool gives_way(void *arg)
{
    return ((struct guarded *)arg)->others_wait;
}

static void make_pair(int *a, int *b)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *a = ends[0];
    *b = ends[1];
}

static void start(struct guarded *g)
{
    int fd;

    *g = (struct guarded){ .scratch = cc_arena_new(CC_ARENA_CEILING_BYTES) };
    g->guard = (struct cc_guard){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES),
                                  .gives_way = gives_way,
                                  .arg = g };
    make_pair(&g->server, &fd);
    make_pair(&g->guard.feed, &g->libfcgi);
    cc_guard_open(&g->guard, fd);
    wire.len = 0;
}

static void finish(struct guarded *g)
{
    close(g->server);
    close(g->libfcgi);
    close(g->guard.fd);
    close(g->guard.feed);
    cc_arena_free(g->guard.arena);
    cc_arena_free(g->scratch);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static void add_bytes(const void *at, size_t len)
{
    ck_assert_uint_le(wire.len + len, sizeof(wire.at));
    if (len)
        memcpy(wire.at + wire.len, at, len);
    wire.len += len;
}

static void add_record(int type, int id, struct cc_str content)
{
    const char head[8] = { 1, (char)type, 0, (char)id, (char)(content.len >> 8), (char)content.len,
                           0, 0 };

    add_bytes(head, sizeof(head));
    add_bytes(content.at, content.len);
}

static void add_begin(void)
{
    static const char responder[8] = { 0, 1 };

    add_record(BEGIN, 1, (struct cc_str){ responder, sizeof(responder) });
}

static void add_head(struct cc_str params)
{
    add_begin();
    if (params.len)
        add_record(PARAMS, 1, params);
    add_record(PARAMS, 1, CC_STR(""));
}

static void send_all(const struct guarded *g, struct cc_str bytes)
{
    ck_assert_int_eq(send(g->server, bytes.at, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

static void send_wire(const struct guarded *g)
{
    send_all(g, (struct cc_str){ wire.at, wire.len });
}

static bool head(struct guarded *g)
{
    return cc_guard_head(&g->guard, g->scratch, TIMEOUT_MS);
}

/* That libfcgi was given these bytes and no more. */
static void check_given(const struct guarded *g, const char *at, size_t len)
{
    static char given[BYTES_MAX];
    ssize_t got = recv(g->libfcgi, given, sizeof(given), MSG_DONTWAIT);

    ck_assert_int_eq(got < 0 ? 0 : got, (ssize_t)len);
    if (len)
        ck_assert_int_eq(memcmp(given, at, len), 0);
}

/* The guard reads what came where nothing stands behind it. */
static void place_at_guard_page(struct cc_guard *guard, struct cc_str bytes)
{
    guard->at = (char *)(uintptr_t)cc_check_guarded(bytes).at;
    guard->len = bytes.len;
    guard->size = bytes.len + 1; /* of which recv gets none: the other end is closed */
}

/* Refused, whatever stands behind it, with this fault. */
static void check_refused(const char *fault)
{
    struct cc_str bytes = { wire.at, wire.len };
    struct guarded g;

    start(&g);
    place_at_guard_page(&g.guard, bytes);
    shutdown(g.server, SHUT_WR);
    ck_assert(!head(&g));
    ck_assert_str_eq(g.guard.fault, fault);
    check_given(&g, NULL, 0);
    finish(&g);
    wire.len = 0;
}

/* --- heads ------------------------------------------------------------------------------------ */

#define GOOD_PARAMS CC_STR("\4\5Namevalue\1\0X")

START_TEST(a_good_request_is_given_on_unchanged)
{
    struct guarded g;

    start(&g);
    add_head(GOOD_PARAMS);
    add_record(STDIN, 1, CC_STR("body"));
    add_record(STDIN, 1, CC_STR(""));
    send_wire(&g);
    ck_assert(head(&g));
    ck_assert(g.guard.ended);
    ck_assert_uint_eq(g.guard.given_bytes, 4);
    check_given(&g, wire.at, wire.len);
    finish(&g);
}
END_TEST

START_TEST(every_beginning_of_a_head_waits_for_the_rest_and_reads_no_further)
{
    struct guarded g;
    size_t whole;

    wire.len = 0;
    add_head(CC_STR("\4\5Namevalue\x80\0\0\1\x80\0\0\1Yy"));
    whole = wire.len;
    for (size_t len = 1; len < whole; len++) {
        wire.len = len;
        check_refused("it broke off");
    }
    start(&g);
    ck_assert(!head(&g));
    ck_assert_str_eq(g.guard.fault, "it stalled");
    finish(&g);
}
END_TEST

START_TEST(who_says_nothing_and_goes_has_no_fault)
{
    struct guarded g;

    start(&g);
    shutdown(g.server, SHUT_WR);
    ck_assert(!head(&g));
    ck_assert_ptr_null(g.guard.fault);
    finish(&g);
}
END_TEST

START_TEST(a_head_that_stalls_gives_way)
{
    struct guarded g;
    int64_t started_ms = cc_clock_mono_ms(&cc_system_clock);

    start(&g);
    g.others_wait = true;
    send_all(&g, CC_STR("\1"));
    ck_assert(!cc_guard_head(&g.guard, g.scratch, 20000));
    ck_assert_str_eq(g.guard.fault, "it stalled");
    ck_assert_int_lt(cc_clock_mono_ms(&cc_system_clock) - started_ms, 10000);
    finish(&g);
}
END_TEST

START_TEST(what_begins_as_no_request_does_is_refused)
{
    static const struct {
        const char *at;
        size_t len;
        const char *fault;
    } rows[] = {
        { "GET / HTTP/1.1\r\n", 16, "a version that is not 1" },
        { "\0", 1, "a version that is not 1" },
        { "\1\4\0\1\0\0\0\0", 8, "a record out of place in a head" },
        { "\1\11\0\0\0\0\0\0", 8, "a record out of place in a head" },
        { "\1\1\0\1\0\7\0\0\0\1\0\0\0\0\0", 15, "a beginning that is none of a responder" },
        { "\1\1\0\1\0\11\0\0\0\1\0\0\0\0\0\0\0", 17, "a beginning that is none of a responder" },
        { "\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0", 16, "a beginning that is none of a responder" },
        { "\1\1\0\1\0\10\0\0\0\2\0\0\0\0\0\0", 16, "a beginning that is none of a responder" },
        { "\1\1\0\1\0\10\0\0\1\1\0\0\0\0\0\0", 16, "a beginning that is none of a responder" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        wire.len = 0;
        add_bytes(rows[i].at, rows[i].len);
        check_refused(rows[i].fault);
    }
}
END_TEST

START_TEST(a_record_among_the_parameters_is_refused)
{
    static const int types[] = { 0, BEGIN, ABORT, STDIN, DATA, GET_VALUES, 77, 255 };

    for (size_t i = 0; i < CC_COUNT(types); i++) {
        wire.len = 0;
        add_begin();
        add_record(types[i], types[i] == GET_VALUES ? 0 : 1, CC_STR(""));
        check_refused("a record out of place in a head");
    }
    add_begin();
    add_record(PARAMS, 2, CC_STR(""));
    check_refused("a record of another request");
}
END_TEST

START_TEST(parameters_that_lie_are_refused)
{
    static const struct {
        struct cc_str params;
        const char *fault;
    } rows[] = {
        { { "\1", 1 }, "a length that is cut off" },
        { { "\x80\0\0", 3 }, "a length that is cut off" },
        { { "\1\x80\0\0", 4 }, "a length that is cut off" },
        { { "\1\1X", 3 }, "a parameter longer than what came" },
        { { "\4\4", 2 }, "a parameter longer than what came" },
        { { "\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, "a parameter longer than what came" },
        { { "\xff\xff\xff\xff\0X", 6 }, "a parameter longer than what came" },
        { { "\1\xff\xff\xff\xffX", 6 }, "a parameter longer than what came" },
        { { "\1\1\0y", 4 }, "a parameter with a NUL" },
        { { "\1\3Xa\0b", 6 }, "a parameter with a NUL" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        wire.len = 0;
        add_head(rows[i].params);
        check_refused(rows[i].fault);
    }
}
END_TEST

START_TEST(a_head_over_the_limit_is_refused)
{
    static char many[60000]; /* pairs of nothing */
    struct guarded g;

    start(&g);
    add_begin();
    for (int i = 0; i < 2; i++)
        add_record(PARAMS, 1, (struct cc_str){ many, sizeof(many) });
    send_wire(&g);
    ck_assert(!head(&g));
    ck_assert_str_eq(g.guard.fault, "a head over the limit");
    finish(&g);
}
END_TEST

/* --- bodies ----------------------------------------------------------------------------------- */

/* A head was let through, and "{" of the body. */
static void start_body(struct guarded *g)
{
    start(g);
    add_head(GOOD_PARAMS);
    add_record(STDIN, 1, CC_STR("{"));
    send_wire(g);
    ck_assert(head(g));
    check_given(g, wire.at, wire.len);
    ck_assert_int_eq(cc_guard_body(&g->guard, TIMEOUT_MS), 0);
    g->guard.given_bytes = 0;
    wire.len = 0;
}

START_TEST(a_body_comes_in_any_pieces)
{
    struct guarded g;

    start_body(&g);
    add_record(STDIN, 1, CC_STR("}"));
    add_record(STDIN, 1, CC_STR(""));
    for (size_t i = 0; i < wire.len; i++) {
        send_all(&g, (struct cc_str){ wire.at + i, 1 });
        if (i == 8 || i == wire.len - 1) {
            ck_assert_int_eq(cc_guard_body(&g.guard, TIMEOUT_MS), 0);
            g.guard.given_bytes = 0;
        }
    }
    check_given(&g, wire.at, wire.len);
    ck_assert(g.guard.ended);
    finish(&g);
}
END_TEST

START_TEST(a_body_that_stalls_or_breaks_off_is_told_apart)
{
    struct guarded g;

    start_body(&g);
    send_all(&g, CC_STR("\1\5"));
    ck_assert_int_eq(cc_guard_body(&g.guard, TIMEOUT_MS), -2);
    shutdown(g.server, SHUT_WR);
    ck_assert_int_eq(cc_guard_body(&g.guard, TIMEOUT_MS), -1);
    ck_assert_str_eq(g.guard.fault, "it broke off");
    finish(&g);
}
END_TEST

START_TEST(what_is_no_body_never_reaches_libfcgi)
{
    static const struct {
        const char head[9];
        const char *fault;
    } rows[] = {
        { "\2\5\0\1\0\0\0\0", "a version that is not 1" },
        { "\1\5\0\2\0\0\0\0", "a record of another request" },
        { "\1\5\1\1\0\0\0\0", "a record of another request" },
        { "\1\11\0\0\xff\xff\0\0", "a record out of place in a body" },
        { "\1\1\0\1\0\10\0\0", "a record out of place in a body" },
        { "\1\2\0\1\0\0\0\0", "a record out of place in a body" },
        { "\1\4\0\1\0\0\0\0", "a record out of place in a body" },
        { "\1\10\0\1\0\0\0\0", "a record out of place in a body" },
        { "\1\115\0\0\0\0\0\0", "a record out of place in a body" },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct guarded g;

        start_body(&g);
        send_all(&g, (struct cc_str){ rows[i].head, 8 });
        ck_assert_int_eq(cc_guard_body(&g.guard, TIMEOUT_MS), -1);
        ck_assert_str_eq(g.guard.fault, rows[i].fault);
        check_given(&g, NULL, 0);
        finish(&g);
    }
}
END_TEST

START_TEST(what_stands_behind_a_request_is_kept_for_the_next)
{
    static const char padded_end[] = "\1\5\0\1\0\0\3\0pad";
    struct guarded g;
    size_t one;

    start(&g);
    add_head(GOOD_PARAMS);
    one = wire.len + 8;
    add_bytes(padded_end, sizeof(padded_end) - 1);
    add_head(GOOD_PARAMS);
    add_record(STDIN, 1, CC_STR(""));
    send_wire(&g);
    ck_assert(head(&g));
    check_given(&g, wire.at, one);
    ck_assert(head(&g));
    check_given(&g, wire.at + one + 3, wire.len - one - 3);
    finish(&g);
}
END_TEST

CC_CHECK_MAIN("http/guard", a_good_request_is_given_on_unchanged,
              every_beginning_of_a_head_waits_for_the_rest_and_reads_no_further,
              who_says_nothing_and_goes_has_no_fault, a_head_that_stalls_gives_way,
              what_begins_as_no_request_does_is_refused, a_record_among_the_parameters_is_refused,
              parameters_that_lie_are_refused, a_head_over_the_limit_is_refused,
              a_body_comes_in_any_pieces, a_body_that_stalls_or_breaks_off_is_told_apart,
              what_is_no_body_never_reaches_libfcgi,
              what_stands_behind_a_request_is_kept_for_the_next)
