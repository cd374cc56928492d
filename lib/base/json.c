#include "json.h"
#include "arena.h"
#include "json_gate.h"
#include "limits.h"

#include <limits.h>
#include <string.h>

const struct cc_json_limits cc_json_default_limits = {
    .depth = CC_JSON_DEPTH_MAX,
    .nodes = CC_JSON_NODES_MAX,
    .string_bytes = CC_JSON_STRING_BYTES_MAX,
};

static const struct cc_json_limits no_limits = {
    .depth = CC_JSON_DEPTH_MAX,
    .nodes = UINT_MAX,
    .string_bytes = SIZE_MAX,
    .only_grammar = true,
};

/* Reads what has passed the gate: nothing is checked again, and no deeper than the gate allows. */
struct reader {
    struct cc_arena *arena;
    const char *at;
    const char *end;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static struct cc_str read_string(struct reader *r)
{
    const char *start = ++r->at;
    bool escaped = false;
    struct cc_str text;

    for (; *r->at != '"'; r->at++) {
        if (*r->at == '\\') {
            escaped = true;
            r->at++;
        }
    }
    text = (struct cc_str){ start, (size_t)(r->at++ - start) };
    return escaped ? cc_json_decode_string(r->arena, text) : cc_str_copy(r->arena, text);
}

static void read_number(struct reader *r, struct cc_json *out)
{
    static const char part_of_number[] = "+-0123456789.eE";
    const char *start = r->at;

    out->type = CC_JSON_INTEGER;
    for (; r->at < r->end && memchr(part_of_number, *r->at, sizeof(part_of_number) - 1); r->at++) {
        if (*r->at == '.' || *r->at == 'e' || *r->at == 'E')
            out->type = CC_JSON_FRACTION;
    }
    /* The gate has seen that an integer fits. "-0" is not taken, and is 0. */
    (void)!cc_str_to_i64((struct cc_str){ start, (size_t)(r->at - start) }, INT64_MIN, INT64_MAX,
                         &out->integer);
}

static void read_word(struct reader *r, struct cc_json *out)
{
    out->is_true = *r->at == 't';
    out->type = *r->at == 'n' ? CC_JSON_NULL : CC_JSON_BOOL;
    r->at += *r->at == 'f' ? strlen("false") : strlen("true");
}

static void read_value(struct reader *r, struct cc_json *out);

static void read_items(struct reader *r, struct cc_json *out)
{
    const char close = out->type == CC_JSON_OBJECT ? '}' : ']';
    const struct cc_json **last = &out->first;

    r->at++;
    for (skip_space(r); *r->at != close; skip_space(r)) {
        struct cc_json *item = CC_NEW(r->arena, struct cc_json);

        if (out->type == CC_JSON_OBJECT) {
            item->name = read_string(r);
            skip_space(r);
            r->at++; /* the colon */
            skip_space(r);
        }
        read_value(r, item);
        *last = item;
        last = &item->next;
        out->count++;
        skip_space(r);
        r->at += *r->at == ',';
    }
    r->at++;
}

static void read_value(struct reader *r, struct cc_json *out)
{
    const char *start = r->at;

    switch (*r->at) {
    case '{':
        out->type = CC_JSON_OBJECT;
        read_items(r, out);
        break;
    case '[':
        out->type = CC_JSON_ARRAY;
        read_items(r, out);
        break;
    case '"':
        out->type = CC_JSON_STRING;
        out->string = read_string(r);
        break;
    case 't':
    case 'f':
    case 'n':
        read_word(r, out);
        break;
    default:
        read_number(r, out);
    }
    out->text = (struct cc_str){ start, (size_t)(r->at - start) };
}

static const struct cc_json *read_document(struct cc_arena *arena, struct cc_str text)
{
    struct cc_json *root = CC_NEW(arena, struct cc_json);
    struct reader r = { .arena = arena, .at = text.at, .end = text.at + text.len };

    skip_space(&r);
    read_value(&r, root);
    return root;
}

enum cc_code cc_json_parse(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, const struct cc_json **out,
                           struct cc_err *err)
{
    enum cc_code rc = cc_json_check(arena, text, limits, err);

    if (rc == CC_OK)
        *out = read_document(arena, text);
    return rc;
}

enum cc_code cc_json_parse_own(struct cc_arena *arena, struct cc_str text,
                               const struct cc_json **out, struct cc_err *err)
{
    struct cc_err ignored = { 0 };

    if (cc_json_check(arena, text, &no_limits, &ignored) != CC_OK)
        return cc_fail(err, CC_INTERNAL, NULL, "an item is not JSON");
    *out = read_document(arena, text);
    return CC_OK;
}

const struct cc_json *cc_json_member(const struct cc_json *object, struct cc_str name)
{
    const struct cc_json *member = object->first;

    while (member && !cc_str_eq(member->name, name))
        member = member->next;
    return member;
}
