#include "field_rows.h"
#include "encode.h"
#include "text.h"

#include <assert.h>

static void decode_parameter(struct cc_field_decoder *d, const struct cc_field *f,
                             struct cc_str value, const struct cc_field_place *at, void *out)
{
    int64_t number;

    switch (f->type) {
    case CC_FIELD_STR:
    case CC_FIELD_NAME:
        cc_field_take_str(d, f, value, at, out);
        break;
    case CC_FIELD_I64:
        if (cc_str_to_i64(value, INT64_MIN, INT64_MAX, &number))
            cc_field_take_i64(d, f, number, at, out);
        else
            cc_field_wrong(d, at, "must be a whole number");
        break;
    case CC_FIELD_BOOL:
        *(bool *)out = cc_str_eq(value, CC_STR("true"));
        if (!*(bool *)out && !cc_str_eq(value, CC_STR("false")))
            cc_field_wrong(d, at, "must be true or false");
        break;
    case CC_FIELD_ENUM:
        cc_field_take_enum(d, f, value, at, out);
        break;
    default:
        assert(false && "a query holds scalars only");
    }
}

static enum cc_code bad_query(struct cc_field_decoder *d, const char *detail)
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
static enum cc_code decode_pair(struct cc_field_decoder *d, const struct cc_field *fields,
                                struct cc_str pair, uint64_t *seen, void *out)
{
    struct cc_str name = query_text(d->arena, cc_str_cut(&pair, '='));
    struct cc_str value = query_text(d->arena, pair);
    const struct cc_field *f;
    struct cc_field_place at;
    uint64_t bit;

    if (!name.at || !value.at)
        return bad_query(d, "The query of the address is not well-formed.");
    at = (struct cc_field_place){ NULL, name.at, 0 };
    f = cc_field_named(fields, name);
    if (!f) {
        cc_field_wrong(d, &at, "is not known here");
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
    struct cc_field_decoder d = { arena, err, "" };
    struct cc_str rest = query.len ? query : CC_STR_ABSENT;
    uint64_t seen = 0;

    cc_fields_zero(fields, out);
    while (rest.at) {
        enum cc_code rc = decode_pair(&d, fields, cc_str_cut(&rest, '&'), &seen, out);

        if (rc != CC_OK)
            return rc;
    }
    for (const struct cc_field *f = fields; f->name; f++) {
        const struct cc_field_place at = { NULL, f->name, 0 };

        assert(f - fields < 64);
        if ((f->flags & CC_FIELD_REQUIRED) && !(seen >> (f - fields) & 1))
            cc_field_wrong(&d, &at, "is required");
    }
    return err->code;
}
