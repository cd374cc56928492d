#include "field_rows.h"
#include "arena.h"
#include "encode.h"
#include "limits.h"
#include "text.h"

#include <assert.h>
#include <string.h>

#include <json-c/json.h>

struct decoder {
    struct cc_arena *arena;
    struct cc_err *err;
    const char *prefix;
};

/* Where in the document a value stands: the way up to the root. */
struct place {
    const struct place *parent;
    const char *name; /* of a member; NULL: an item of an array */
    size_t index;
};

/* --- what is wrong ---------------------------------------------------------------------------- */

/* RFC 6901 section 3: '~' and '/' in a name are escaped. */
static void add_place(struct cc_buf *buf, const struct place *at)
{
    if (!at)
        return;
    add_place(buf, at->parent);
    cc_buf_add_byte(buf, '/');
    if (!at->name)
        cc_buf_add_i64(buf, (int64_t)at->index);
    for (const char *c = at->name; c && *c; c++) {
        if (*c == '~' || *c == '/')
            cc_buf_add_z(buf, *c == '~' ? "~0" : "~1");
        else
            cc_buf_add_byte(buf, *c);
    }
}

static void wrong(struct decoder *d, const struct place *at, const char *detail)
{
    char memory[sizeof(((struct cc_invalid *)0)->pointer) + 4];
    struct cc_buf pointer;

    cc_buf_init_fixed(&pointer, memory, sizeof(memory));
    cc_buf_add_z(&pointer, d->prefix);
    add_place(&pointer, at);
    memory[pointer.len] = '\0';
    (void)cc_fail_field(d->err, memory, detail);
}

/* "must be 1 to 64 characters"; `verb` is "must be" or "must have", `unit` " characters" or "". */
static void wrong_range(struct decoder *d, const struct cc_field *f, const struct place *at,
                        const char *verb, const char *unit)
{
    const int64_t min = f->min, max = f->max;
    char detail[96];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, detail, sizeof(detail));
    cc_buf_add_format(&buf, "%s ", verb);
    if (max == 0 || max == INT64_MAX)
        cc_buf_add_format(&buf, "at least %lld", (long long)min);
    else if (min == max)
        cc_buf_add_format(&buf, "exactly %lld", (long long)min);
    else if (min == 0 && *unit)
        cc_buf_add_format(&buf, "at most %lld", (long long)max);
    else
        cc_buf_add_format(&buf, "%lld to %lld", (long long)min, (long long)max);
    cc_buf_add_z(&buf, unit);
    detail[buf.len] = '\0';
    wrong(d, at, detail);
}

static void wrong_enum(struct decoder *d, const struct place *at, const char *const *values)
{
    char detail[96];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, detail, sizeof(detail));
    cc_buf_add_z(&buf, "must be one of ");
    for (size_t i = 0; values[i]; i++)
        cc_buf_add_format(&buf, "%s%s", i ? ", " : "", values[i]);
    detail[buf.len] = '\0';
    wrong(d, at, detail);
}

/* --- values, wherever they came from ---------------------------------------------------------- */

static bool in_range(int64_t value, int64_t min, int64_t max)
{
    return value >= min && (max == 0 || value <= max);
}

struct cc_str cc_field_copy_secret(struct cc_arena *arena, struct cc_str s)
{
    char *at = cc_arena_alloc_secret(arena, s.len + 1);

    memcpy(at, s.at, s.len);
    return (struct cc_str){ at, s.len };
}

static void take_str(struct decoder *d, const struct cc_field *f, struct cc_str value,
                     const struct place *at, struct cc_str *out)
{
    if (f->type == CC_FIELD_NAME) {
        value = cc_text_name(d->arena, value);
        if (!value.at) {
            wrong(d, at, "must not hold control characters");
            return;
        }
    }
    if (!in_range((int64_t)cc_text_length(value), f->min, f->max)) {
        wrong_range(d, f, at, "must be", " characters");
        return;
    }
    *out = f->flags & CC_FIELD_SECRET ? cc_field_copy_secret(d->arena, value) : value;
}

static void take_i64(struct decoder *d, const struct cc_field *f, int64_t value,
                     const struct place *at, int64_t *out)
{
    bool bounded = f->min != 0 || f->max != 0;

    if (bounded && !in_range(value, f->min, f->max))
        wrong_range(d, f, at, "must be", "");
    else
        *out = value;
}

static void take_enum(struct decoder *d, const struct cc_field *f, struct cc_str value,
                      const struct place *at, int *out)
{
    for (int i = 0; f->values[i]; i++) {
        if (cc_str_eq(value, cc_str_from(f->values[i]))) {
            *out = i;
            return;
        }
    }
    wrong_enum(d, at, f->values);
}

/* --- from JSON -------------------------------------------------------------------------------- */

typedef void decode_fn(struct decoder *d, const struct cc_field *f, struct json_object *value,
                       const struct place *at, void *out);

static void decode_members(struct decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct place *at, void *out);

static struct cc_str str_of(struct json_object *value)
{
    return (struct cc_str){ json_object_get_string(value),
                            (size_t)json_object_get_string_len(value) };
}

static void decode_str(struct decoder *d, const struct cc_field *f, struct json_object *value,
                       const struct place *at, void *out)
{
    if (json_object_is_type(value, json_type_string))
        take_str(d, f, str_of(value), at, out);
    else
        wrong(d, at, "must be a string");
}

/* json-c keeps what is above INT64_MAX as unsigned and would saturate; the gate refuses that
 * already, an item of the store did not pass it. */
static bool is_i64(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) &&
           (json_object_get_int64(value) < 0 || json_object_get_uint64(value) <= INT64_MAX);
}

static void decode_i64(struct decoder *d, const struct cc_field *f, struct json_object *value,
                       const struct place *at, void *out)
{
    if (is_i64(value))
        take_i64(d, f, json_object_get_int64(value), at, out);
    else
        wrong(d, at, "must be a whole number");
}

static void decode_bool(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at, void *out)
{
    (void)f;
    if (json_object_is_type(value, json_type_boolean))
        *(bool *)out = json_object_get_boolean(value) != 0;
    else
        wrong(d, at, "must be true or false");
}

static void decode_enum(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at, void *out)
{
    if (json_object_is_type(value, json_type_string))
        take_enum(d, f, str_of(value), at, out);
    else
        wrong_enum(d, at, f->values);
}

/* Whether it is an array of an allowed length. */
static bool check_array(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at)
{
    if (!json_object_is_type(value, json_type_array)) {
        wrong(d, at, "must be an array");
        return false;
    }
    if (!in_range((int64_t)json_object_array_length(value), f->min, f->max)) {
        wrong_range(d, f, at, "must have", " items");
        return false;
    }
    return true;
}

static void decode_strs(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at, void *out)
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
        const struct place here = { at, NULL, i };

        decode_str(d, &item, json_object_array_get_idx(value, i), &here, &items[i]);
    }
    *(struct cc_strs *)out = (struct cc_strs){ items, count };
}

static void decode_i64s(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at, void *out)
{
    const struct cc_field item = { .type = CC_FIELD_I64 };
    int64_t *items;
    size_t count;

    if (!check_array(d, f, value, at))
        return;
    count = json_object_array_length(value);
    items = CC_NEW_ARRAY(d->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        const struct place here = { at, NULL, i };

        decode_i64(d, &item, json_object_array_get_idx(value, i), &here, &items[i]);
    }
    *(struct cc_i64s *)out = (struct cc_i64s){ items, count };
}

static void decode_object(struct decoder *d, const struct cc_field *f, struct json_object *value,
                          const struct place *at, void *out)
{
    if (json_object_is_type(value, json_type_object))
        decode_members(d, f->sub, value, at, out);
    else
        wrong(d, at, "must be an object");
}

static void decode_json(struct decoder *d, const struct cc_field *f, struct json_object *value,
                        const struct place *at, void *out)
{
    (void)d;
    (void)f;
    (void)at;
    *(struct json_object **)out = value;
}

/* --- to JSON ---------------------------------------------------------------------------------- */

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

/* --- the types -------------------------------------------------------------------------------- */

struct type {
    size_t size;
    decode_fn *decode;
    encode_fn *encode;
};

static const struct type types[] = {
    [CC_FIELD_STR] = { sizeof(struct cc_str), decode_str, encode_str },
    [CC_FIELD_NAME] = { sizeof(struct cc_str), decode_str, encode_str },
    [CC_FIELD_I64] = { sizeof(int64_t), decode_i64, encode_i64 },
    [CC_FIELD_BOOL] = { sizeof(bool), decode_bool, encode_bool },
    [CC_FIELD_ENUM] = { sizeof(int), decode_enum, encode_enum },
    [CC_FIELD_STRS] = { sizeof(struct cc_strs), decode_strs, encode_strs },
    [CC_FIELD_I64S] = { sizeof(struct cc_i64s), decode_i64s, encode_i64s },
    [CC_FIELD_OBJECT] = { 0, decode_object, encode_object },
    [CC_FIELD_JSON] = { sizeof(struct json_object *), decode_json, encode_json },
};

static const void *member_in(const struct cc_field *f, const void *in)
{
    return (const char *)in + f->offset;
}

void cc_fields_zero(const struct cc_field *fields, void *out)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        cc_field_note(f, out, false);
        if (f->type == CC_FIELD_OBJECT)
            cc_fields_zero(f->sub, cc_field_member(f, out));
        else
            memset(cc_field_member(f, out), 0, types[f->type].size);
    }
}

static const struct cc_field *field_named(const struct cc_field *fields, struct cc_str name)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        if (cc_str_eq(name, cc_str_from(f->name)))
            return f;
    }
    return NULL;
}

static void refuse_unknown(struct decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct place *parent)
{
    json_object_object_foreach(object, name, value)
    {
        const struct place at = { parent, name, 0 };

        (void)value;
        if (!field_named(fields, cc_str_from(name)))
            wrong(d, &at, "is not known here");
    }
}

static void decode_members(struct decoder *d, const struct cc_field *fields,
                           struct json_object *object, const struct place *parent, void *out)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        const struct place at = { parent, f->name, 0 };
        struct json_object *value = NULL;
        bool is_there = json_object_object_get_ex(object, f->name, &value);

        cc_field_note(f, out, is_there);
        if (is_there)
            types[f->type].decode(d, f, value, &at, cc_field_member(f, out));
        else if (f->flags & CC_FIELD_REQUIRED)
            wrong(d, &at, "is required");
    }
    refuse_unknown(d, fields, object, parent);
}

static enum cc_code decode_root(struct decoder *d, const struct cc_field *fields,
                                struct json_object *value, void *out)
{
    cc_fields_zero(fields, out);
    if (json_object_is_type(value, json_type_object))
        decode_members(d, fields, value, NULL, out);
    else
        wrong(d, NULL, "must be an object");
    return d->err->code;
}

enum cc_code cc_fields_decode_json(struct cc_arena *arena, const struct cc_field *fields,
                                   struct json_object *value, const char *prefix, void *out,
                                   struct cc_err *err)
{
    struct decoder d = { arena, err, prefix };

    return decode_root(&d, fields, value, out);
}

enum cc_code cc_fields_decode(struct cc_arena *arena, const struct cc_field *fields,
                              struct cc_str text, void *out, struct cc_err *err)
{
    struct json_object *value;
    enum cc_code rc = cc_json_parse(arena, text, &cc_json_default_limits, &value, err);

    return rc == CC_OK ? cc_fields_decode_json(arena, fields, value, "", out, err) : rc;
}

/* --- from a query ----------------------------------------------------------------------------- */

static void decode_parameter(struct decoder *d, const struct cc_field *f, struct cc_str value,
                             const struct place *at, void *out)
{
    int64_t number;

    switch (f->type) {
    case CC_FIELD_STR:
    case CC_FIELD_NAME:
        take_str(d, f, value, at, out);
        break;
    case CC_FIELD_I64:
        if (cc_str_to_i64(value, INT64_MIN, INT64_MAX, &number))
            take_i64(d, f, number, at, out);
        else
            wrong(d, at, "must be a whole number");
        break;
    case CC_FIELD_BOOL:
        *(bool *)out = cc_str_eq(value, CC_STR("true"));
        if (!*(bool *)out && !cc_str_eq(value, CC_STR("false")))
            wrong(d, at, "must be true or false");
        break;
    case CC_FIELD_ENUM:
        take_enum(d, f, value, at, out);
        break;
    default:
        assert(false && "a query holds scalars only");
    }
}

static enum cc_code bad_query(struct decoder *d, const char *detail)
{
    return cc_fail(d->err, CC_BAD_REQUEST, detail, "query refused: %s", detail);
}

/* One side of a '=', decoded; absent if it is not text. */
static struct cc_str query_text(struct cc_arena *arena, struct cc_str raw)
{
    struct cc_str text = cc_percent_decode(arena, raw);
    bool is_text = text.at && cc_text_is_utf8(text) && cc_str_find(text, '\0') == text.len;

    return is_text ? text : CC_STR_ABSENT;
}

/* `*seen` has a bit for each row of the table. */
static enum cc_code decode_pair(struct decoder *d, const struct cc_field *fields,
                                struct cc_str pair, uint64_t *seen, void *out)
{
    struct cc_str name = query_text(d->arena, cc_str_cut(&pair, '='));
    struct cc_str value = query_text(d->arena, pair);
    const struct cc_field *f;
    struct place at;
    uint64_t bit;

    if (!name.at || !value.at)
        return bad_query(d, "The query of the address is not well-formed.");
    at = (struct place){ NULL, name.at, 0 };
    f = field_named(fields, name);
    if (!f) {
        wrong(d, &at, "is not known here");
        return CC_OK;
    }
    bit = UINT64_C(1) << (f - fields);
    if (*seen & bit)
        return bad_query(d, "A parameter of the query is there twice.");
    *seen |= bit;
    cc_field_note(f, out, true);
    decode_parameter(d, f, value, &at, cc_field_member(f, out));
    return CC_OK;
}

enum cc_code cc_fields_decode_query(struct cc_arena *arena, const struct cc_field *fields,
                                    struct cc_str query, void *out, struct cc_err *err)
{
    struct decoder d = { arena, err, "" };
    struct cc_str rest = query.len ? query : CC_STR_ABSENT;
    uint64_t seen = 0;

    cc_fields_zero(fields, out);
    while (rest.at) {
        enum cc_code rc = decode_pair(&d, fields, cc_str_cut(&rest, '&'), &seen, out);

        if (rc != CC_OK)
            return rc;
    }
    for (const struct cc_field *f = fields; f->name; f++) {
        const struct place at = { NULL, f->name, 0 };

        assert(f - fields < 64);
        if ((f->flags & CC_FIELD_REQUIRED) && !(seen >> (f - fields) & 1))
            wrong(&d, &at, "is required");
    }
    return err->code;
}

/* --- an item of the store --------------------------------------------------------------------- */

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
        types[f->type].encode(w, f, member_in(f, in));
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
