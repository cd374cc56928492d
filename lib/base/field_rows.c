#include "field_rows.h"
#include "arena.h"

#include <string.h>

static const size_t sizes[] = {
    [CC_FIELD_STR] = sizeof(struct cc_str),
    [CC_FIELD_NAME] = sizeof(struct cc_str),
    [CC_FIELD_I64] = sizeof(int64_t),
    [CC_FIELD_BOOL] = sizeof(bool),
    [CC_FIELD_ENUM] = sizeof(int),
    [CC_FIELD_STRS] = sizeof(struct cc_strs),
    [CC_FIELD_I64S] = sizeof(struct cc_i64s),
    [CC_FIELD_OBJECT] = 0, /* its members, one by one */
    [CC_FIELD_JSON] = sizeof(struct json_object *),
};

void cc_fields_zero(const struct cc_field *fields, void *out)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        cc_field_note(f, out, false);
        if (f->type == CC_FIELD_OBJECT)
            cc_fields_zero(f->sub, cc_field_member(f, out));
        else
            memset(cc_field_member(f, out), 0, sizes[f->type]);
    }
}

const struct cc_field *cc_field_named(const struct cc_field *fields, struct cc_str name)
{
    for (const struct cc_field *f = fields; f->name; f++) {
        if (cc_str_eq(name, cc_str_from(f->name)))
            return f;
    }
    return NULL;
}

bool cc_field_find_value(const struct cc_field *f, struct cc_str name, int *out)
{
    for (int i = 0; f->values[i]; i++) {
        if (cc_str_eq(name, cc_str_from(f->values[i]))) {
            *out = i;
            return true;
        }
    }
    return false;
}

struct cc_str cc_field_copy_secret(struct cc_arena *arena, struct cc_str s)
{
    char *at = cc_arena_alloc_secret(arena, s.len + 1);

    memcpy(at, s.at, s.len);
    return (struct cc_str){ at, s.len };
}
