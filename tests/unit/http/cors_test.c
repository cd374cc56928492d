/* Scripts of other origins: nothing unless configured, and never with credentials. */
#include "exchange.h"

static enum cc_code hello(struct cc_ctx *cx)
{
    return cc_reply_bytes(cx, 200, "text/plain", CC_STR("hello"));
}

static const struct cc_route routes[] = {
    { CC_GET, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_PUT, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

static const struct cc_str two_origins[] = { { "https://a.example", 17 },
                                             { "https://b.example", 17 } };
static const struct cc_str any_origin[] = { { "*", 1 } };

static void ask_from(struct exchange *x, const char *method, const char *origin)
{
    start(x, method, "/hello");
    if (origin)
        set(x, "HTTP_ORIGIN", origin);
    if (strcmp(method, "OPTIONS") == 0)
        set(x, "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "PUT");
    finish(x);
}

START_TEST(without_configured_origins_nothing_is_said)
{
    struct exchange x;

    exchange_init(&x, routes);
    ask_from(&x, "GET", "https://a.example");
    ck_assert(!has(x.response, "Access-Control"));
    ck_assert(!has(x.response, "Vary"));
    ask_from(&x, "OPTIONS", "https://a.example");
    ck_assert_int_eq(status_of(x.response), 204);
    ck_assert(!has(x.response, "Access-Control"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_configured_origin_is_named_and_no_other)
{
    static const char *const others[] = { "https://c.example",
                                          "https://a.example.evil",
                                          "http://a.example",
                                          "https://A.example",
                                          "null",
                                          "https://a.exampl",
                                          "" };
    struct exchange x;

    exchange_init(&x, routes);
    x.config.cors_origins = (struct cc_strs){ two_origins, 2 };
    ask_from(&x, "GET", "https://b.example");
    cc_check_str(header_of(x.response, "Access-Control-Allow-Origin"), CC_STR("https://b.example"));
    cc_check_str(header_of(x.response, "Vary"), CC_STR("Origin"));
    ck_assert(has(header_of(x.response, "Access-Control-Expose-Headers"), "X-Request-Id"));
    for (size_t i = 0; i < CC_COUNT(others); i++) {
        ask_from(&x, "GET", others[i]);
        ck_assert(!has(x.response, "Access-Control"));
        cc_check_str(header_of(x.response, "Vary"), CC_STR("Origin"));
    }
    ask_from(&x, "GET", NULL);
    cc_check_str(header_of(x.response, "Vary"), CC_STR("Origin"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_preflight_is_told_methods_and_headers)
{
    struct exchange x;

    exchange_init(&x, routes);
    x.config.cors_origins = (struct cc_strs){ two_origins, 2 };
    ask_from(&x, "OPTIONS", "https://a.example");
    ck_assert_int_eq(status_of(x.response), 204);
    cc_check_str(header_of(x.response, "Access-Control-Allow-Origin"), CC_STR("https://a.example"));
    cc_check_str(header_of(x.response, "Access-Control-Allow-Methods"),
                 CC_STR("GET, HEAD, PUT, OPTIONS"));
    ck_assert(has(header_of(x.response, "Access-Control-Allow-Headers"), "Authorization"));
    ck_assert(has(header_of(x.response, "Access-Control-Allow-Headers"), "Content-Type"));
    ask_from(&x, "OPTIONS", "https://c.example");
    ck_assert(!has(x.response, "Access-Control"));
    exchange_close(&x);
}
END_TEST

START_TEST(errors_can_be_read_from_there_too)
{
    struct exchange x;

    exchange_init(&x, routes);
    x.config.cors_origins = (struct cc_strs){ two_origins, 2 };
    start(&x, "GET", "/nowhere");
    set(&x, "HTTP_ORIGIN", "https://a.example");
    ck_assert_int_eq(finish(&x), 404);
    cc_check_str(header_of(x.response, "Access-Control-Allow-Origin"), CC_STR("https://a.example"));
    exchange_close(&x);
}
END_TEST

START_TEST(credentials_are_allowed_to_nobody)
{
    struct exchange x;

    exchange_init(&x, routes);
    x.config.cors_origins = (struct cc_strs){ any_origin, 1 };
    ask_from(&x, "OPTIONS", "https://anywhere.example");
    cc_check_str(header_of(x.response, "Access-Control-Allow-Origin"), CC_STR("*"));
    ck_assert(!has(x.response, "Credentials"));
    x.config.cors_origins = (struct cc_strs){ two_origins, 2 };
    ask_from(&x, "OPTIONS", "https://a.example");
    ck_assert(!has(x.response, "Credentials"));
    exchange_close(&x);
}
END_TEST

CC_CHECK_MAIN("http/cors", without_configured_origins_nothing_is_said,
              a_configured_origin_is_named_and_no_other, a_preflight_is_told_methods_and_headers,
              errors_can_be_read_from_there_too, credentials_are_allowed_to_nobody)
