/* Headers that are lists: Cookie, If-None-Match, Accept. Each is held against what must follow
 * when something is put before or behind it. */
#define _GNU_SOURCE /* memmem */

#include "fuzz.h"

#include "http/internal.h"

struct asking {
    struct cc_request req;
    struct cc_reply reply;
    struct cc_ctx cx;
};

static void begin(struct asking *a, struct cc_arena *arena)
{
    *a = (struct asking){ .cx = { .arena = arena } };
    a->cx.req = &a->req;
    a->cx.reply = &a->reply;
    cc_reply_reset(&a->cx);
}

static struct cc_str join(struct cc_arena *arena, struct cc_str a, struct cc_str b)
{
    const struct cc_str parts[] = { a, b };

    return cc_str_join(arena, parts, 2);
}

static struct cc_str cookie(struct cc_arena *arena, struct cc_str header)
{
    struct asking a;

    begin(&a, arena);
    a.req.header[CC_H_COOKIE] = header;
    return cc_cookie_find(&a.cx, CC_STR("sid"));
}

static void check_cookie(struct cc_arena *arena, struct cc_str header)
{
    struct cc_str found = cookie(arena, header);
    struct cc_str more = cookie(arena, join(arena, header, CC_STR("; sid=planted")));

    if (found.at) {
        fuzz_require(found.at >= header.at && found.at + found.len <= header.at + header.len);
        fuzz_require(cc_str_find(found, ';') == found.len);
        fuzz_require(!more.at); /* whose is it, when there are two? */
    }
    fuzz_require(!more.at || cc_str_eq(more, CC_STR("planted")));
    if (header.len == 0)
        fuzz_require(more.at);
}

static bool etag(struct cc_arena *arena, struct cc_str header)
{
    struct asking a;

    begin(&a, arena);
    a.req.header[CC_H_IF_NONE_MATCH] = header;
    return cc_reply_etag(&a.cx, CC_STR("t1"));
}

static bool holds(struct cc_str text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

static void check_etag(struct cc_arena *arena, struct cc_str header)
{
    const bool has = etag(arena, header);

    fuzz_require(!has || holds(header, "\"t1\"") || cc_str_eq(cc_str_trim(header), CC_STR("*")));
    fuzz_require(etag(arena, join(arena, CC_STR("\"t0\", W/\"t1\","), header)));
    fuzz_require(etag(arena, join(arena, CC_STR("W/\"a,b\" , "), header)) ==
                 (has && !cc_str_eq(cc_str_trim(header), CC_STR("*"))));
}

static void check_accept(struct cc_arena *arena, struct cc_str header)
{
    const struct cc_str png = CC_STR("image/png");
    const bool accepts = cc_accepts(header, png);

    fuzz_require(cc_accepts(join(arena, CC_STR("*/*;q=0.1,"), header), png));
    fuzz_require(cc_accepts(join(arena, CC_STR("IMAGE/*, "), header), png));
    fuzz_require(cc_accepts(join(arena, CC_STR("Application/JSON,"), header), png));
    if (cc_str_trim(header).len)
        fuzz_require(cc_accepts(join(arena, CC_STR("text/html, "), header), png) == accepts);
    if (cc_str_trim(header).len && accepts)
        fuzz_require(cc_str_find(header, '/') < header.len);
    fuzz_require(!cc_accepts(CC_STR("*/*;q=0"), png));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str header = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();

    check_cookie(arena, header);
    check_etag(arena, header);
    check_accept(arena, header);
    return 0;
}
