#include "field_rows.h"
#include "arena.h"

#include <json-c/json.h>

typedef void decode_fn(struct cc_field_decoder *d, const struct cc_field *f,
                       struct json_object *value, const struct cc_field_place *at, void *out);

static void decode_members(struct cc_field_decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct cc_field_place *at, void *out);

static struct cc_str str_of(struct json_object *value)
{
    return (struct cc_str){ json_object_get_string(value),
                            (size_t)json_object_get_string_len(value) };
}

static void decode_str(struct cc_field_decoder *d, const struct cc_field *f,
                       struct json_object *value, const struct cc_field_place *at, void *out)
{
    if (json_object_is_type(value, json_type_string))
        cc_field_take_str(d, f, str_of(value), at, out);
    else
        cc_field_wrong(d, at, "must be a string");
}

/* json-c keeps what is above INT64_MAX as unsigned and would saturate; the gate refuses that
 * already, an item of the store did not pass it. */
static bool is_i64(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) &&
           (json_object_get_int64(value) < 0 || json_object_get_uint64(value) <= INT64_MAX);
}

static void decode_i64(struct cc_field_decoder *d, const struct cc_field *f,
                       struct json_object *value, const struct cc_field_place *at, void *out)
{
    if (is_i64(value))
        cc_field_take_i64(d, f, json_object_get_int64(value), at, out);
    else
        cc_field_wrong(d, at, "must be a whole number");
}

static void decode_bool(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at, void *out)
{
    (void)f;
    if (json_object_is_type(value, json_type_boolean))
        *(bool *)out = json_object_get_boolean(value) != 0;
    else
        cc_field_wrong(d, at, "must be true or false");
}

static void decode_enum(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at, void *out)
{
    if (json_object_is_type(value, json_type_string))
        cc_field_take_enum(d, f, str_of(value), at, out);
    else
        cc_field_wrong_enum(d, at, f->values);
}

/* Whether it is an array of an allowed length. */
static bool check_array(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at)
{
    if (!json_object_is_type(value, json_type_array)) {
        cc_field_wrong(d, at, "must be an array");
        return false;
    }
    if (!cc_field_in_range((int64_t)json_object_array_length(value), f->min, f->max)) {
        cc_field_wrong_range(d, f, at, "must have", " items");
        return false;
    }
    return true;
}

static void decode_strs(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at, void *out)
{
    const struct cc_field item = { .type = CC_FIELD_STR,
                                   .flags = f->flags,
                                   .min = (int64_t)f->item_min,
                                   .max = (int64_t)f->item_max };
    struct cc_str *items;
    size_t count;

    if (!check_array(d, f, value, at))
        return;
    count = json_object_array_length(value);
    items = CC_NEW_ARRAY(d->arena, struct cc_str, count);
    for (size_t i = 0; i < count; i++) {
        const struct cc_field_place here = { at, NULL, i };

        decode_str(d, &item, json_object_array_get_idx(value, i), &here, &items[i]);
    }
    *(struct cc_strs *)out = (struct cc_strs){ items, count };
}

static void decode_i64s(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at, void *out)
{
    const struct cc_field item = { .type = CC_FIELD_I64 };
    int64_t *items;
    size_t count;

    if (!check_array(d, f, value, at))
        return;
    count = json_object_array_length(value);
    items = CC_NEW_ARRAY(d->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        const struct cc_field_place here = { at, NULL, i };

        decode_i64(d, &item, json_object_array_get_idx(value, i), &here, &items[i]);
    }
    *(struct cc_i64s *)out = (struct cc_i64s){ items, count };
}

static void decode_object(struct cc_field_decoder *d, const struct cc_field *f,
                          struct json_object *value, const struct cc_field_place *at, void *out)
{
    if (json_object_is_type(value, json_type_object))
        decode_members(d, f->sub, value, at, out);
    else
        cc_field_wrong(d, at, "must be an object");
}

static void decode_json(struct cc_field_decoder *d, const struct cc_field *f,
                        struct json_object *value, const struct cc_field_place *at, void *out)
{
    (void)d;
    (void)f;
    (void)at;
    *(struct json_object **)out = value;
}

static decode_fn *const decoders[] = {
    [CC_FIELD_STR] = decode_str,   [CC_FIELD_NAME] = decode_str,      [CC_FIELD_I64] = decode_i64,
    [CC_FIELD_BOOL] = decode_bool, [CC_FIELD_ENUM] = decode_enum,     [CC_FIELD_STRS] = decode_strs,
    [CC_FIELD_I64S] = decode_i64s, [CC_FIELD_OBJECT] = decode_object, [CC_FIELD_JSON] = decode_json,
};

static void refuse_unknown(struct cc_field_decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct cc_field_place *parent)
{
    json_object_object_foreach(object, name, value)
    {
        const struct cc_field_place at = { parent, name, 0 };

        (void)value;
        if (!cc_field_named(fields, cc_str_from(name)))
            cc_field_wrong(d, &at, "is not known here");
    }
}

static void decode_members(struct cc_field_decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct cc_field_place *parent,
                           void *out)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        const struct cc_field_place at = { parent, f->name, 0 };
        struct json_object *value = NULL;
        bool is_there = json_object_object_get_ex(object, f->name, &value);

        cc_field_note(f, out, is_there);
        if (is_there)
            decoders[f->type](d, f, value, &at, cc_field_member(f, out));
        else if (f->flags & CC_FIELD_REQUIRED)
            cc_field_wrong(d, &at, "is required");
    }
    refuse_unknown(d, fields, object, parent);
}

static enum cc_code decode_root(struct cc_field_decoder *d, const struct cc_field *fields,
                                struct json_object *value, void *out)
{
    cc_fields_zero(fields, out);
    if (json_object_is_type(value, json_type_object))
        decode_members(d, fields, value, NULL, out);
    else
        cc_field_wrong(d, NULL, "must be an object");
    return d->err->code;
}

enum cc_code cc_fields_decode_json(struct cc_arena *arena, const struct cc_field *fields,
                                   struct json_object *value, const char *prefix, void *out,
                                   struct cc_err *err)
{
    struct cc_field_decoder d = { arena, err, prefix };

    return decode_root(&d, fields, value, out);
}

enum cc_code cc_fields_decode(struct cc_arena *arena, const struct cc_field *fields,
                              struct cc_str text, void *out, struct cc_err *err)
{
    struct json_object *value;
    enum cc_code rc = cc_json_parse(arena, text, &cc_json_default_limits, &value, err);

    return rc == CC_OK ? cc_fields_decode_json(arena, fields, value, "", out, err) : rc;
}
