#include "internal.h"

/* What is thrown away unread so that the web server, which writes before it reads, gets to the
 * answer: as much as a careless client may send, not as much as a hostile one would. */
#define DRAIN_BYTES_MAX ((int64_t)16 * 1024 * 1024)
/* A body may take the time-out and then a second for each so many bytes: one that drips in just
 * below the time-out ends as well. */
#define SLOWEST_BYTES_A_SECOND 1024

int64_t cc_body_timeout_s(const struct cc_http_config *config)
{
    return config->body_timeout_s > 0 ? config->body_timeout_s : 30;
}

static size_t limit_of(const struct cc_ctx *cx)
{
    int64_t usual = cx->server->config->body_bytes_max;

    if (cx->route->body_max_bytes)
        return cx->route->body_max_bytes;
    return usual > 0 ? (size_t)usual : CC_BODY_BYTES_MAX;
}

enum cc_code cc_body_check(struct cc_ctx *cx)
{
    struct cc_str encoding = cx->req->header[CC_H_CONTENT_ENCODING];

    if (cx->req->content_length > (int64_t)limit_of(cx))
        return cc_fail(&cx->err, CC_TOO_LARGE, NULL, "a body of %lld bytes",
                       (long long)cx->req->content_length);
    if (cx->req->content_length > 0 && encoding.len &&
        !cc_str_eq_nocase(encoding, CC_STR("identity")))
        return cc_fail(&cx->err, CC_UNSUPPORTED_TYPE, "A body cannot come compressed.",
                       "Content-Encoding");
    return CC_OK;
}

static bool is_too_slow(const struct cc_ctx *cx)
{
    struct cc_source *source = cx->source;
    int64_t now_ms = cc_clock_mono_ms(cx->server->clock);
    int64_t allowed_s =
        cc_body_timeout_s(cx->server->config) + source->taken_bytes / SLOWEST_BYTES_A_SECOND;

    if (source->started_ms == 0)
        source->started_ms = now_ms;
    return now_ms - source->started_ms > allowed_s * 1000;
}

/* The next bytes, *len of them, 0 at the end. CC_REQUEST_TIMEOUT; CC_BAD_REQUEST: the connection
 * broke. */
static enum cc_code take(struct cc_ctx *cx, char *out, size_t size, size_t *len)
{
    struct cc_source *source = cx->source;
    long got = 0;

    *len = 0;
    if (!source || source->ended)
        return CC_OK;
    if (is_too_slow(cx))
        got = -2;
    else
        got = source->read(source, out, size);
    source->ended = got <= 0;
    if (got == -2)
        return cc_fail(&cx->err, CC_REQUEST_TIMEOUT, NULL, "the body stalled after %lld bytes",
                       (long long)source->taken_bytes);
    if (got < 0)
        return cc_fail(&cx->err, CC_BAD_REQUEST, "The body is shorter than its Content-Length.",
                       "the body broke off after %lld bytes", (long long)source->taken_bytes);
    source->taken_bytes += got;
    *len = (size_t)got;
    return CC_OK;
}

/* That nothing is left: a body longer than it said is not the body that somebody before us saw. */
static enum cc_code expect_end(struct cc_ctx *cx)
{
    char byte;
    size_t len;
    enum cc_code rc = take(cx, &byte, 1, &len);

    if (rc != CC_OK || len == 0)
        return rc;
    if (cx->req->content_length < 0)
        return cc_fail(&cx->err, CC_LENGTH_REQUIRED, NULL, "a body without CONTENT_LENGTH");
    return cc_fail(&cx->err, CC_BAD_REQUEST, "The body is longer than its Content-Length.",
                   "more than %lld bytes", (long long)cx->req->content_length);
}

/* What comes by JSON may be a password. */
static char *alloc_body(const struct cc_ctx *cx, size_t size)
{
    if (cx->route->body == CC_BODY_RAW)
        return cc_arena_alloc(cx->arena, size);
    return cc_arena_alloc_secret(cx->arena, size);
}

enum cc_code cc_body_read(struct cc_ctx *cx, struct cc_str *out)
{
    size_t want = cx->req->content_length > 0 ? (size_t)cx->req->content_length : 0;
    char *at = alloc_body(cx, want + 1);
    size_t have = 0, len;
    enum cc_code rc;

    while (have < want) {
        rc = take(cx, at + have, want - have, &len);
        if (rc != CC_OK)
            return rc;
        if (len == 0)
            return cc_fail(&cx->err, CC_BAD_REQUEST, "The body is shorter than its Content-Length.",
                           "%zu of %zu bytes", have, want);
        have += len;
    }
    rc = expect_end(cx);
    if (rc == CC_OK)
        *out = (struct cc_str){ at, have };
    return rc;
}

void cc_body_drain(struct cc_ctx *cx)
{
    struct cc_err err_before = cx->err;
    char waste[8192];
    size_t len = 1;

    if (!cx->source)
        return;
    while (len > 0 && cx->source->taken_bytes < DRAIN_BYTES_MAX)
        if (take(cx, waste, sizeof(waste), &len) != CC_OK)
            break;
    cx->err = err_before;
}

/* RFC 8259 11 defines no parameters; charset=utf-8 is what many clients add, and true. */
static bool is_json(struct cc_str content_type)
{
    struct cc_str rest = content_type;
    struct cc_str type = cc_str_trim(cc_str_cut(&rest, ';'));

    if (!cc_str_eq_nocase(type, CC_STR("application/json")))
        return false;
    while (rest.at) {
        struct cc_str value = cc_str_cut(&rest, ';');
        struct cc_str name = cc_str_trim(cc_str_cut(&value, '='));

        value = cc_str_trim(value);
        if (cc_str_eq_nocase(name, CC_STR("charset")) &&
            !cc_str_eq_nocase(value, CC_STR("utf-8")) &&
            !cc_str_eq_nocase(value, CC_STR("\"utf-8\"")))
            return false;
    }
    return true;
}

enum cc_code cc_decode(struct cc_ctx *cx, const struct cc_field *fields, void *out)
{
    struct cc_str body;
    enum cc_code rc;

    if (!is_json(cx->req->header[CC_H_CONTENT_TYPE]))
        return cc_fail(&cx->err, CC_UNSUPPORTED_TYPE, "The body must be application/json.",
                       "Content-Type");
    rc = cc_body_read(cx, &body);
    if (rc != CC_OK)
        return rc;
    return cc_fields_decode(cx->arena, fields, body, out, &cx->err);
}

enum cc_code cc_decode_optional(struct cc_ctx *cx, const struct cc_field *fields, void *out)
{
    struct cc_str nothing;
    enum cc_code rc;

    if (cx->req->content_length > 0)
        return cc_decode(cx, fields, out);
    rc = cc_body_read(cx, &nothing);
    return rc == CC_OK ? cc_fields_decode(cx->arena, fields, CC_STR("{}"), out, &cx->err) : rc;
}

enum cc_code cc_decode_query(struct cc_ctx *cx, const struct cc_field *fields, void *out)
{
    return cc_fields_decode_query(cx->arena, fields, cx->req->query, out, &cx->err);
}
