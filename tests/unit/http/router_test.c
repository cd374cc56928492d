/* Which row answers, and what is said where none does. */
#include "exchange.h"

/* Answers with the captures of the path, one a line. */
static enum cc_code show(struct cc_ctx *cx)
{
    struct cc_buf text;

    cc_buf_init(&text, cx->arena, 4096);
    cc_buf_add_z(&text, cx->route->path);
    for (size_t i = 0; i < CC_PATH_PARAMS_MAX && cx->param[i].at; i++) {
        cc_buf_add_byte(&text, '\n');
        cc_buf_add(&text, cx->param[i]);
    }
    return cc_reply_bytes(cx, 200, "text/plain", cc_buf_str(&text));
}

static const struct cc_route routes[] = {
    { CC_GET, "/rooms", show, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_POST, "/rooms", show, CC_PUBLIC, CC_BODY_JSON, 0 },
    { CC_GET, "/rooms/newest", show, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/rooms/{id}", show, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_DELETE, "/rooms/{id}", show, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_PUT, "/rooms/{id}/members/{user}", show, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

START_TEST(a_path_finds_its_row_and_its_captures)
{
    static const struct {
        const char *method, *target, *body;
    } rows[] = {
        { "GET", "/rooms", "/rooms" },
        { "POST", "/rooms?x=/rooms/1", "/rooms" },
        { "GET", "/rooms/newest", "/rooms/newest" },
        { "GET", "/rooms/42", "/rooms/{id}\n42" },
        { "DELETE", "/rooms/newest", "/rooms/{id}\nnewest" },
        { "PUT", "/rooms/a/members/b", "/rooms/{id}/members/{user}\na\nb" },
        { "GET", "/%72ooms/%41", "/rooms/{id}\nA" },
        { "GET", "/rooms/a%20b%C3%A4", "/rooms/{id}\na b\xc3\xa4" },
        { "GET", "/rooms/%2525", "/rooms/{id}\n%25" }, /* decoded once */
        { "GET", "/rooms/{id}", "/rooms/{id}\n{id}" },
        { "GET", "/rooms/...", "/rooms/{id}\n..." },
    };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        ck_assert_msg(ask(&x, rows[i].method, rows[i].target) == 200, "%s", rows[i].target);
        cc_check_str(body_of(x.response), cc_str_from(rows[i].body));
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_segment_that_is_no_plain_name_is_malformed)
{
    static const char *const targets[] = {
        "/rooms/%2F",       "/rooms/a%2fb", "/rooms/%00",    "/rooms/a%00", "/rooms/.",
        "/rooms/..",        "/rooms/%2e",   "/rooms/%2E%2e", "/rooms/.%2e", "/rooms/a%0a",
        "/rooms/%7f",       "/rooms/%1b",   "/rooms/%ff",    "/rooms/%C3",  "/rooms/%C0%AF",
        "/rooms/%ED%A0%80", "/rooms/%",     "/rooms/%4",     "/rooms/%4g",  "/rooms/%%41",
        "/../rooms",        "/nowhere/%2F", "//..",
    };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(targets); i++)
        ck_assert_msg(ask(&x, "GET", targets[i]) == 400, "%s", targets[i]);
    exchange_close(&x);
}
END_TEST

START_TEST(a_path_that_is_not_in_the_table_is_not_found)
{
    static const char *const targets[] = {
        "/",
        "//",
        "/rooms/",
        "//rooms",
        "/rooms//",
        "/room",
        "/roomsx",
        "/ROOMS",
        "/rooms/1/members",
        "/rooms/1/members/",
        "/rooms/1/members/2/3",
        "/rooms//members/2",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18",
    };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(targets); i++) {
        ck_assert_msg(ask(&x, "GET", targets[i]) == 404, "%s", targets[i]);
        ck_assert(has(body_of(x.response), "\"code\":\"not_found\""));
        ck_assert_ptr_null(header_of(x.response, "Allow").at);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_wrong_method_is_told_the_right_ones)
{
    static const struct {
        const char *method, *target, *allow;
    } rows[] = {
        { "PUT", "/rooms", "GET, HEAD, POST, OPTIONS" },
        { "POST", "/rooms/1", "GET, HEAD, DELETE, OPTIONS" },
        { "GET", "/rooms/1/members/2", "PUT, OPTIONS" },
        { "HEAD", "/rooms/1/members/2", "PUT, OPTIONS" },
        { "PROPFIND", "/rooms", "GET, HEAD, POST, OPTIONS" },
        { "get", "/rooms", "GET, HEAD, POST, OPTIONS" },
    };
    struct exchange x;

    exchange_init(&x, routes);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        ck_assert_int_eq(ask(&x, rows[i].method, rows[i].target), 405);
        cc_check_str(header_of(x.response, "Allow"), cc_str_from(rows[i].allow));
    }
    exchange_close(&x);
}
END_TEST

START_TEST(options_tells_the_methods_of_a_path)
{
    struct exchange x;

    exchange_init(&x, routes);
    ck_assert_int_eq(ask(&x, "OPTIONS", "/rooms/1"), 204);
    cc_check_str(header_of(x.response, "Allow"), CC_STR("GET, HEAD, DELETE, OPTIONS"));
    ck_assert_uint_eq(body_of(x.response).len, 0);
    ck_assert_ptr_null(header_of(x.response, "Access-Control-Allow-Origin").at);
    ck_assert_int_eq(ask(&x, "OPTIONS", "/nowhere"), 404);
    exchange_close(&x);
}
END_TEST

START_TEST(head_is_get_without_the_bytes)
{
    struct exchange x;
    struct cc_str length;

    exchange_init(&x, routes);
    ck_assert_int_eq(ask(&x, "GET", "/rooms"), 200);
    length = header_of(x.response, "Content-Length");
    cc_check_str(length, CC_STR("6"));
    ck_assert_int_eq(ask(&x, "HEAD", "/rooms"), 200);
    cc_check_str(header_of(x.response, "Content-Length"), length);
    cc_check_str(header_of(x.response, "Content-Type"), CC_STR("text/plain"));
    ck_assert_uint_eq(body_of(x.response).len, 0);
    ck_assert_int_eq(ask(&x, "HEAD", "/nowhere"), 404);
    ck_assert_uint_eq(body_of(x.response).len, 0);
    exchange_close(&x);
}
END_TEST

CC_CHECK_MAIN("http/router", a_path_finds_its_row_and_its_captures,
              a_segment_that_is_no_plain_name_is_malformed,
              a_path_that_is_not_in_the_table_is_not_found, a_wrong_method_is_told_the_right_ones,
              options_tells_the_methods_of_a_path, head_is_get_without_the_bytes)
