/* The path of an address: split, decoded once, and matched. A path that is accepted says the same
 * when it is written anew, and its names are what stands between its slashes. */
#include "fuzz.h"
#include "routes.h"

#include "base/encode.h"
#include "base/text.h"

static enum cc_code fuzz_read(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static enum cc_code fuzz_write(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static enum cc_code fuzz_bytes(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static enum cc_code fuzz_quick(struct cc_ctx *cx)
{
    return cc_reply_empty(cx, 204);
}

static void require_plain(struct cc_str segment)
{
    fuzz_require(segment.len > 0 && cc_text_is_utf8(segment));
    fuzz_require(!cc_str_eq(segment, CC_STR(".")) && !cc_str_eq(segment, CC_STR("..")));
    for (size_t i = 0; i < segment.len; i++)
        fuzz_require((unsigned char)segment.at[i] >= 0x20 && segment.at[i] != '/' &&
                     segment.at[i] != 0x7f);
}

static struct cc_str write(struct cc_arena *arena, const struct cc_path *path)
{
    struct cc_buf out;

    cc_buf_init(&out, arena, FUZZ_INPUT_MAX * 4);
    for (size_t i = 0; i < path->count; i++) {
        cc_buf_add_byte(&out, '/');
        cc_buf_add(&out, cc_percent_encode(arena, path->segment[i]));
    }
    return cc_buf_str(&out);
}

static bool check_split(struct cc_arena *arena, struct cc_str text, struct cc_path *path)
{
    struct cc_err err = { 0 };
    enum cc_code rc = cc_path_split(arena, text, path, &err);
    struct cc_path again;

    if (rc != CC_OK) {
        fuzz_require(rc == CC_BAD_REQUEST || rc == CC_NOT_FOUND);
        fuzz_require_error(&err, rc);
        return false;
    }
    fuzz_require(path->count >= 1 && path->count <= CC_SEGMENTS_MAX);
    for (size_t i = 0; i < path->count; i++)
        require_plain(path->segment[i]);
    fuzz_require(cc_path_split(arena, write(arena, path), &again, &err) == CC_OK);
    fuzz_require(again.count == path->count);
    for (size_t i = 0; i < path->count; i++)
        fuzz_require(cc_str_eq(again.segment[i], path->segment[i]));
    return true;
}

/* Whether a pattern fits, said in another way than the router does: its names go to `names`. */
static bool fits(const char *pattern, const struct cc_path *path, struct cc_str *names)
{
    for (size_t i = 0; i < path->count; i++) {
        size_t len;

        if (*pattern++ != '/')
            return false;
        len = strcspn(pattern, "/");
        if (*pattern == '{')
            *names++ = path->segment[i];
        else if (len != path->segment[i].len || memcmp(pattern, path->segment[i].at, len) != 0)
            return false;
        pattern += len;
    }
    return *pattern == '\0';
}

static const struct cc_route *expected(const struct cc_path *path, enum cc_method method,
                                       struct cc_str *names, bool *any)
{
    const struct cc_route *found = NULL;

    *any = false;
    for (const struct cc_route *route = fuzz_routes; route->path && !found; route++) {
        struct cc_str here[CC_PATH_PARAMS_MAX] = { { NULL, 0 } };

        if (!fits(route->path, path, here))
            continue;
        *any = true;
        if (route->method == method) {
            found = route;
            memcpy(names, here, sizeof(here));
        }
    }
    return found;
}

static void check_match(struct cc_arena *arena, struct cc_str text, enum cc_method method)
{
    const struct cc_server server = { .routes = fuzz_routes };
    const struct cc_request req = { .method = method, .path = text };
    struct cc_reply reply = { 0 };
    struct cc_ctx cx = { .arena = arena, .server = &server, .req = &req, .reply = &reply };
    enum cc_code rc = cc_route_find(&cx);
    struct cc_str names[CC_PATH_PARAMS_MAX] = { { NULL, 0 } };
    const struct cc_route *route;
    struct cc_path path;
    bool any;

    if (!check_split(arena, text, &path)) {
        fuzz_require(rc != CC_OK && !cx.route);
        return;
    }
    route = expected(&path, method == CC_HEAD ? CC_GET : method, names, &any);
    fuzz_require(cx.route == route);
    fuzz_require(rc == (route ? CC_OK : any ? CC_METHOD_NOT_ALLOWED : CC_NOT_FOUND));
    fuzz_require((reply.allowed != 0) == (rc == CC_METHOD_NOT_ALLOWED));
    for (size_t i = 0; route && i < CC_PATH_PARAMS_MAX; i++)
        fuzz_require(cc_str_eq(cx.param[i], names[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str text = fuzz_place(data, size);
    enum cc_method method = (enum cc_method)(fuzz_byte(&text) % (CC_OTHER + 1));
    struct cc_arena *arena = fuzz_arena();

    if (cc_str_starts(text, CC_STR("/"))) /* the request sees to that */
        check_match(arena, text, method);
    return 0;
}
