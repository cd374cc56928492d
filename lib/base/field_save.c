#include "field_rows.h"
#include "limits.h"

#include <assert.h>

#include <json-c/json.h>

typedef void encode_fn(struct cc_jw *w, const struct cc_field *f, const void *in);

static void encode_members(struct cc_jw *w, const struct cc_field *fields, const void *in);

static void encode_str(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    (void)f;
    cc_jw_str(w, *(const struct cc_str *)in);
}

static void encode_i64(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    (void)f;
    cc_jw_i64(w, *(const int64_t *)in);
}

static void encode_bool(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    (void)f;
    cc_jw_bool(w, *(const bool *)in);
}

static void encode_enum(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    cc_jw_str(w, cc_str_from(f->values[*(const int *)in]));
}

static void encode_strs(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    const struct cc_strs *strs = in;

    (void)f;
    cc_jw_array(w);
    for (size_t i = 0; i < strs->count; i++)
        cc_jw_str(w, strs->at[i]);
    cc_jw_array_end(w);
}

static void encode_i64s(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    const struct cc_i64s *numbers = in;

    (void)f;
    cc_jw_array(w);
    for (size_t i = 0; i < numbers->count; i++)
        cc_jw_i64(w, numbers->at[i]);
    cc_jw_array_end(w);
}

static void encode_object(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    encode_members(w, f->sub, in);
}

static void encode_json(struct cc_jw *w, const struct cc_field *f, const void *in)
{
    const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    size_t len;
    const char *text =
        json_object_to_json_string_length(*(struct json_object *const *)in, flags, &len);

    (void)f;
    cc_jw_raw(w, (struct cc_str){ text, len });
}

static encode_fn *const encoders[] = {
    [CC_FIELD_STR] = encode_str,   [CC_FIELD_NAME] = encode_str,      [CC_FIELD_I64] = encode_i64,
    [CC_FIELD_BOOL] = encode_bool, [CC_FIELD_ENUM] = encode_enum,     [CC_FIELD_STRS] = encode_strs,
    [CC_FIELD_I64S] = encode_i64s, [CC_FIELD_OBJECT] = encode_object, [CC_FIELD_JSON] = encode_json,
};

static const void *member_in(const struct cc_field *f, const void *in)
{
    return (const char *)in + f->offset;
}

static bool is_absent(const struct cc_field *f, const void *in)
{
    switch (f->type) {
    case CC_FIELD_STR:
    case CC_FIELD_NAME:
        return !((const struct cc_str *)in)->at;
    case CC_FIELD_I64:
        return *(const int64_t *)in == 0;
    case CC_FIELD_BOOL:
        return !*(const bool *)in;
    case CC_FIELD_ENUM:
        return *(const int *)in == 0;
    case CC_FIELD_STRS:
        return ((const struct cc_strs *)in)->count == 0;
    case CC_FIELD_I64S:
        return ((const struct cc_i64s *)in)->count == 0;
    case CC_FIELD_JSON:
        return !*(struct json_object *const *)in;
    case CC_FIELD_OBJECT:
        for (const struct cc_field *sub = f->sub; sub->name; sub++) {
            if (!is_absent(sub, member_in(sub, in)))
                return false;
        }
        return true;
    }
    return false;
}

static void encode_members(struct cc_jw *w, const struct cc_field *fields, const void *in)
{
    cc_jw_object(w);
    for (const struct cc_field *f = fields; f->name; f++) {
        if ((f->flags & CC_FIELD_OMIT) && is_absent(f, member_in(f, in)))
            continue;
        cc_jw_key(w, f->name);
        encoders[f->type](w, f, member_in(f, in));
    }
    cc_jw_object_end(w);
}

struct cc_str cc_fields_save(struct cc_arena *arena, const struct cc_field *fields, const void *in)
{
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, CC_TXN_BYTES_MAX);
    cc_jw_init(&w, &buf);
    encode_members(&w, fields, in);
    assert(!buf.overflow);
    return cc_buf_str(&buf);
}
