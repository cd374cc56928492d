#include "internal.h"

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
