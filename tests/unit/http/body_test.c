/* The body: whether it is wanted, whether it is what it says, and that it is read to its end. */
#include "exchange.h"

#include <stddef.h>

struct note {
    struct cc_str name;
    int64_t count;
};

static const struct cc_field note_fields[] = {
    { .name = "name",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct note, name),
      .min = 1,
      .max = 10 },
    { .name = "count", .type = CC_FIELD_I64, .offset = offsetof(struct note, count) },
    { 0 },
};

static const struct cc_field free_fields[] = {
    { .name = "name", .type = CC_FIELD_STR, .offset = offsetof(struct note, name), .max = 10 },
    { 0 },
};

static enum cc_code take_note(struct cc_ctx *cx)
{
    struct note note;
    enum cc_code rc = cc_decode(cx, note_fields, &note);

    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, "text/plain", note.name);
}

static enum cc_code take_note_or_none(struct cc_ctx *cx)
{
    struct note note = { .name = CC_STR("left over"), .count = 1 };
    enum cc_code rc = cc_decode_optional(cx, free_fields, &note);

    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, "text/plain", note.name.at ? note.name : CC_STR("none"));
}

static enum cc_code take_query(struct cc_ctx *cx)
{
    struct note note;
    enum cc_code rc = cc_decode_query(cx, note_fields, &note);

    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, "text/plain", note.name);
}

static enum cc_code echo(struct cc_ctx *cx)
{
    struct cc_str body;
    enum cc_code rc = cc_body_read(cx, &body);

    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, "application/octet-stream", body);
}

static enum cc_code ignore(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static const struct cc_route routes[] = {
    { CC_POST, "/note", take_note, CC_PUBLIC, CC_BODY_JSON, 64 },
    { CC_POST, "/wide", take_note, CC_PUBLIC, CC_BODY_JSON, 0 },
    { CC_POST, "/free", take_note_or_none, CC_PUBLIC, CC_BODY_JSON, 64 },
    { CC_GET, "/note", take_query, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_PUT, "/echo", echo, CC_PUBLIC, CC_BODY_RAW, 100000 },
    { CC_POST, "/ignore", ignore, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

static int post_note(struct exchange *x, const char *type, const char *body)
{
    start(x, "POST", "/note");
    set_body(x, type, body);
    return finish(x);
}

/* A note whose body is said to have that length, whatever it is then. */
static void start_note(struct exchange *x, const char *length)
{
    start(x, "POST", "/note");
    set(x, "CONTENT_TYPE", "application/json");
    set(x, "CONTENT_LENGTH", length);
}

static void start_echo(struct exchange *x, const char *length, struct cc_str sent)
{
    start(x, "PUT", "/echo");
    set(x, "CONTENT_LENGTH", length);
    x->body.rest = sent;
}

START_TEST(a_json_body_is_decoded_by_its_table)
{
    struct exchange x;

    exchange_init(&x, routes);
    ck_assert_int_eq(post_note(&x, "application/json", "{\"name\":\"Anna\"}"), 200);
    cc_check_str(body_of(x.response), CC_STR("Anna"));
    ck_assert_int_eq(post_note(&x, "application/json", "{\"name\":\"\",\"count\":\"x\"}"), 422);
    ck_assert(has(body_of(x.response), "\"pointer\":\"/name\""));
    ck_assert(has(body_of(x.response), "\"pointer\":\"/count\""));
    ck_assert_int_eq(post_note(&x, "application/json", "{\"name\":"), 400);
    ck_assert_int_eq(post_note(&x, "application/json", ""), 400);
    ck_assert_int_eq(post_note(&x, "application/json", "{\"name\":\"\xff\"}"), 400);
    exchange_close(&x);
}
END_TEST

static int post_free(struct exchange *x, const char *type, const char *body)
{
    start(x, "POST", "/free");
    set_body(x, type, body);
    return finish(x);
}

START_TEST(where_a_body_may_be_absent_none_is_as_an_empty_object)
{
    struct exchange x;

    exchange_init(&x, routes);
    start(&x, "POST", "/free");
    ck_assert_int_eq(finish(&x), 200);
    cc_check_str(body_of(x.response), CC_STR("none"));
    ck_assert_int_eq(post_free(&x, "application/json", ""), 200);
    cc_check_str(body_of(x.response), CC_STR("none"));
    ck_assert_int_eq(post_free(&x, "application/json", "{\"name\":\"Anna\"}"), 200);
    cc_check_str(body_of(x.response), CC_STR("Anna"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_that_may_be_absent_is_not_taken_for_it_when_it_is_wrong)
{
    struct exchange x;

    exchange_init(&x, routes);
    ck_assert_int_eq(post_free(&x, "text/plain", "{}"), 415);
    ck_assert_int_eq(post_free(&x, "application/json", " "), 400);
    ck_assert_int_eq(post_free(&x, "application/json", "{\"surprise\":1}"), 422);
    start(&x, "POST", "/free");
    x.body.rest = CC_STR("{\"name\":\"Anna\"}"); /* nobody said how long it is */
    ck_assert_int_eq(finish(&x), 411);
    exchange_close(&x);
}
END_TEST

START_TEST(a_query_is_decoded_by_the_same_table)
{
    struct exchange x;

    exchange_init(&x, routes);
    ck_assert_int_eq(ask(&x, "GET", "/note?name=An%6Ea&count=3"), 200);
    cc_check_str(body_of(x.response), CC_STR("Anna"));
    ck_assert_int_eq(ask(&x, "GET", "/note"), 422);
    ck_assert_int_eq(ask(&x, "GET", "/note?name=a&name=b"), 400);
    exchange_close(&x);
}
END_TEST

START_TEST(only_json_is_taken_for_json)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {
        { "application/json", 200 },
        { "Application/JSON ; charset=UTF-8", 200 },
        { "application/json; charset=\"utf-8\"", 200 },
        { "application/json; charset=iso-8859-1", 415 },
        { "application/json; charset=", 415 },
        { "application/jsonx", 415 },
        { "application/problem+json", 415 },
        { "text/plain", 415 },
        { "application/x-www-form-urlencoded", 415 },
        { "text/plain; application/json", 415 },
        { "", 415 },
    };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(rows); i++)
        ck_assert_msg(post_note(&x, rows[i].type, "{\"name\":\"a\"}") == rows[i].status, "%s",
                      rows[i].type);
    start(&x, "POST", "/note");
    ck_assert_int_eq(finish(&x), 415);
    exchange_close(&x);
}
END_TEST

START_TEST(a_compressed_body_is_not_taken)
{
    static const struct {
        const char *encoding;
        int status;
    } rows[] = { { "gzip", 415 }, { "Identity", 200 } };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        start(&x, "POST", "/note");
        set_body(&x, "application/json", "{\"name\":\"a\"}");
        set(&x, "HTTP_CONTENT_ENCODING", rows[i].encoding);
        ck_assert_int_eq(finish(&x), rows[i].status);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_over_the_limit_of_its_route_is_refused_unread)
{
    struct exchange x;

    exchange_init(&x, routes);
    start_note(&x, "65");
    ck_assert_int_eq(finish(&x), 413);
    start(&x, "POST", "/wide");
    set(&x, "CONTENT_TYPE", "application/json");
    set(&x, "CONTENT_LENGTH", "262145");
    ck_assert_int_eq(finish(&x), 413);
    start(&x, "GET", "/note?name=a");
    set(&x, "CONTENT_LENGTH", "9223372036854775807");
    ck_assert_int_eq(finish(&x), 413);
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_shorter_than_it_said_is_malformed)
{
    static const long ends[] = { 0, -1 };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(ends); i++) {
        start_note(&x, "13");
        x.body.rest = CC_STR("{\"name\":\"a\"}"); /* 12 bytes: complete, had it not said 13 */
        x.body.at_end = ends[i];
        ck_assert_int_eq(finish(&x), 400);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_longer_than_it_said_is_malformed)
{
    struct exchange x;

    exchange_init(&x, routes);
    start_note(&x, "12");
    x.body.rest = CC_STR("{\"name\":\"a\"}x");
    ck_assert_int_eq(finish(&x), 400);
    start_echo(&x, "0", CC_STR("x"));
    ck_assert_int_eq(finish(&x), 400);
    start(&x, "PUT", "/echo");
    x.body.rest = CC_STR("x");
    ck_assert_int_eq(finish(&x), 411);
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_that_stalls_is_given_up)
{
    struct exchange x;

    exchange_init(&x, routes);
    start_echo(&x, "10", CC_STR("12345"));
    x.body.at_end = -2;
    ck_assert_int_eq(finish(&x), 408);
    ck_assert(has(body_of(x.response), "\"code\":\"request_timeout\""));
    exchange_close(&x);
}
END_TEST

/* Each look at the clock finds it 100 ms later. */
struct dripping_clock {
    struct cc_clock clock;
    int64_t now_ms;
};

static int64_t drip(const struct cc_clock *clock)
{
    struct dripping_clock *dripping = (struct dripping_clock *)(uintptr_t)clock;

    return dripping->now_ms += 100;
}

START_TEST(a_body_that_drips_is_given_up_though_it_never_stalls)
{
    struct dripping_clock dripping = { .clock = { drip, drip } };
    struct exchange x;
    struct cc_str text;

    exchange_init(&x, routes);
    x.server.clock = &dripping.clock;
    x.config.body_timeout_s = 5;
    text = (struct cc_str){ memset(cc_arena_alloc(x.arena, 20000), 'a', 20000), 20000 };
    start_echo(&x, "20000", text);
    x.body.piece_max = 10; /* 100 bytes a second */
    ck_assert_int_eq(finish(&x), 408);
    start_echo(&x, "20000", text);
    x.body.piece_max = 110; /* 1100 bytes a second */
    ck_assert_int_eq(finish(&x), 200);
    exchange_close(&x);
}
END_TEST

START_TEST(a_raw_body_arrives_whole_from_pieces)
{
    struct exchange x;

    exchange_init(&x, routes);
    start(&x, "PUT", "/echo");
    set_body(&x, "image/png", "0123456789");
    x.body.piece_max = 3;
    ck_assert_int_eq(finish(&x), 200);
    cc_check_str(body_of(x.response), CC_STR("0123456789"));
    exchange_close(&x);
}
END_TEST

START_TEST(what_no_handler_reads_is_read_to_its_end)
{
    static const char *const targets[] = { "/ignore", "/nowhere", "/note" };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(targets); i++) {
        start(&x, "POST", targets[i]);
        set_body(&x, "text/plain", "nobody reads this");
        finish(&x);
        ck_assert_uint_eq(x.body.rest.len, 0);
        ck_assert(x.body.source.ended);
    }
    exchange_close(&x);
}
END_TEST

static long never_ends(struct cc_source *source, char *out, size_t size)
{
    (void)source;
    memset(out, 'x', size);
    return (long)size;
}

START_TEST(what_never_ends_is_not_read_for_ever)
{
    struct exchange x;

    exchange_init(&x, routes);
    start(&x, "POST", "/nowhere");
    x.body.source.read = never_ends;
    ck_assert_int_eq(finish(&x), 404);
    ck_assert(!x.body.source.ended);
    ck_assert_int_le(x.body.source.taken_bytes, 32 * 1024 * 1024);
    exchange_close(&x);
}
END_TEST

CC_CHECK_MAIN("http/body", a_json_body_is_decoded_by_its_table,
              where_a_body_may_be_absent_none_is_as_an_empty_object,
              a_body_that_may_be_absent_is_not_taken_for_it_when_it_is_wrong,
              a_query_is_decoded_by_the_same_table, only_json_is_taken_for_json,
              a_compressed_body_is_not_taken, a_body_over_the_limit_of_its_route_is_refused_unread,
              a_body_shorter_than_it_said_is_malformed, a_body_longer_than_it_said_is_malformed,
              a_body_that_stalls_is_given_up, a_body_that_drips_is_given_up_though_it_never_stalls,
              a_raw_body_arrives_whole_from_pieces, what_no_handler_reads_is_read_to_its_end,
              what_never_ends_is_not_read_for_ever)
