#include "internal.h"

/* Every code has exactly one row: there are as many as codes (asserted), and no code can have two
 * (the enumeration below would not compile). */
#define PROBLEMS(ROW)                                                                              \
    ROW(CC_OK, 200, "ok", "OK")                                                                    \
    ROW(CC_BAD_REQUEST, 400, "bad_request", "Bad Request")                                         \
    ROW(CC_UNAUTHORIZED, 401, "unauthorized", "Unauthorized")                                      \
    ROW(CC_WRONG_CREDENTIALS, 401, "wrong_credentials", "Unauthorized")                            \
    ROW(CC_WRONG_CODE, 401, "wrong_code", "Unauthorized")                                          \
    ROW(CC_FORBIDDEN, 403, "forbidden", "Forbidden")                                               \
    ROW(CC_NOT_FOUND, 404, "not_found", "Not Found")                                               \
    ROW(CC_METHOD_NOT_ALLOWED, 405, "method_not_allowed", "Method Not Allowed")                    \
    ROW(CC_NOT_ACCEPTABLE, 406, "not_acceptable", "Not Acceptable")                                \
    ROW(CC_REQUEST_TIMEOUT, 408, "request_timeout", "Request Timeout")                             \
    ROW(CC_EXISTS, 409, "conflict", "Conflict")                                                    \
    ROW(CC_CONFLICT, 409, "conflict", "Conflict")                                                  \
    ROW(CC_CLIENT_ID_REUSED, 409, "client_id_reused", "Conflict")                                  \
    ROW(CC_GONE, 410, "gone", "Gone")                                                              \
    ROW(CC_LENGTH_REQUIRED, 411, "length_required", "Length Required")                             \
    ROW(CC_PRECONDITION_FAILED, 412, "precondition_failed", "Precondition Failed")                 \
    ROW(CC_TOO_LARGE, 413, "too_large", "Content Too Large")                                       \
    ROW(CC_URI_TOO_LONG, 414, "uri_too_long", "URI Too Long")                                      \
    ROW(CC_UNSUPPORTED_TYPE, 415, "unsupported_media_type", "Unsupported Media Type")              \
    ROW(CC_INVALID, 422, "invalid", "Unprocessable Content")                                       \
    ROW(CC_LOCKED, 423, "locked", "Locked")                                                        \
    ROW(CC_PRECONDITION_REQUIRED, 428, "precondition_required", "Precondition Required")           \
    ROW(CC_TOO_MANY, 429, "too_many_requests", "Too Many Requests")                                \
    ROW(CC_HEADERS_TOO_LARGE, 431, "headers_too_large", "Request Header Fields Too Large")         \
    ROW(CC_INTERNAL, 500, "internal", "Internal Server Error")                                     \
    ROW(CC_UNAVAILABLE, 503, "unavailable", "Service Unavailable")                                 \
    ROW(CC_OUTCOME_UNKNOWN, 504, "outcome_unknown", "Gateway Timeout")                             \
    ROW(CC_STORAGE_FULL, 507, "storage_full", "Insufficient Storage")

#define ROW(code, status, name, title) [code] = { status, name, title },
static const struct cc_problem problems[] = { PROBLEMS(ROW) };
#undef ROW
#define ROW(code, ...) ROW_OF_##code,
enum { PROBLEMS(ROW) ROW_COUNT };
#undef ROW
_Static_assert((int)ROW_COUNT == (int)CC_CODE_COUNT, "each code has one row");

const struct cc_problem *cc_problem_of(enum cc_code code)
{
    return (unsigned)code < CC_COUNT(problems) ? &problems[code] : &problems[CC_INTERNAL];
}

const char *cc_status_phrase(int status)
{
    switch (status) {
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    default:
        for (size_t i = 0; i < CC_COUNT(problems); i++)
            if (problems[i].status == status)
                return problems[i].title;
        return "Unknown";
    }
}

/* What the client reads. A fault of ours says nothing about itself, and a failure that was noted
 * for another code than the one returned is not this one's. */
static struct cc_str detail_of(const struct cc_err *err, enum cc_code code)
{
    if (code != CC_INTERNAL && err->code == code && err->detail[0])
        return cc_str_from(err->detail);
    return cc_str_from(cc_code_sentence(code));
}

static void write_error(struct cc_jw *w, struct cc_str pointer, struct cc_str detail)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "pointer", pointer);
    cc_jw_put_str(w, "detail", detail);
    cc_jw_object_end(w);
}

/* Where no field was named, all of the body is what is wrong: a photo has no fields. */
static void write_errors(struct cc_jw *w, const struct cc_err *err)
{
    cc_jw_key(w, "errors");
    cc_jw_array(w);
    for (size_t i = 0; i < err->invalid_count && i < CC_INVALID_MAX; i++)
        write_error(w, cc_str_from(err->invalid[i].pointer), cc_str_from(err->invalid[i].detail));
    if (err->invalid_count == 0)
        write_error(w, CC_STR(""), detail_of(err, CC_INVALID));
    cc_jw_array_end(w);
}

/* RFC 9457 3.1. The type is about:blank, whose title is the status's own phrase (4.2.1): programs
 * go by `code`. */
static void write_document(struct cc_ctx *cx, enum cc_code code)
{
    const struct cc_problem *problem = cc_problem_of(code);
    struct cc_jw *w = cc_reply_json(cx, problem->status);

    cc_jw_object(w);
    cc_jw_put_str(w, "type", CC_STR("about:blank"));
    cc_jw_put_str(w, "title", cc_str_from(problem->title));
    cc_jw_put_i64(w, "status", problem->status);
    cc_jw_put_str(w, "detail", detail_of(&cx->err, code));
    cc_jw_put_str(w, "code", cc_str_from(problem->code));
    cc_jw_put_str(w, "request_id", cx->request_id);
    if (code == CC_INVALID)
        write_errors(w, &cx->err);
    cc_jw_object_end(w);
}

static void add_retry_after(struct cc_ctx *cx, enum cc_code code)
{
    int seconds = cx->err.code == code && cx->err.retry_after_s > 0 ? cx->err.retry_after_s : 1;

    cc_reply_header(cx, "Retry-After", cc_str_format(cx->arena, "%d", seconds));
}

void cc_reply_problem(struct cc_ctx *cx, enum cc_code code, bool with_token)
{
    bool is_token_bad = with_token && code == CC_UNAUTHORIZED;

    cc_reply_reset(cx);
    write_document(cx, code);
    cx->reply->content_type = "application/problem+json";
    cx->reply->bytes = cc_buf_str(&cx->reply->json);
    cx->reply->ended = true;
    if (cx->reply->status == 401) /* RFC 6750 3 */
        cc_reply_header(cx, "WWW-Authenticate",
                        is_token_bad ? CC_STR("Bearer error=\"invalid_token\"") : CC_STR("Bearer"));
    if (cx->reply->status == 429 || cx->reply->status == 503)
        add_retry_after(cx, code);
}
