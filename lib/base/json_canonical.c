#include "json_canonical.h"

#include "arena.h"
#include "json_reader.h"
#include "jsonw.h"
#include "text.h"

#include <stdlib.h>

struct member {
    struct cc_str name, value; /* the value as it stands in the text */
    size_t at;                 /* its place among the members: of two that are called alike the
                                  first one stays the first */
};

struct members {
    struct cc_arena *arena;
    struct member *at;
    size_t count, room;
};

static void add_member(struct members *members, struct cc_str name, struct cc_str value)
{
    if (members->count == members->room) {
        const size_t room = members->room ? members->room * 2 : 16;

        members->at =
            cc_arena_grow(members->arena, members->at, members->room * sizeof(*members->at),
                          room * sizeof(*members->at));
        members->room = room;
    }
    members->at[members->count] = (struct member){ name, value, members->count };
    members->count++;
}

static int by_name(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    const int order = cc_str_cmp(x->name, y->name);

    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static bool read_members(struct cc_json_reader *r, struct members *out)
{
    struct cc_json_each each;

    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        const char *from = r->at;

        each.broken = !cc_json_skip(r);
        add_member(out, each.name, (struct cc_str){ from, (size_t)(r->at - from) });
    }
    return !each.broken;
}

static bool add_value(struct cc_json_reader *r, struct cc_jw *w);

static bool add_object(struct cc_json_reader *r, struct cc_jw *w)
{
    struct members members = { .arena = r->arena };

    if (!read_members(r, &members))
        return false;
    if (members.count > 1)
        qsort(members.at, members.count, sizeof(*members.at), by_name);
    cc_jw_object(w);
    for (size_t i = 0; i < members.count; i++) {
        struct cc_json_reader value = cc_json_reader_of(r->arena, members.at[i].value);

        cc_jw_name(w, members.at[i].name);
        if (!add_value(&value, w))
            return false;
    }
    cc_jw_object_end(w);
    return true;
}

static bool add_array(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_json_each each;

    cc_jw_array(w);
    for (each = cc_json_each(r, '['); cc_json_next(&each);)
        each.broken = !add_value(r, w);
    if (each.broken)
        return false;
    cc_jw_array_end(w);
    return true;
}

static bool add_scalar(struct cc_json_reader *r, struct cc_jw *w)
{
    struct cc_str text;

    if (*r->at == '"') {
        if (!cc_json_take_str(r, &text))
            return false;
        cc_jw_str(w, text);
        return true;
    }
    text.at = r->at;
    if (!cc_json_skip(r))
        return false;
    text.len = (size_t)(r->at - text.at);
    cc_jw_raw(w, text);
    return true;
}

static bool add_value(struct cc_json_reader *r, struct cc_jw *w)
{
    cc_json_skip_space(r);
    if (r->at == r->end || w->depth == CC_JW_DEPTH_MAX)
        return false;
    if (*r->at == '{')
        return add_object(r, w);
    return *r->at == '[' ? add_array(r, w) : add_scalar(r, w);
}

bool cc_json_canonical(struct cc_str text, struct cc_buf *out)
{
    struct cc_json_reader r = cc_json_reader_of(out->arena, text);
    struct cc_jw w;

    if (!cc_text_is_utf8(text))
        return false;
    cc_jw_init(&w, out);
    if (!add_value(&r, &w))
        return false;
    cc_json_skip_space(&r);
    return r.at == r.end;
}
