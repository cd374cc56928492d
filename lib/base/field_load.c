/* Reads an item of the store into a struct, by a table. Every request reads a handful of them, so
 * this goes straight from the text to the struct: no tree in between, and strings stay where they
 * are. It checks that the text is what we could have written, and no rule beyond that; JSON from
 * outside goes through json.c. */
#include "field_rows.h"

#include "arena.h"
#include "json_reader.h"

/* --- values ----------------------------------------------------------------------------------- */

static bool load_members(struct cc_json_reader *r, const struct cc_field *fields, void *out);

static bool load_str(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    struct cc_str value;

    if (!cc_json_take_str(r, &value))
        return false;
    *(struct cc_str *)out =
        f->flags & CC_FIELD_SECRET ? cc_field_copy_secret(r->arena, value) : value;
    return true;
}

static bool load_i64(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    struct cc_str number;

    (void)f;
    return cc_json_take_number(r, &number) && cc_str_to_i64(number, INT64_MIN, INT64_MAX, out);
}

static bool load_bool(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    (void)f;
    *(bool *)out = cc_json_take_word(r, CC_STR("true"));
    return *(bool *)out || cc_json_take_word(r, CC_STR("false"));
}

static bool load_enum(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    struct cc_str name;

    return cc_json_take_str(r, &name) && cc_field_find_value(f, name, out);
}

/* What an array is made of: `load` reads one by the row `field` into `size` bytes. */
struct item {
    bool (*load)(struct cc_json_reader *, const struct cc_field *, void *);
    const struct cc_field *field;
    size_t size;
};

/* Returns where its items are, NULL if it is no such array. */
static void *load_items(struct cc_json_reader *r, const struct item *item, size_t *count)
{
    const size_t size = item->size;
    size_t cap = 8;
    char *items = cc_arena_alloc_array(r->arena, size, cap);

    *count = 0;
    if (!cc_json_take(r, '['))
        return NULL;
    if (cc_json_take(r, ']'))
        return items;
    do {
        if (*count == cap) {
            items = cc_arena_grow(r->arena, items, cap * size, 2 * cap * size);
            cap *= 2;
        }
        cc_json_skip_space(r);
        if (!item->load(r, item->field, items + (*count)++ * size))
            return NULL;
    } while (cc_json_take(r, ','));
    return cc_json_take(r, ']') ? items : NULL;
}

static bool load_strs(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    const struct cc_field field = { .type = CC_FIELD_STR, .flags = f->flags & CC_FIELD_SECRET };
    const struct item item = { load_str, &field, sizeof(struct cc_str) };
    struct cc_strs *strs = out;

    strs->at = load_items(r, &item, &strs->count);
    return strs->at != NULL;
}

static bool load_i64s(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    const struct item item = { load_i64, f, sizeof(int64_t) };
    struct cc_i64s *numbers = out;

    numbers->at = load_items(r, &item, &numbers->count);
    return numbers->at != NULL;
}

static bool load_object(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    return load_members(r, f->sub, out);
}

static bool load_json(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    const char *start = r->at;
    struct cc_err ignored = { 0 };

    (void)f;
    return cc_json_skip(r) &&
           cc_json_parse_own(r->arena, (struct cc_str){ start, (size_t)(r->at - start) }, out,
                             &ignored) == CC_OK;
}

static bool (*const loaders[])(struct cc_json_reader *, const struct cc_field *, void *) = {
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

static bool load_member(struct cc_json_reader *r, const struct cc_field *f, void *out)
{
    cc_json_skip_space(r);
    if (cc_json_take_word(r, CC_STR("null")))
        return true;
    if (!f)
        return cc_json_skip(r);
    cc_field_note(f, out, true);
    return loaders[f->type](r, f, cc_field_member(f, out));
}

static bool load_members(struct cc_json_reader *r, const struct cc_field *fields, void *out)
{
    const struct cc_field *likely = fields;
    struct cc_str name;

    if (!cc_json_take(r, '{'))
        return false;
    if (cc_json_take(r, '}'))
        return true;
    do {
        const struct cc_field *f;

        if (!cc_json_take_str(r, &name) || !cc_json_take(r, ':'))
            return false;
        f = row_named(fields, likely, name);
        if (!load_member(r, f, out))
            return false;
        if (f)
            likely = f + 1;
    } while (cc_json_take(r, ','));
    return cc_json_take(r, '}');
}

static bool load_item(struct cc_json_reader *r, const struct cc_field *fields, void *out)
{
    if (!load_members(r, fields, out))
        return false;
    cc_json_skip_space(r);
    return r->at == r->end;
}

enum cc_code cc_fields_load(struct cc_arena *arena, const struct cc_field *fields,
                            struct cc_str body, void *out, struct cc_err *err)
{
    struct cc_json_reader r = { .arena = arena };

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
