#include "profile.h"

#include "../store/keys.h"
#include "../store/row.h"

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

enum cc_code cc_profile_get(struct cc_txn *txn, struct cc_str user, struct cc_profile *out,
                            struct cc_err *err)
{
    enum cc_code rc = cc_row_get(txn, cc_key_profile(cc_txn_arena(txn), user), fields, out, err);

    if (rc == CC_OK) {
        out->user = user;
        out->is_gone = false;
    }
    return rc;
}

enum cc_code cc_profile_load(struct cc_arena *arena, const struct cc_item *item,
                             struct cc_profile *out, struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_profile){ 0 };
    rc = cc_fields_load(arena, fields, item->body, out, err);
    out->user = cc_key_tail(item->key.pk);
    return rc;
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
        if (!items[i].body.at)
            continue;
        rc = cc_fields_load(arena, fields, items[i].body, &out[i], err);
        out[i].user = users[i];
    }
    return rc;
}

enum cc_code cc_profile_put(struct cc_txn *txn, const struct cc_profile *profile,
                            struct cc_err *err)
{
    const struct cc_key key = cc_key_profile(cc_txn_arena(txn), profile->user);

    return cc_row_put(txn, key, fields, profile, err);
}

enum cc_code cc_profile_delete(struct cc_txn *txn, struct cc_str user, struct cc_err *err)
{
    return cc_txn_delete(txn, cc_key_profile(cc_txn_arena(txn), user), err);
}
