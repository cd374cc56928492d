#include "field_rows.h"
#include "arena.h"

typedef void decode_fn(struct cc_field_decoder *d, const struct cc_field *f,
                       const struct cc_json *value, const struct cc_field_place *at, void *out);

static void decode_members(struct cc_field_decoder *d, const struct cc_field *fields,
                           const struct cc_json *object, const struct cc_field_place *at,
                           void *out);

static void decode_str(struct cc_field_decoder *d, const struct cc_field *f,
                       const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    if (value->type == CC_JSON_STRING)
        cc_field_take_str(d, f, value->string, at, out);
    else
        cc_field_wrong(d, at, "must be a string");
}

static void decode_i64(struct cc_field_decoder *d, const struct cc_field *f,
                       const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    if (value->type == CC_JSON_INTEGER)
        cc_field_take_i64(d, f, value->integer, at, out);
    else
        cc_field_wrong(d, at, "must be a whole number");
}

static void decode_bool(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    (void)f;
    if (value->type == CC_JSON_BOOL)
        *(bool *)out = value->is_true;
    else
        cc_field_wrong(d, at, "must be true or false");
}

static void decode_enum(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    if (value->type == CC_JSON_STRING)
        cc_field_take_enum(d, f, value->string, at, out);
    else
        cc_field_wrong_enum(d, at, f->values);
}

/* Whether it is an array of an allowed length. */
static bool check_array(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at)
{
    if (value->type != CC_JSON_ARRAY) {
        cc_field_wrong(d, at, "must be an array");
        return false;
    }
    if (!cc_field_in_range((int64_t)value->count, f->min, f->max)) {
        cc_field_wrong_range(d, f, at, "must have", " items");
        return false;
    }
    return true;
}

static void decode_strs(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    const struct cc_field item = { .type = CC_FIELD_STR,
                                   .flags = f->flags,
                                   .min = (int64_t)f->item_min,
                                   .max = (int64_t)f->item_max };
    struct cc_str *items;
    size_t i = 0;

    if (!check_array(d, f, value, at))
        return;
    items = CC_NEW_ARRAY(d->arena, struct cc_str, value->count);
    for (const struct cc_json *it = value->first; it; it = it->next, i++) {
        const struct cc_field_place here = { at, NULL, i };

        decode_str(d, &item, it, &here, &items[i]);
    }
    *(struct cc_strs *)out = (struct cc_strs){ items, value->count };
}

static void decode_i64s(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    const struct cc_field item = { .type = CC_FIELD_I64 };
    int64_t *items;
    size_t i = 0;

    if (!check_array(d, f, value, at))
        return;
    items = CC_NEW_ARRAY(d->arena, int64_t, value->count);
    for (const struct cc_json *it = value->first; it; it = it->next, i++) {
        const struct cc_field_place here = { at, NULL, i };

        decode_i64(d, &item, it, &here, &items[i]);
    }
    *(struct cc_i64s *)out = (struct cc_i64s){ items, value->count };
}

static void decode_object(struct cc_field_decoder *d, const struct cc_field *f,
                          const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    if (value->type == CC_JSON_OBJECT)
        decode_members(d, f->sub, value, at, out);
    else
        cc_field_wrong(d, at, "must be an object");
}

static void decode_json(struct cc_field_decoder *d, const struct cc_field *f,
                        const struct cc_json *value, const struct cc_field_place *at, void *out)
{
    (void)d;
    (void)f;
    (void)at;
    *(const struct cc_json **)out = value;
}

static decode_fn *const decoders[] = {
    [CC_FIELD_STR] = decode_str,   [CC_FIELD_NAME] = decode_str,      [CC_FIELD_I64] = decode_i64,
    [CC_FIELD_BOOL] = decode_bool, [CC_FIELD_ENUM] = decode_enum,     [CC_FIELD_STRS] = decode_strs,
    [CC_FIELD_I64S] = decode_i64s, [CC_FIELD_OBJECT] = decode_object, [CC_FIELD_JSON] = decode_json,
};

static void refuse_unknown(struct cc_field_decoder *d, const struct cc_field *fields,
                           const struct cc_json *object, const struct cc_field_place *parent)
{
    for (const struct cc_json *member = object->first; member; member = member->next) {
        const struct cc_field_place at = { parent, member->name.at, 0 };

        if (!cc_field_named(fields, member->name))
            cc_field_wrong(d, &at, "is not known here");
    }
}

static void decode_members(struct cc_field_decoder *d, const struct cc_field *fields,
                           const struct cc_json *object, const struct cc_field_place *parent,
                           void *out)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        const struct cc_field_place at = { parent, f->name, 0 };
        const struct cc_json *value = cc_json_member(object, cc_str_from(f->name));

        cc_field_note(f, out, value != NULL);
        if (value)
            decoders[f->type](d, f, value, &at, cc_field_member(f, out));
        else if (f->flags & CC_FIELD_REQUIRED)
            cc_field_wrong(d, &at, "is required");
    }
    refuse_unknown(d, fields, object, parent);
}

static enum cc_code decode_root(struct cc_field_decoder *d, const struct cc_field *fields,
                                const struct cc_json *value, void *out)
{
    cc_fields_zero(fields, out);
    if (value->type == CC_JSON_OBJECT)
        decode_members(d, fields, value, NULL, out);
    else
        cc_field_wrong(d, NULL, "must be an object");
    return d->err->code;
}

enum cc_code cc_fields_decode_json(struct cc_arena *arena, const struct cc_field *fields,
                                   const struct cc_json *value, const char *prefix, void *out,
                                   struct cc_err *err)
{
    struct cc_field_decoder d = { arena, err, prefix };

    return decode_root(&d, fields, value, out);
}

enum cc_code cc_fields_decode(struct cc_arena *arena, const struct cc_field *fields,
                              struct cc_str text, void *out, struct cc_err *err)
{
    const struct cc_json *value;
    enum cc_code rc = cc_json_parse(arena, text, &cc_json_default_limits, &value, err);

    return rc == CC_OK ? cc_fields_decode_json(arena, fields, value, "", out, err) : rc;
}
