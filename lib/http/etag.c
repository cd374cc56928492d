#include "internal.h"

/* RFC 9110 8.8.3: one entity tag at the start of `*rest`, without W/, quotes included. Absent, and
 * `*rest` absent, if that is not what stands there. */
static struct cc_str next_tag(struct cc_str *rest)
{
    struct cc_str tag;
    size_t end;

    if (cc_str_starts(*rest, CC_STR("W/")))
        *rest = cc_str_skip(*rest, 2);
    if (!cc_str_starts(*rest, CC_STR("\""))) {
        *rest = CC_STR_ABSENT;
        return CC_STR_ABSENT;
    }
    end = 1 + cc_str_find(cc_str_skip(*rest, 1), '"');
    if (end >= rest->len) {
        *rest = CC_STR_ABSENT;
        return CC_STR_ABSENT;
    }
    tag = cc_str_take(*rest, end + 1);
    *rest = cc_str_skip(*rest, end + 1);
    return tag;
}

/* A tag may hold commas, so the list is not cut at them. */
static bool list_has(struct cc_str list, struct cc_str tag)
{
    struct cc_str rest = cc_str_trim(list);

    if (cc_str_eq(rest, CC_STR("*")))
        return true;
    while (rest.len) {
        if (rest.at[0] == ',' || rest.at[0] == ' ' || rest.at[0] == '\t')
            rest = cc_str_skip(rest, 1);
        else if (cc_str_eq(next_tag(&rest), tag))
            return true;
    }
    return false;
}

bool cc_reply_etag(struct cc_ctx *cx, struct cc_str tag)
{
    struct cc_str parts[] = { CC_STR("\""), tag, CC_STR("\"") };
    struct cc_str quoted = cc_str_join(cx->arena, parts, CC_COUNT(parts));

    cc_reply_header(cx, "ETag", quoted);
    return list_has(cx->req->header[CC_H_IF_NONE_MATCH], quoted);
}

enum cc_code cc_reply_not_modified(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 304);
}
