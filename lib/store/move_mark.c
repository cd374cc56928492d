#include "move_parts.h"

#include "../base/field.h"

#define AT(member) offsetof(struct move_mark, member)

static const struct cc_field mark_fields[] = {
    { .name = "epoch", .type = CC_FIELD_STR, .offset = AT(epoch) },
    { .name = "sum", .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT, .offset = AT(sum) },
    { .name = "after_pk", .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT, .offset = AT(pk) },
    { .name = "after_sk", .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT, .offset = AT(sk) },
    { .name = "start", .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT, .offset = AT(start) },
    { .name = "done", .type = CC_FIELD_I64, .offset = AT(done) },
    { .name = "copied", .type = CC_FIELD_BOOL, .offset = AT(copied) },
    { .name = "stale", .type = CC_FIELD_BOOL, .offset = AT(stale) },
    { .name = NULL },
};

enum cc_code move_mark_load(struct cc_arena *arena, struct cc_str body, struct move_mark *out,
                            struct cc_err *err)
{
    return cc_fields_load(arena, mark_fields, body, out, err);
}

struct cc_item move_mark_item(struct cc_arena *arena, const struct move_mark *mark)
{
    return (struct cc_item){ .key = CC_META_MIGRATION,
                             .body = cc_fields_save(arena, mark_fields, mark) };
}

struct epoch {
    struct cc_str name;
};

static const struct cc_field epoch_fields[] = {
    { .name = "name", .type = CC_FIELD_STR, .offset = offsetof(struct epoch, name) },
    { .name = NULL },
};

enum cc_code move_epoch_load(struct cc_arena *arena, struct cc_str body, struct cc_str *out,
                             struct cc_err *err)
{
    struct epoch epoch;
    enum cc_code rc = cc_fields_load(arena, epoch_fields, body, &epoch, err);

    if (rc == CC_OK && !epoch.name.at)
        rc = cc_fail(err, CC_INVALID, "The table is damaged: it has no epoch.",
                     "store: META EPOCH without a name");
    if (rc == CC_OK)
        *out = epoch.name;
    return rc;
}

struct cc_item move_epoch_item(struct cc_arena *arena, struct cc_str name)
{
    const struct epoch epoch = { name };

    return (struct cc_item){ .key = CC_META_EPOCH,
                             .body = cc_fields_save(arena, epoch_fields, &epoch) };
}
