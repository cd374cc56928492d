#include "challenge.h"

#include "../base/id.h"
#include "../store/keys.h"
#include "../store/row.h"

#define STR(name_, member)                                                                         \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT,                             \
        .offset = offsetof(struct cc_challenge_item, member)                                       \
    }
#define I64(name_, member)                                                                         \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_I64,                                                     \
        .offset = offsetof(struct cc_challenge_item, member)                                       \
    }

static const struct cc_field fields[] = {
    STR("kind", kind),          STR("value", value),       STR("user", user),
    STR("hash", hash),          STR("username", username), STR("name", name),
    STR("session", session),    STR("device", device),     I64("tries", tries),
    I64("expires", expires_ms), { .name = NULL },
};

struct cc_identifier cc_challenge_login(const struct cc_challenge_item *item)
{
    return (struct cc_identifier){ cc_str_eq(item->kind, CC_STR("phone")) ? "phone" : "email",
                                   item->value };
}

enum cc_code cc_challenge_put(struct cc_txn *txn, const struct cc_challenge_item *item,
                              struct cc_err *err)
{
    const struct cc_key key = cc_key_challenge(cc_txn_arena(txn), item->id);

    return cc_row_put_until(txn, key, fields, item, item->expires_ms, err);
}

enum cc_code cc_challenge_get(struct cc_txn *txn, struct cc_str id, struct cc_challenge_item *out,
                              struct cc_err *err)
{
    enum cc_code rc;

    if (!cc_id_is_wellformed(id))
        return CC_NOT_FOUND;
    rc = cc_row_get(txn, cc_key_challenge(cc_txn_arena(txn), id), fields, out, err);
    if (rc != CC_OK)
        return rc;
    out->id = id;
    return out->tries < CC_CHALLENGE_TRIES ? CC_OK : CC_NOT_FOUND;
}

enum cc_code cc_challenge_try(struct cc_txn *txn, struct cc_str id, struct cc_challenge_item *out,
                              struct cc_err *err)
{
    enum cc_code rc = cc_challenge_get(txn, id, out, err);

    if (rc != CC_OK)
        return rc;
    out->tries++;
    return cc_challenge_put(txn, out, err);
}

enum cc_code cc_challenge_use(struct cc_txn *txn, struct cc_str id, struct cc_err *err)
{
    const struct cc_key key = cc_key_challenge(cc_txn_arena(txn), id);
    struct cc_item ignored;
    enum cc_code rc = cc_txn_get(txn, key, &ignored, err);

    return rc == CC_OK ? cc_txn_delete(txn, key, err) : rc;
}
