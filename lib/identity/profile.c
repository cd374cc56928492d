#include "profile.h"

#include "../base/field.h"
#include "../store/keys.h"

#define STR(member)                                                                                \
    .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT, .offset = offsetof(struct cc_profile, member)

static const struct cc_field fields[] = {
    { .name = "name", STR(name) },
    { .name = "phone_number", STR(phone_number) },
    { .name = "email", STR(email) },
    { .name = "photo", STR(photo) },
    { .name = "photo_type", STR(photo_type) },
    { .name = "created", .type = CC_FIELD_I64, .offset = offsetof(struct cc_profile, created_ms) },
    { .name = "updated", .type = CC_FIELD_I64, .offset = offsetof(struct cc_profile, updated_ms) },
    { .name = "hidden_by_number",
      .type = CC_FIELD_BOOL,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct cc_profile, hidden_by_number) },
    { .name = NULL },
};

static enum cc_code load(struct cc_arena *arena, struct cc_str user, struct cc_str body,
                         struct cc_profile *out, struct cc_err *err)
{
    enum cc_code rc = cc_fields_load(arena, fields, body, out, err);

    if (rc == CC_OK)
        out->user = user;
    return rc;
}

enum cc_code cc_profile_get(struct cc_txn *txn, struct cc_str user, struct cc_profile *out,
                            struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, cc_key_profile(arena, user), &item, err);

    if (rc != CC_OK)
        return rc;
    return load(arena, user, item.body, out, err);
}

enum cc_code cc_profile_get_many(struct cc_txn *txn, const struct cc_str *users, size_t count,
                                 struct cc_profile *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_key *keys = CC_NEW_ARRAY(arena, struct cc_key, count);
    struct cc_item *items = CC_NEW_ARRAY(arena, struct cc_item, count);
    enum cc_code rc;

    for (size_t i = 0; i < count; i++)
        keys[i] = cc_key_profile(arena, users[i]);
    rc = cc_txn_get_many(txn, keys, count, items, err);
    for (size_t i = 0; i < count && rc == CC_OK; i++) {
        out[i] = (struct cc_profile){ 0 };
        if (items[i].body.at)
            rc = load(arena, users[i], items[i].body, &out[i], err);
    }
    return rc;
}

enum cc_code cc_profile_put(struct cc_txn *txn, const struct cc_profile *profile,
                            struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);

    return cc_txn_put(txn,
                      &(struct cc_item){ .key = cc_key_profile(arena, profile->user),
                                         .body = cc_fields_save(arena, fields, profile) },
                      err);
}
