/* Reads an item of the store into a struct, by a table. Every request reads a handful of them, so
 * this goes straight from the text to the struct: no tree in between, and strings stay where they
 * are. It checks that the text is what we could have written, and no rule beyond that; JSON from
 * outside goes through json.c. */
#include "field_rows.h"

#include "arena.h"
#include "limits.h"
#include "utf8.h"

#include <string.h>

struct reader {
    struct cc_arena *arena;
    const char *at;
    const char *end;
    unsigned depth;
};

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char byte)
{
    skip_space(r);
    if (r->at == r->end || *r->at != byte)
        return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, struct cc_str word)
{
    const struct cc_str rest = { r->at, (size_t)(r->end - r->at) };

    if (!cc_str_starts(rest, word))
        return false;
    r->at += word.len;
    return true;
}

/* --- strings ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool take_hex4(struct reader *r, uint32_t *out)
{
    uint32_t value = 0;

    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_digit(*r->at++);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return true;
}

/* RFC 8259 7: what lies above U+FFFF is a pair of surrogates. */
static bool take_code_point(struct reader *r, uint32_t *out)
{
    uint32_t high, low;

    if (!take_hex4(r, &high))
        return false;
    if (high < 0xD800 || high > 0xDFFF) {
        *out = high;
        return true;
    }
    if (high > 0xDBFF || !take_word(r, CC_STR("\\u")) || !take_hex4(r, &low) || low < 0xDC00 ||
        low > 0xDFFF)
        return false;
    *out = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* What follows a backslash, written at `*to`. */
static bool take_escape(struct reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    const char *name;
    uint32_t c;

    if (r->at == r->end)
        return false;
    if (*r->at == 'u') {
        r->at++;
        if (!take_code_point(r, &c))
            return false;
        *to += cc_utf8_put((unsigned char *)*to, c);
        return true;
    }
    name = memchr(names, *r->at++, sizeof(names) - 1);
    if (name)
        *(*to)++ = bytes[name - names];
    return name != NULL;
}

/* The quote that ends a string which goes on at `at`; NULL if there is none. */
static const char *find_quote(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && at + 1 < end)
            at++;
    }
    return at < end ? at : NULL;
}

/* The rest of a string that has escapes, `done` being what came before the first of them. An
 * escape is never shorter than what it stands for. */
static bool take_escaped(struct reader *r, struct cc_str done, struct cc_str *out)
{
    const char *quote = find_quote(r->at, r->end);
    char *start, *to;

    if (!quote)
        return false;
    start = cc_arena_alloc(r->arena, (size_t)(quote - done.at));
    to = start + done.len;
    memcpy(start, done.at, done.len);
    while (r->at < r->end && *r->at != '"') {
        if (*r->at != '\\')
            *to++ = *r->at++;
        else if (r->at++, !take_escape(r, &to))
            return false;
    }
    *out = (struct cc_str){ start, (size_t)(to - start) };
    return r->at < r->end && *r->at++ == '"';
}

static bool take_str(struct reader *r, struct cc_str *out)
{
    const char *start, *quote, *escape;

    if (!take(r, '"'))
        return false;
    start = r->at;
    quote = memchr(start, '"', (size_t)(r->end - start));
    if (!quote)
        return false;
    escape = memchr(start, '\\', (size_t)(quote - start));
    r->at = escape ? escape : quote + 1;
    *out = (struct cc_str){ start, (size_t)((escape ? escape : quote) - start) };
    return escape ? take_escaped(r, *out, out) : true;
}

/* --- what is not read ------------------------------------------------------------------------- */

static bool take_number(struct reader *r, struct cc_str *out)
{
    static const char part_of_number[] = "+-.0123456789eE";
    const char *start = r->at;

    while (r->at < r->end && memchr(part_of_number, *r->at, sizeof(part_of_number) - 1) != NULL)
        r->at++;
    *out = (struct cc_str){ start, (size_t)(r->at - start) };
    return r->at > start;
}

static bool skip(struct reader *r);

static bool skip_members(struct reader *r, char close, bool has_names)
{
    struct cc_str name;

    if (take(r, close))
        return true;
    do {
        if (has_names && (!take_str(r, &name) || !take(r, ':')))
            return false;
        if (!skip(r))
            return false;
    } while (take(r, ','));
    return take(r, close);
}

static bool skip(struct reader *r)
{
    struct cc_str ignored;
    bool ok;

    if (++r->depth > CC_JSON_DEPTH_MAX)
        return false;
    skip_space(r);
    if (take(r, '{'))
        ok = skip_members(r, '}', true);
    else if (take(r, '['))
        ok = skip_members(r, ']', false);
    else if (r->at < r->end && *r->at == '"')
        ok = take_str(r, &ignored);
    else
        ok = take_word(r, CC_STR("null")) || take_word(r, CC_STR("true")) ||
             take_word(r, CC_STR("false")) || take_number(r, &ignored);
    r->depth--;
    return ok;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool load_members(struct reader *r, const struct cc_field *fields, void *out);

static bool load_str(struct reader *r, const struct cc_field *f, void *out)
{
    struct cc_str value;

    if (!take_str(r, &value))
        return false;
    *(struct cc_str *)out =
        f->flags & CC_FIELD_SECRET ? cc_field_copy_secret(r->arena, value) : value;
    return true;
}

static bool load_i64(struct reader *r, const struct cc_field *f, void *out)
{
    struct cc_str number;

    (void)f;
    return take_number(r, &number) && cc_str_to_i64(number, INT64_MIN, INT64_MAX, out);
}

static bool load_bool(struct reader *r, const struct cc_field *f, void *out)
{
    (void)f;
    *(bool *)out = take_word(r, CC_STR("true"));
    return *(bool *)out || take_word(r, CC_STR("false"));
}

static bool load_enum(struct reader *r, const struct cc_field *f, void *out)
{
    struct cc_str name;

    return take_str(r, &name) && cc_field_find_value(f, name, out);
}

/* What an array is made of: `load` reads one by the row `field` into `size` bytes. */
struct item {
    bool (*load)(struct reader *, const struct cc_field *, void *);
    const struct cc_field *field;
    size_t size;
};

/* Returns where its items are, NULL if it is no such array. */
static void *load_items(struct reader *r, const struct item *item, size_t *count)
{
    const size_t size = item->size;
    size_t cap = 8;
    char *items = cc_arena_alloc_array(r->arena, size, cap);

    *count = 0;
    if (!take(r, '['))
        return NULL;
    if (take(r, ']'))
        return items;
    do {
        if (*count == cap) {
            items = cc_arena_grow(r->arena, items, cap * size, 2 * cap * size);
            cap *= 2;
        }
        skip_space(r);
        if (!item->load(r, item->field, items + (*count)++ * size))
            return NULL;
    } while (take(r, ','));
    return take(r, ']') ? items : NULL;
}

static bool load_strs(struct reader *r, const struct cc_field *f, void *out)
{
    const struct cc_field field = { .type = CC_FIELD_STR, .flags = f->flags & CC_FIELD_SECRET };
    const struct item item = { load_str, &field, sizeof(struct cc_str) };
    struct cc_strs *strs = out;

    strs->at = load_items(r, &item, &strs->count);
    return strs->at != NULL;
}

static bool load_i64s(struct reader *r, const struct cc_field *f, void *out)
{
    const struct item item = { load_i64, f, sizeof(int64_t) };
    struct cc_i64s *numbers = out;

    numbers->at = load_items(r, &item, &numbers->count);
    return numbers->at != NULL;
}

static bool load_object(struct reader *r, const struct cc_field *f, void *out)
{
    return load_members(r, f->sub, out);
}

static bool load_json(struct reader *r, const struct cc_field *f, void *out)
{
    const char *start = r->at;
    struct cc_err ignored = { 0 };

    (void)f;
    return skip(r) && cc_json_parse_own(r->arena, (struct cc_str){ start, (size_t)(r->at - start) },
                                        out, &ignored) == CC_OK;
}

static bool (*const loaders[])(struct reader *, const struct cc_field *, void *) = {
    [CC_FIELD_STR] = load_str,   [CC_FIELD_NAME] = load_str,      [CC_FIELD_I64] = load_i64,
    [CC_FIELD_BOOL] = load_bool, [CC_FIELD_ENUM] = load_enum,     [CC_FIELD_STRS] = load_strs,
    [CC_FIELD_I64S] = load_i64s, [CC_FIELD_OBJECT] = load_object, [CC_FIELD_JSON] = load_json,
};

/* Items are written in the order of their table, so the next row is the likely one. */
static const struct cc_field *row_named(const struct cc_field *fields,
                                        const struct cc_field *likely, struct cc_str name)
{
    if (likely->name && cc_str_eq(name, cc_str_from(likely->name)))
        return likely;
    return cc_field_named(fields, name);
}

static bool load_member(struct reader *r, const struct cc_field *f, void *out)
{
    skip_space(r);
    if (take_word(r, CC_STR("null")))
        return true;
    if (!f)
        return skip(r);
    cc_field_note(f, out, true);
    return loaders[f->type](r, f, cc_field_member(f, out));
}

static bool load_members(struct reader *r, const struct cc_field *fields, void *out)
{
    const struct cc_field *likely = fields;
    struct cc_str name;

    if (!take(r, '{'))
        return false;
    if (take(r, '}'))
        return true;
    do {
        const struct cc_field *f;

        if (!take_str(r, &name) || !take(r, ':'))
            return false;
        f = row_named(fields, likely, name);
        if (!load_member(r, f, out))
            return false;
        if (f)
            likely = f + 1;
    } while (take(r, ','));
    return take(r, '}');
}

static bool load_item(struct reader *r, const struct cc_field *fields, void *out)
{
    if (!load_members(r, fields, out))
        return false;
    skip_space(r);
    return r->at == r->end;
}

enum cc_code cc_fields_load(struct cc_arena *arena, const struct cc_field *fields,
                            struct cc_str body, void *out, struct cc_err *err)
{
    struct reader r = { .arena = arena };

    cc_fields_zero(fields, out);
    if (!body.at)
        return cc_fail(err, CC_INTERNAL, NULL, "an item without a body");
    r.at = body.at;
    r.end = body.at + body.len;
    if (!load_item(&r, fields, out))
        return cc_fail(err, CC_INTERNAL, NULL, "an item is not as we write them, at byte %td",
                       r.at - body.at);
    return CC_OK;
}
