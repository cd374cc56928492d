#include "internal.h"

#include "../base/id.h"

/* RFC 6750 2.1: what a token consists of. By a table, because every request brings a thousand of
 * them. */
static bool is_token(struct cc_str s)
{
    static const bool allowed[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
        ['.'] = true,         ['_'] = true,         ['~'] = true,         ['+'] = true,
        ['/'] = true,         ['='] = true,
    };
    bool good = true;

    for (size_t i = 0; i < s.len; i++)
        good &= allowed[(unsigned char)s.at[i]];
    return good;
}

/* RFC 6750 2.1: what follows "Bearer". Absent: no such header; empty: one that holds no token.
 * A cookie is never looked at: another site can make a browser send it. */
static struct cc_str bearer_token(const struct cc_request *req)
{
    struct cc_str header = cc_str_trim(req->header[CC_H_AUTHORIZATION]);
    struct cc_str token;

    if (!cc_str_eq_nocase(cc_str_take(header, 7), CC_STR("Bearer ")))
        return CC_STR_ABSENT;
    token = cc_str_trim(cc_str_skip(header, 7));
    return is_token(token) ? token : CC_STR("");
}

static enum cc_code check_sign_in(struct cc_ctx *cx)
{
    if (cx->route->access == CC_PUBLIC)
        return CC_OK;
    cx->token = bearer_token(cx->req);
    if (cx->token.len == 0 || !cx->server->authenticate)
        return cc_fail(&cx->err, CC_UNAUTHORIZED, NULL, "no token");
    return cx->server->authenticate(cx, cx->token);
}

/* Judged before something is done; of what is only read the type is known afterwards. */
static enum cc_code check_accept(struct cc_ctx *cx, const char *type)
{
    if (cc_accepts(cx->req->header[CC_H_ACCEPT], cc_str_from(type)))
        return CC_OK;
    return cc_fail(&cx->err, CC_NOT_ACCEPTABLE, NULL, "Accept");
}

static enum cc_code run_route(struct cc_ctx *cx)
{
    bool is_read = cx->route->method == CC_GET;
    enum cc_code rc = check_sign_in(cx);

    if (rc == CC_OK && !is_read)
        rc = check_accept(cx, "application/json");
    if (rc == CC_OK)
        rc = cc_body_check(cx);
    if (rc == CC_OK)
        rc = cx->route->run(cx);
    if (rc != CC_OK)
        return rc;
    if (!cx->reply->ended)
        return cc_fail(&cx->err, CC_INTERNAL, NULL, "a handler returned without a reply");
    return is_read && cx->reply->content_type ? check_accept(cx, cx->reply->content_type) : CC_OK;
}

static enum cc_code run(struct cc_ctx *cx)
{
    enum cc_code rc = cc_route_find(cx);

    if (rc == CC_METHOD_NOT_ALLOWED && cx->req->method == CC_OPTIONS) {
        cc_err_clear(&cx->err);
        cc_cors_preflight(cx);
        return cc_reply_empty(cx, 204);
    }
    return rc == CC_OK ? run_route(cx) : rc;
}

/* Only what stands in front of us may name a request: a client's own name could be another's. */
static struct cc_str request_id(const struct cc_ctx *cx)
{
    struct cc_str given = cx->req->header[CC_H_X_REQUEST_ID];

    if (cx->server->config->trusted_proxy && cc_id_is_wellformed(given))
        return given;
    return cc_id_random(cx->arena, cx->server->random, 16);
}

static size_t add_field(struct cc_log_field *fields, size_t count, const char *name,
                        struct cc_str value)
{
    if (!value.len)
        return count;
    fields[count] = (struct cc_log_field)CC_LOG_STR(name, value);
    return count + 1;
}

/* The route's pattern and not the path: who wrote to whom does not stand in the log, and no query,
 * which can hold what a user typed. */
static void log_request(const struct cc_ctx *cx, enum cc_code code, int64_t took_ms)
{
    const struct cc_reply *reply = cx->reply;
    struct cc_log_field fields[] = {
        CC_LOG_Z("method", cc_method_name(cx->req->method)),
        CC_LOG_Z("route", cx->route ? cx->route->path : "-"),
        CC_LOG_I64("status", reply->status),
        CC_LOG_I64("ms", took_ms),
        CC_LOG_I64("bytes", (int64_t)reply->bytes.len),
        CC_LOG_STR("request_id", cx->request_id),
        CC_LOG_STR("user", CC_STR_ABSENT),
        CC_LOG_STR("code", CC_STR_ABSENT),
        CC_LOG_STR("cause", CC_STR_ABSENT),
    };
    size_t count = CC_COUNT(fields) - 3;

    count = add_field(fields, count, "user", cx->user);
    if (code != CC_OK) {
        count = add_field(fields, count, "code", cc_str_from(cc_problem_of(code)->code));
        count = add_field(fields, count, "cause", cc_str_from(cx->err.cause));
    }
    cc_log_write(cx->server->log, reply->status >= 500 ? CC_LOG_ERROR : CC_LOG_INFO, "request",
                 fields, count);
}

void cc_http_answer(struct cc_ctx *cx, const struct cc_request *req, const struct cc_err *refused,
                    struct cc_buf *out)
{
    int64_t started_ms = cc_clock_mono_ms(cx->server->clock);
    enum cc_code rc;

    cx->req = req;
    cx->reply = CC_NEW(cx->arena, struct cc_reply);
    cc_reply_reset(cx);
    cx->request_id = request_id(cx);
    if (refused) {
        cx->err = *refused;
        rc = refused->code;
    } else {
        rc = run(cx);
    }
    if (rc != CC_OK)
        cc_reply_problem(cx, rc, bearer_token(req).at != NULL);
    cc_cors_reply(cx);
    cc_body_drain(cx);
    cc_reply_write(cx, out);
    log_request(cx, rc, cc_clock_mono_ms(cx->server->clock) - started_ms);
}
