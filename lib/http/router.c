#include "internal.h"

#include "../base/encode.h"
#include "../base/text.h"

#include <assert.h>
#include <string.h>

/* RFC 3986 2.1, once. Absent if an escape is not one. */
static struct cc_str decode(struct cc_arena *arena, struct cc_str raw)
{
    return cc_str_find(raw, '%') == raw.len ? raw : cc_percent_decode(arena, raw);
}

/* A segment that another program in the chain could read as more, or less, than one name. */
static bool is_plain(struct cc_str segment)
{
    if (cc_str_eq(segment, CC_STR(".")) || cc_str_eq(segment, CC_STR("..")))
        return false;
    for (size_t i = 0; i < segment.len; i++) {
        unsigned char byte = (unsigned char)segment.at[i];

        if (byte < 0x20 || byte == 0x7f || byte == '/')
            return false;
    }
    return cc_text_is_utf8(segment);
}

enum cc_code cc_path_split(struct cc_arena *arena, struct cc_str path, struct cc_path *out,
                           struct cc_err *err)
{
    struct cc_str rest = cc_str_skip(path, 1);
    bool is_there = true;

    out->count = 0;
    while (rest.at) {
        struct cc_str segment = decode(arena, cc_str_cut(&rest, '/'));

        if (!segment.at || !is_plain(segment))
            return cc_fail(err, CC_BAD_REQUEST, "The path holds what no name may hold.",
                           "segment %zu of the path", out->count + 1);
        if (segment.len == 0 || out->count == CC_SEGMENTS_MAX)
            is_there = false;
        else
            out->segment[out->count++] = segment;
    }
    return is_there ? CC_OK : cc_fail(err, CC_NOT_FOUND, NULL, "an empty segment, or too many");
}

static bool matches(const char *pattern, const struct cc_path *path, struct cc_str *param)
{
    struct cc_str rest = cc_str_skip(cc_str_from(pattern), 1);
    size_t i = 0, params = 0;

    memset(param, 0, CC_PATH_PARAMS_MAX * sizeof(*param));
    for (; rest.at; i++) {
        struct cc_str want = cc_str_cut(&rest, '/');

        if (i == path->count)
            return false;
        if (cc_str_starts(want, CC_STR("{"))) {
            assert(params < CC_PATH_PARAMS_MAX);
            param[params++] = path->segment[i];
        } else if (!cc_str_eq(want, path->segment[i])) {
            return false;
        }
    }
    return i == path->count;
}

static unsigned methods_of(const struct cc_route *route)
{
    unsigned methods = 1U << route->method | 1U << CC_OPTIONS;

    return route->method == CC_GET ? methods | 1U << CC_HEAD : methods;
}

enum cc_code cc_route_find(struct cc_ctx *cx)
{
    enum cc_method method = cx->req->method == CC_HEAD ? CC_GET : cx->req->method;
    struct cc_str param[CC_PATH_PARAMS_MAX];
    struct cc_path path;
    enum cc_code rc = cc_path_split(cx->arena, cx->req->path, &path, &cx->err);

    if (rc != CC_OK)
        return rc;
    for (const struct cc_route *route = cx->server->routes; route->path; route++) {
        if (!matches(route->path, &path, param))
            continue;
        cx->reply->allowed |= methods_of(route);
        if (route->method == method) {
            cx->route = route;
            cx->reply->allowed = 0;
            memcpy(cx->param, param, sizeof(cx->param));
            return CC_OK;
        }
    }
    if (cx->reply->allowed)
        return cc_fail(&cx->err, CC_METHOD_NOT_ALLOWED, NULL, "method");
    return cc_fail(&cx->err, CC_NOT_FOUND, NULL, "no such path");
}

void cc_methods_write(struct cc_buf *out, unsigned methods)
{
    const char *comma = "";

    for (unsigned i = 0; i < CC_OTHER; i++) {
        if (!(methods & 1U << i))
            continue;
        cc_buf_add_z(out, comma);
        cc_buf_add_z(out, cc_method_name((enum cc_method)i));
        comma = ", ";
    }
}
