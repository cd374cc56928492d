#include "internal.h"

/* What scripts of other origins may do is said to their browser, and only where the operator named
 * those origins. Access-Control-Allow-Credentials is never sent: such scripts sign in with tokens,
 * and our cookie is for our own page. */

static const char REQUEST_HEADERS[] =
    "Authorization, Content-Type, If-Match, If-None-Match, Upload-Offset";
static const char REPLY_HEADERS[] = "ETag, Link, Location, Retry-After, X-Request-Id";

/* What Access-Control-Allow-Origin says to this request; absent: nothing. */
static struct cc_str allowed_origin(const struct cc_ctx *cx)
{
    const struct cc_strs *origins = &cx->server->config->cors_origins;
    struct cc_str origin = cx->req->header[CC_H_ORIGIN];

    for (size_t i = 0; origin.at && i < origins->count; i++) {
        if (cc_str_eq(origins->at[i], CC_STR("*")))
            return CC_STR("*");
        if (cc_str_eq(origins->at[i], origin))
            return origins->at[i];
    }
    return CC_STR_ABSENT;
}

void cc_cors_reply(struct cc_ctx *cx)
{
    struct cc_str origin = allowed_origin(cx);

    if (cx->server->config->cors_origins.count == 0)
        return;
    cc_reply_header(cx, "Vary", CC_STR("Origin"));
    if (!origin.at)
        return;
    cc_reply_header(cx, "Access-Control-Allow-Origin", origin);
    cc_reply_header(cx, "Access-Control-Expose-Headers", cc_str_from(REPLY_HEADERS));
}

void cc_cors_preflight(struct cc_ctx *cx)
{
    struct cc_buf methods;

    if (!cx->req->header[CC_H_ACCESS_CONTROL_REQUEST_METHOD].at || !allowed_origin(cx).at)
        return;
    cc_buf_init(&methods, cx->arena, 128);
    cc_methods_write(&methods, cx->reply->allowed);
    cc_reply_header(cx, "Access-Control-Allow-Methods", cc_buf_str(&methods));
    cc_reply_header(cx, "Access-Control-Allow-Headers", cc_str_from(REQUEST_HEADERS));
    cc_reply_header(cx, "Access-Control-Max-Age", CC_STR("600"));
    cc_reply_header(cx, "Vary",
                    CC_STR("Access-Control-Request-Method, Access-Control-Request-Headers"));
}
