/* Variables as a web server gives them -> a request, or a refusal. */
#include "exchange.h"

#include <string.h>

static enum cc_code read_request(struct exchange *x, struct cc_request *req)
{
    struct cc_err err = { 0 };
    enum cc_code rc = cc_request_from_cgi(x->vars, x->count, &x->config, req, &err);

    ck_assert_int_eq(rc, err.code);
    return rc;
}

START_TEST(a_request_is_read_from_its_variables)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    start(&x, "PATCH", "/chat/rooms/a%20b?limit=3&q=?");
    set(&x, "SCRIPT_NAME", "/elsewhere");
    set(&x, "PATH_INFO", "/nowhere");
    set(&x, "QUERY_STRING", "other=1");
    set(&x, "CONTENT_LENGTH", "17");
    set(&x, "CONTENT_TYPE", "application/json");
    set(&x, "HTTP_AUTHORIZATION", "Bearer t");
    set(&x, "REMOTE_ADDR", "192.0.2.7");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    ck_assert_int_eq(req.method, CC_PATCH);
    cc_check_str(req.target, CC_STR("/chat/rooms/a%20b?limit=3&q=?"));
    cc_check_str(req.path, CC_STR("/chat/rooms/a%20b"));
    cc_check_str(req.query, CC_STR("limit=3&q=?"));
    cc_check_str(req.remote_addr, CC_STR("192.0.2.7"));
    cc_check_str(req.header[CC_H_CONTENT_TYPE], CC_STR("application/json"));
    cc_check_str(req.header[CC_H_AUTHORIZATION], CC_STR("Bearer t"));
    ck_assert_ptr_null(req.header[CC_H_COOKIE].at);
    ck_assert_int_eq(req.content_length, 17);
    ck_assert(!req.https);
    exchange_close(&x);
}
END_TEST

START_TEST(a_path_without_a_query_has_none)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    start(&x, "GET", "/chat");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    ck_assert_ptr_null(req.query.at);
    start(&x, "GET", "/chat?");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    ck_assert_ptr_nonnull(req.query.at);
    ck_assert_uint_eq(req.query.len, 0);
    exchange_close(&x);
}
END_TEST

START_TEST(a_request_without_method_or_target_is_malformed)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    ck_assert_int_eq(read_request(&x, &req), CC_BAD_REQUEST);
    set(&x, "REQUEST_URI", "/chat");
    ck_assert_int_eq(read_request(&x, &req), CC_BAD_REQUEST);
    x.count = 0;
    set(&x, "REQUEST_METHOD", "GET");
    ck_assert_int_eq(read_request(&x, &req), CC_BAD_REQUEST);
    set(&x, "SCRIPT_NAME", "/chat");
    ck_assert_int_eq(read_request(&x, &req), CC_BAD_REQUEST);
    exchange_close(&x);
}
END_TEST

START_TEST(a_target_is_a_path_in_escaped_ascii)
{
    static const char *const wrong[] = { "",          "*",     "chat",       "http://a/chat",
                                         "/a b",      "/a\tb", "/a\r\nX: y", "/a\x7f",
                                         "/\xc3\xa4", "/a#b",  "/a?b c",     "/a?\xff" };
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    for (size_t i = 0; i < CC_COUNT(wrong); i++) {
        start(&x, "GET", wrong[i]);
        ck_assert_msg(read_request(&x, &req) == CC_BAD_REQUEST, "%s", wrong[i]);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(what_decides_about_security_stands_once)
{
    static const char *const once[] = { "REQUEST_METHOD",
                                        "REQUEST_URI",
                                        "CONTENT_LENGTH",
                                        "CONTENT_TYPE",
                                        "REMOTE_ADDR",
                                        "HTTPS",
                                        "REQUEST_SCHEME",
                                        "HTTP_AUTHORIZATION",
                                        "HTTP_COOKIE",
                                        "HTTP_HOST",
                                        "HTTP_TRANSFER_ENCODING",
                                        "HTTP_X_FORWARDED_FOR",
                                        "HTTP_ORIGIN",
                                        "HTTP_IF_MATCH",
                                        "HTTP_CONTENT_ENCODING",
                                        "HTTP_SEC_FETCH_SITE",
                                        "HTTP_X_FORWARDED_PROTO",
                                        "HTTP_ACCESS_CONTROL_REQUEST_METHOD" };
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    for (size_t i = 0; i < CC_COUNT(once); i++) {
        start(&x, "GET", "/");
        set(&x, once[i], "1");
        set(&x, once[i], "1");
        ck_assert_msg(read_request(&x, &req) == CC_BAD_REQUEST, "%s twice", once[i]);
    }
    start(&x, "GET", "/");
    set(&x, "HTTP_ACCEPT", "text/html");
    set(&x, "HTTP_ACCEPT", "text/plain");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    cc_check_str(req.header[CC_H_ACCEPT], CC_STR("text/html"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_length_is_a_plain_number)
{
    static const struct {
        const char *text;
        enum cc_code code;
        int64_t length;
    } rows[] = {
        { "", CC_OK, -1 },
        { "0", CC_OK, 0 },
        { "12", CC_OK, 12 },
        { "9223372036854775807", CC_OK, INT64_MAX },
        { "9223372036854775808", CC_BAD_REQUEST, 0 },
        { "-1", CC_BAD_REQUEST, 0 },
        { "+1", CC_BAD_REQUEST, 0 },
        { "1, 1", CC_BAD_REQUEST, 0 },
        { "0x10", CC_BAD_REQUEST, 0 },
        { " 1", CC_BAD_REQUEST, 0 },
    };
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        start(&x, "POST", "/");
        set(&x, "CONTENT_LENGTH", rows[i].text);
        ck_assert_msg(read_request(&x, &req) == rows[i].code, "%s", rows[i].text);
        if (rows[i].code == CC_OK)
            ck_assert_int_eq(req.content_length, rows[i].length);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_body_in_chunks_needs_a_length)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    start(&x, "POST", "/");
    set(&x, "HTTP_TRANSFER_ENCODING", "chunked");
    ck_assert_int_eq(read_request(&x, &req), CC_LENGTH_REQUIRED);
    set(&x, "CONTENT_LENGTH", "3");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    exchange_close(&x);
}
END_TEST

static struct cc_str of_length(struct exchange *x, size_t len, char first)
{
    char *at = cc_arena_alloc(x->arena, len);

    memset(at, 'a', len);
    at[0] = first;
    return (struct cc_str){ at, len };
}

START_TEST(a_target_has_a_greatest_length)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    set(&x, "REQUEST_METHOD", "GET");
    set_str(&x, "REQUEST_URI", of_length(&x, CC_TARGET_BYTES_MAX, '/'));
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    x.count = 1;
    set_str(&x, "REQUEST_URI", of_length(&x, CC_TARGET_BYTES_MAX + 1, '/'));
    ck_assert_int_eq(read_request(&x, &req), CC_URI_TOO_LONG);
    exchange_close(&x);
}
END_TEST

START_TEST(headers_and_parameters_have_greatest_sizes)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    start(&x, "GET", "/");
    set_str(&x, "HTTP_X", of_length(&x, CC_HEADER_BYTES_MAX - 6, 'a'));
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    set(&x, "HTTP_Y", "");
    ck_assert_int_eq(read_request(&x, &req), CC_HEADERS_TOO_LARGE);
    start(&x, "GET", "/");
    set_str(&x, "SERVER_SOFTWARE", of_length(&x, CC_PARAMS_BYTES_MAX, 'a'));
    ck_assert_int_eq(read_request(&x, &req), CC_HEADERS_TOO_LARGE);
    start(&x, "GET", "/");
    while (x.count < CC_PARAMS_MAX)
        set(&x, "X", "");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    set(&x, "X", "");
    ck_assert_int_eq(read_request(&x, &req), CC_HEADERS_TOO_LARGE);
    exchange_close(&x);
}
END_TEST

START_TEST(only_behind_a_trusted_proxy_is_a_forwarded_address_believed)
{
    static const struct {
        const char *forwarded;
        const char *address;
    } rows[] = {
        { "198.51.100.9", "198.51.100.9" },       { "10.0.0.1, 198.51.100.9", "198.51.100.9" },
        { "evil, 2001:db8::1", "2001:db8::1" },   { "198.51.100.9, ", "192.0.2.7" },
        { "198.51.100.9, unknown", "192.0.2.7" }, { "", "192.0.2.7" },
    };
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        start(&x, "GET", "/");
        set(&x, "REMOTE_ADDR", "192.0.2.7");
        set(&x, "HTTP_X_FORWARDED_FOR", rows[i].forwarded);
        set(&x, "HTTP_X_FORWARDED_PROTO", "https");
        x.config.trusted_proxy = true;
        ck_assert_int_eq(read_request(&x, &req), CC_OK);
        cc_check_str(req.remote_addr, cc_str_from(rows[i].address));
        ck_assert(req.https);
        x.config.trusted_proxy = false;
        ck_assert_int_eq(read_request(&x, &req), CC_OK);
        cc_check_str(req.remote_addr, CC_STR("192.0.2.7"));
        ck_assert(!req.https);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(an_unknown_method_is_kept_as_text)
{
    struct exchange x;
    struct cc_request req;

    exchange_init(&x, NULL);
    start(&x, "PROPFIND", "/");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    ck_assert_int_eq(req.method, CC_OTHER);
    cc_check_str(req.method_text, CC_STR("PROPFIND"));
    start(&x, "get", "/");
    ck_assert_int_eq(read_request(&x, &req), CC_OK);
    ck_assert_int_eq(req.method, CC_OTHER);
    exchange_close(&x);
}
END_TEST

CC_CHECK_MAIN("http/request", a_request_is_read_from_its_variables, a_path_without_a_query_has_none,
              a_request_without_method_or_target_is_malformed, a_target_is_a_path_in_escaped_ascii,
              what_decides_about_security_stands_once, a_length_is_a_plain_number,
              a_body_in_chunks_needs_a_length, a_target_has_a_greatest_length,
              headers_and_parameters_have_greatest_sizes,
              only_behind_a_trusted_proxy_is_a_forwarded_address_believed,
              an_unknown_method_is_kept_as_text)
