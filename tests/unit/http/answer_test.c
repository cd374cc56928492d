/* From a request to the whole response: who may, what it says, what the log says. */
#define _GNU_SOURCE /* memfd_create */

#include "exchange.h"

struct cc_app {
    int runs; /* of handlers */
};

static enum cc_code hello(struct cc_ctx *cx)
{
    struct cc_jw *w = cc_reply_json(cx, 200);

    cx->app->runs++;
    cc_jw_object(w);
    cc_jw_put_str(w, "user", cx->user);
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

static enum cc_code picture(struct cc_ctx *cx)
{
    cc_reply_header(cx, "Cache-Control", CC_STR("private, immutable"));
    return cc_reply_bytes(cx, 200, "image/png", CC_STR("PNG"));
}

static enum cc_code tagged(struct cc_ctx *cx)
{
    if (cc_reply_etag(cx, CC_STR("a,b")))
        return cc_reply_not_modified(cx);
    return cc_reply_bytes(cx, 200, "text/plain", CC_STR("fresh"));
}

static enum cc_code gone(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static enum cc_code listed(struct cc_ctx *cx)
{
    cc_reply_link_next(cx, CC_STR("/list?cursor=x"));
    return cc_reply_empty(cx, 202);
}

static enum cc_code late_failure(struct cc_ctx *cx)
{
    struct cc_jw *w = cc_reply_json(cx, 200);

    cc_reply_header(cx, "Set-Cookie", CC_STR("a=b"));
    cc_jw_object(w);
    cc_jw_put_str(w, "half", CC_STR("done"));
    return cc_fail_retry(&cx->err, CC_UNAVAILABLE, 7, "Later.", "disk at /srv/secret");
}

static enum cc_code our_fault(struct cc_ctx *cx)
{
    return cc_fail(&cx->err, CC_INTERNAL, "row 7 is broken", "constraint failed");
}

static enum cc_code two_wrong_fields(struct cc_ctx *cx)
{
    (void)cc_fail_field(&cx->err, "/name", "must be \"short\"");
    return cc_fail_field(&cx->err, "/a~1b", "must not be");
}

static enum cc_code wrong_altogether(struct cc_ctx *cx)
{
    return cc_fail(&cx->err, CC_INVALID, "The picture is damaged.", "no end");
}

static enum cc_code bare_code(struct cc_ctx *cx)
{
    (void)cx;
    return CC_NOT_FOUND;
}

static enum cc_code other_code(struct cc_ctx *cx)
{
    (void)cc_fail_retry(&cx->err, CC_TOO_MANY, 50, "Not for you.", "limit");
    return CC_WRONG_CODE;
}

static enum cc_code silent(struct cc_ctx *cx)
{
    (void)cx;
    return CC_OK;
}

static enum cc_code endless(struct cc_ctx *cx)
{
    struct cc_jw *w = cc_reply_json(cx, 200);

    cc_jw_array(w);
    for (int i = 0; i < 900000; i++)
        cc_jw_str(w, CC_STR("0123456789"));
    cc_jw_array_end(w);
    return cc_reply_end(cx);
}

static const struct cc_route routes[] = {
    { CC_GET, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_POST, "/hello", hello, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/private", hello, CC_USER, CC_BODY_NONE, 0 },
    { CC_POST, "/private", .run = hello }, /* says nothing of access: private */
    { CC_GET, "/picture", picture, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/tagged", tagged, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/gone", gone, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/list", listed, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/late", late_failure, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/fault", our_fault, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/fields", two_wrong_fields, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/altogether", wrong_altogether, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/bare", bare_code, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/other", other_code, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/silent", silent, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/endless", endless, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

static enum cc_code authenticate(struct cc_ctx *cx, struct cc_str token)
{
    if (cc_str_eq(token, CC_STR("down")))
        return cc_fail(&cx->err, CC_UNAVAILABLE, NULL, "no keys");
    if (!cc_str_starts(token, CC_STR("good.")))
        return cc_fail(&cx->err, CC_UNAUTHORIZED, NULL, "signature");
    cx->user = CC_STR("anna");
    cx->session = CC_STR("s1");
    return CC_OK;
}

static void open_server(struct exchange *x, struct cc_app *app)
{
    exchange_init(x, routes);
    *app = (struct cc_app){ 0 };
    x->server.app = app;
    x->server.authenticate = authenticate;
}

START_TEST(every_reply_carries_what_protects_it)
{
    static const char *const targets[] = { "/hello", "/gone", "/nowhere", "/late", "/%2F" };
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    for (size_t i = 0; i < CC_COUNT(targets); i++) {
        ask(&x, "GET", targets[i]);
        cc_check_str(header_of(x.response, "X-Content-Type-Options"), CC_STR("nosniff"));
        cc_check_str(header_of(x.response, "Referrer-Policy"), CC_STR("no-referrer"));
        cc_check_str(header_of(x.response, "Content-Security-Policy"),
                     CC_STR("default-src 'none'; frame-ancestors 'none'"));
        cc_check_str(header_of(x.response, "Cache-Control"), CC_STR("no-store"));
        ck_assert_uint_eq(header_of(x.response, "X-Request-Id").len, 22);
        ck_assert_ptr_null(header_of(x.response, "Vary").at);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_handler_may_say_how_long_its_reply_is_kept)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/picture"), 200);
    cc_check_str(header_of(x.response, "Cache-Control"), CC_STR("private, immutable"));
    cc_check_str(header_of(x.response, "Content-Type"), CC_STR("image/png"));
    cc_check_str(header_of(x.response, "Content-Length"), CC_STR("3"));
    cc_check_str(body_of(x.response), CC_STR("PNG"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_reply_without_a_body_has_no_length_and_no_type)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/gone"), 204);
    ck_assert_ptr_null(header_of(x.response, "Content-Length").at);
    ck_assert_ptr_null(header_of(x.response, "Content-Type").at);
    ck_assert_int_eq(ask(&x, "GET", "/list"), 202);
    cc_check_str(header_of(x.response, "Content-Length"), CC_STR("0"));
    cc_check_str(header_of(x.response, "Link"), CC_STR("</list?cursor=x>; rel=\"next\""));
    exchange_close(&x);
}
END_TEST

START_TEST(a_failure_becomes_a_problem_document)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/nowhere"), 404);
    cc_check_str(header_of(x.response, "Content-Type"), CC_STR("application/problem+json"));
    cc_check_str(body_of(x.response),
                 CC_STR("{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"detail\":\"There is nothing here.\",\"code\":\"not_found\","
                        "\"request_id\":\"AQEBAQEBAQEBAQEBAQEBAQ\"}"));
    exchange_close(&x);
}
END_TEST

START_TEST(wrong_fields_are_listed_with_their_pointers)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/fields"), 422);
    ck_assert(has(body_of(x.response),
                  "\"errors\":[{\"pointer\":\"/name\",\"detail\":\"must be \\\"short\\\"\"},"
                  "{\"pointer\":\"/a~1b\",\"detail\":\"must not be\"}]"));
    exchange_close(&x);
}
END_TEST

/* A client may rely on the list: what has no fields is wrong as a whole. */
START_TEST(what_has_no_fields_is_listed_as_a_whole)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/altogether"), 422);
    ck_assert(has(body_of(x.response),
                  "\"errors\":[{\"pointer\":\"\",\"detail\":\"The picture is damaged.\"}]"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_late_failure_leaves_nothing_of_the_reply)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/late"), 503);
    ck_assert(has(body_of(x.response), "\"detail\":\"Later.\""));
    ck_assert(!has(x.response, "half"));
    ck_assert(!has(x.response, "Set-Cookie"));
    ck_assert(!has(x.response, "/srv/secret"));
    cc_check_str(header_of(x.response, "Retry-After"), CC_STR("7"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_fault_of_ours_says_nothing_about_itself)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/fault"), 500);
    ck_assert(!has(x.response, "row 7"));
    ck_assert(!has(x.response, "constraint"));
    ck_assert_int_eq(ask(&x, "GET", "/silent"), 500);
    exchange_close(&x);
}
END_TEST

START_TEST(a_reply_that_outgrows_its_ceiling_is_a_fault)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/endless"), 500);
    ck_assert_uint_lt(x.response.len, 1024);
    exchange_close(&x);
}
END_TEST

START_TEST(the_code_returned_decides_over_the_one_noted)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    ck_assert_int_eq(ask(&x, "GET", "/bare"), 404);
    ck_assert(has(body_of(x.response), "There is nothing here."));
    ck_assert_int_eq(ask(&x, "GET", "/other"), 401);
    ck_assert(has(body_of(x.response), "\"code\":\"wrong_code\""));
    ck_assert(!has(body_of(x.response), "Not for you."));
    ck_assert_ptr_null(header_of(x.response, "Retry-After").at);
    exchange_close(&x);
}
END_TEST

START_TEST(a_private_route_wants_a_bearer_token)
{
    static const struct {
        const char *authorization; /* NULL: none */
        int status;
        const char *challenge; /* NULL: none */
    } rows[] = {
        { NULL, 401, "Bearer" },
        { "", 401, "Bearer" },
        { "Basic Z29vZC50b2tlbg==", 401, "Bearer" },
        { "good.token-of_anna", 401, "Bearer" },
        { "Bearer", 401, "Bearer" },
        { "Bearergood.token-of_anna", 401, "Bearer" },
        { "Bearer ", 401, "Bearer" },
        { "Bearer x", 401, "Bearer error=\"invalid_token\"" },
        { "Bearer good.token-of_anna, Bearer x", 401, "Bearer error=\"invalid_token\"" },
        { "Bearer good.token-of_anna x", 401, "Bearer error=\"invalid_token\"" },
        { "Bearer down", 503, NULL },
        { "Bearer good.token-of_anna", 200, NULL },
        { "bearer  good.token-of_anna ", 200, NULL },
    };
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        int runs = app.runs;

        start(&x, "GET", "/private");
        if (rows[i].authorization)
            set(&x, "HTTP_AUTHORIZATION", rows[i].authorization);
        ck_assert_msg(finish(&x) == rows[i].status, "%zu", i);
        cc_check_str(header_of(x.response, "WWW-Authenticate"), cc_str_from(rows[i].challenge));
        ck_assert_int_eq(app.runs - runs, rows[i].status == 200);
    }
    cc_check_str(body_of(x.response), CC_STR("{\"user\":\"anna\"}"));
    exchange_close(&x);
}
END_TEST

/* RFC 6750 2.1, b64token. */
START_TEST(a_token_with_any_other_character_is_never_looked_at)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    for (int c = 1; c < 256; c++) {
        char header[] = "Bearer good.token?of_anna";

        *strchr(header, '?') = (char)c;
        start(&x, "GET", "/private");
        set(&x, "HTTP_AUTHORIZATION", header);
        ck_assert_msg(finish(&x) == (strchr(allowed, c) ? 200 : 401), "%d", c);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(a_cookie_or_a_query_is_no_access_token)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    start(&x, "GET", "/private?access_token=good.token-of_anna");
    set(&x, "HTTP_COOKIE", "access_token=good.token-of_anna; Authorization=Bearer good");
    ck_assert_int_eq(finish(&x), 401);
    exchange_close(&x);
}
END_TEST

START_TEST(without_a_way_to_check_nobody_is_signed_in)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    x.server.authenticate = NULL;
    start(&x, "GET", "/private");
    set(&x, "HTTP_AUTHORIZATION", "Bearer good.token-of_anna");
    ck_assert_int_eq(finish(&x), 401);
    ck_assert_int_eq(app.runs, 0);
    exchange_close(&x);
}
END_TEST

START_TEST(who_is_not_signed_in_is_told_so_before_the_body_is_read)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    start(&x, "POST", "/private");
    set(&x, "CONTENT_LENGTH", "99999999");
    ck_assert_int_eq(finish(&x), 401);
    exchange_close(&x);
}
END_TEST

START_TEST(a_request_keeps_the_name_that_a_trusted_proxy_gave_it)
{
    static const char *const bad[] = { "", "a b", "a\"b", "a/b" };
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    x.config.trusted_proxy = true;
    start(&x, "GET", "/nowhere");
    set(&x, "HTTP_X_REQUEST_ID", "proxy-1.a_B");
    finish(&x);
    cc_check_str(header_of(x.response, "X-Request-Id"), CC_STR("proxy-1.a_B"));
    ck_assert(has(body_of(x.response), "\"request_id\":\"proxy-1.a_B\""));
    for (size_t i = 0; i < CC_COUNT(bad); i++) {
        start(&x, "GET", "/hello");
        set(&x, "HTTP_X_REQUEST_ID", bad[i]);
        finish(&x);
        cc_check_str(header_of(x.response, "X-Request-Id"), CC_STR("AQEBAQEBAQEBAQEBAQEBAQ"));
    }
    x.config.trusted_proxy = false;
    start(&x, "GET", "/hello");
    set(&x, "HTTP_X_REQUEST_ID", "client-1");
    finish(&x);
    cc_check_str(header_of(x.response, "X-Request-Id"), CC_STR("AQEBAQEBAQEBAQEBAQEBAQ"));
    exchange_close(&x);
}
END_TEST

START_TEST(a_refused_request_is_answered_like_any_other)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    start(&x, "GET", "/hello");
    set(&x, "HTTP_COOKIE", "a=1");
    set(&x, "HTTP_COOKIE", "a=2");
    ck_assert_int_eq(finish(&x), 400);
    ck_assert(has(body_of(x.response), "\"code\":\"bad_request\""));
    ck_assert_int_eq(app.runs, 0);
    exchange_close(&x);
}
END_TEST

START_TEST(what_accept_leaves_out_altogether_is_not_acceptable)
{
    static const struct {
        const char *target, *accept;
        int status;
    } rows[] = {
        { "/hello", "", 200 },
        { "/hello", "*/*", 200 },
        { "/hello", "application/json", 200 },
        { "/hello", "Application/*;q=0.1", 200 },
        { "/hello", "application/problem+json", 200 },
        { "/hello", "text/html, application/xhtml+xml, */*;q=0.8", 200 },
        { "/hello", "text/html", 406 },
        { "/hello", "applicationx/*", 406 },
        { "/hello", "application/json;q=0", 406 },
        { "/hello", "text/html, */*;q=0.000", 406 },
        { "/hello", "image/png", 406 },
        { "/picture", "image/png", 200 },
        { "/picture", "image/*", 200 },
        { "/picture", "application/json", 200 },
        { "/picture", "image/webp", 406 },
        { "/nowhere", "text/html", 404 },
        { "/gone", "text/html", 204 },
    };
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        start(&x, "GET", rows[i].target);
        set(&x, "HTTP_ACCEPT", rows[i].accept);
        ck_assert_msg(finish(&x) == rows[i].status, "%s %s", rows[i].target, rows[i].accept);
    }
    exchange_close(&x);
}
END_TEST

START_TEST(what_is_not_acceptable_is_not_done_either)
{
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    start(&x, "POST", "/hello");
    set(&x, "HTTP_ACCEPT", "text/html");
    ck_assert_int_eq(finish(&x), 406);
    ck_assert_int_eq(app.runs, 0);
    exchange_close(&x);
}
END_TEST

START_TEST(a_known_tag_is_not_modified)
{
    static const struct {
        const char *tags;
        int status;
    } rows[] = {
        { "\"a,b\"", 304 },
        { "W/\"a,b\"", 304 },
        { "*", 304 },
        { " \"x\" , \"a,b\"", 304 },
        { "\"x\",W/\"a,b\"", 304 },
        { "\"a\"", 200 },
        { "\"b\"", 200 },
        { "a,b", 200 },
        { "\"a,b", 200 },
        { "", 200 },
        { ",,", 200 },
        { "w/\"a,b\"", 200 },
        { "\"x\" *", 200 },
        { "W/", 200 },
        { "\"", 200 },
    };
    struct exchange x;
    struct cc_app app;

    open_server(&x, &app);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        start(&x, "GET", "/tagged");
        set(&x, "HTTP_IF_NONE_MATCH", rows[i].tags);
        ck_assert_msg(finish(&x) == rows[i].status, "%s", rows[i].tags);
        cc_check_str(header_of(x.response, "ETag"), CC_STR("\"a,b\""));
        if (rows[i].status == 304) {
            ck_assert_uint_eq(body_of(x.response).len, 0);
            ck_assert_ptr_null(header_of(x.response, "Content-Length").at);
        }
    }
    exchange_close(&x);
}
END_TEST

static struct cc_str log_line(struct exchange *x, const char *target, const char *token)
{
    char *at = cc_arena_alloc(x->arena, CC_LOG_LINE_MAX);
    ssize_t len;
    int fd = memfd_create("log", MFD_CLOEXEC);

    x->log.fd = fd;
    x->log.level = CC_LOG_INFO;
    start(x, "GET", target);
    if (token)
        set(x, "HTTP_AUTHORIZATION", token);
    finish(x);
    len = pread(fd, at, CC_LOG_LINE_MAX, 0);
    ck_assert_int_gt(len, 0);
    close(fd);
    return (struct cc_str){ at, (size_t)len };
}

START_TEST(the_log_names_the_route_and_the_cause_and_no_secret)
{
    struct exchange x;
    struct cc_app app;
    struct cc_str line;

    open_server(&x, &app);
    close(x.log.fd);
    line = log_line(&x, "/private?q=query-text", "Bearer good.token-of_anna");
    ck_assert(has(line, "\"route\":\"/private\""));
    ck_assert(has(line, "\"status\":200"));
    ck_assert(has(line, "\"user\":\"anna\""));
    ck_assert(has(line, "\"request_id\":\"AQEBAQEBAQEBAQEBAQEBAQ\""));
    ck_assert(!has(line, "query-text"));
    ck_assert(!has(line, "good.token"));
    ck_assert(!has(line, "cause"));
    ck_assert(cc_str_ends(line, CC_STR("\n")));
    line = log_line(&x, "/late", NULL);
    ck_assert(has(line, "\"cause\":\"disk at /srv/secret\""));
    ck_assert(has(line, "\"code\":\"unavailable\""));
    line = log_line(&x, "/nowhere/secret-path", NULL);
    ck_assert(!has(line, "secret-path"));
    x.log.fd = -1;
    exchange_close(&x);
}
END_TEST

CC_CHECK_MAIN("http/answer", every_reply_carries_what_protects_it,
              a_handler_may_say_how_long_its_reply_is_kept,
              a_reply_without_a_body_has_no_length_and_no_type,
              a_failure_becomes_a_problem_document, wrong_fields_are_listed_with_their_pointers,
              what_has_no_fields_is_listed_as_a_whole, a_late_failure_leaves_nothing_of_the_reply,
              a_fault_of_ours_says_nothing_about_itself,
              a_reply_that_outgrows_its_ceiling_is_a_fault,
              the_code_returned_decides_over_the_one_noted, a_private_route_wants_a_bearer_token,
              a_token_with_any_other_character_is_never_looked_at,
              a_cookie_or_a_query_is_no_access_token, without_a_way_to_check_nobody_is_signed_in,
              who_is_not_signed_in_is_told_so_before_the_body_is_read,
              a_request_keeps_the_name_that_a_trusted_proxy_gave_it,
              a_refused_request_is_answered_like_any_other,
              what_accept_leaves_out_altogether_is_not_acceptable,
              what_is_not_acceptable_is_not_done_either, a_known_tag_is_not_modified,
              the_log_names_the_route_and_the_cause_and_no_secret)
