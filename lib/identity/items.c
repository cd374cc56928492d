#include "items.h"

#include "../store/keys.h"
#include "../store/row.h"

#include <stdlib.h>

/* --- sign-ups and recoveries ------------------------------------------------------------------ */

#define STR(name_, member)                                                                         \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_STR, .flags = CC_FIELD_OMIT,                             \
        .offset = offsetof(struct cc_proof, member)                                                \
    }
#define I64(name_, member)                                                                         \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_I64, .offset = offsetof(struct cc_proof, member)         \
    }

static const struct cc_field proof_fields[] = {
    STR("kind", kind),
    STR("value", value),
    STR("nonce", nonce),
    I64("tries", tries),
    I64("sends", sends),
    I64("sent", sent_ms),
    I64("expires", expires_ms),
    STR("name", name),
    STR("hash", hash),
    { .name = "taken", .type = CC_FIELD_BOOL, .offset = offsetof(struct cc_proof, taken) },
    STR("user", user),
    { .name = NULL },
};

static bool is_phone(const struct cc_proof *proof)
{
    return cc_str_eq(proof->kind, CC_STR("phone"));
}

struct cc_identifier cc_proof_login(const struct cc_proof *proof)
{
    return (struct cc_identifier){ is_phone(proof) ? "phone" : "email", proof->value };
}

struct cc_str cc_proof_channel(const struct cc_proof *proof)
{
    return is_phone(proof) ? CC_STR("sms") : CC_STR("email");
}

static struct cc_key proof_key(struct cc_arena *arena, enum cc_proof_kind kind, struct cc_str id)
{
    return kind == CC_PROOF_SIGN_UP ? cc_key_pending(arena, id) : cc_key_reset(arena, id);
}

enum cc_code cc_proof_get(struct cc_txn *txn, enum cc_proof_kind kind, struct cc_str id,
                          struct cc_proof *out, struct cc_err *err)
{
    const struct cc_key key = proof_key(cc_txn_arena(txn), kind, id);
    enum cc_code rc = cc_row_get(txn, key, proof_fields, out, err);

    if (rc != CC_OK)
        return rc;
    out->id = id;
    out->sub = CC_STR_ABSENT;
    return CC_OK;
}

enum cc_code cc_proof_put(struct cc_txn *txn, enum cc_proof_kind kind, const struct cc_proof *proof,
                          struct cc_err *err)
{
    const struct cc_key key = proof_key(cc_txn_arena(txn), kind, proof->id);

    return cc_row_put_until(txn, key, proof_fields, proof, proof->expires_ms, err);
}

enum cc_code cc_proof_delete(struct cc_txn *txn, enum cc_proof_kind kind, struct cc_str id,
                             struct cc_err *err)
{
    return cc_txn_delete(txn, proof_key(cc_txn_arena(txn), kind, id), err);
}

/* --- the credential --------------------------------------------------------------------------- */

const char *const cc_account_state_names[] = { "active", "disabled", "removing", NULL };

static const struct cc_field credential_fields[] = {
    { .name = "hash", .type = CC_FIELD_STR, .offset = offsetof(struct cc_credential, hash) },
    { .name = "state",
      .type = CC_FIELD_ENUM,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct cc_credential, state),
      .values = cc_account_state_names },
    { .name = "username",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct cc_credential, username) },
    { .name = "sub",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct cc_credential, sub) },
    { .name = NULL },
};

struct cc_str cc_credential_username(const struct cc_credential *credential, struct cc_str user)
{
    return credential->username.at ? credential->username : user;
}

enum cc_code cc_credential_get(struct cc_txn *txn, struct cc_str user, struct cc_credential *out,
                               struct cc_err *err)
{
    return cc_row_get(txn, cc_key_credential(cc_txn_arena(txn), user), credential_fields, out, err);
}

enum cc_code cc_credential_load(struct cc_arena *arena, const struct cc_item *item,
                                struct cc_credential *out, struct cc_err *err)
{
    return cc_fields_load(arena, credential_fields, item->body, out, err);
}

enum cc_code cc_credential_put(struct cc_txn *txn, struct cc_str user,
                               const struct cc_credential *credential, struct cc_err *err)
{
    return cc_row_put(txn, cc_key_credential(cc_txn_arena(txn), user), credential_fields,
                      credential, err);
}

enum cc_code cc_credential_delete(struct cc_txn *txn, struct cc_str user, struct cc_err *err)
{
    return cc_txn_delete(txn, cc_key_credential(cc_txn_arena(txn), user), err);
}

/* --- sessions --------------------------------------------------------------------------------- */

#define SESSION_I64(name_, member)                                                                 \
    {                                                                                              \
        .name = (name_), .type = CC_FIELD_I64, .offset = offsetof(struct cc_session_item, member)  \
    }

static const struct cc_field session_fields[] = {
    { .name = "device",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct cc_session_item, device) },
    SESSION_I64("created", created_ms),
    SESSION_I64("seen", seen_ms),
    SESSION_I64("n", n),
    SESSION_I64("turned", turned_ms),
    { .name = NULL },
};

/* As its item says; its text is borrowed from that. */
static enum cc_code load_session(struct cc_arena *arena, const struct cc_item *item,
                                 struct cc_session_item *out, struct cc_err *err)
{
    enum cc_code rc = cc_fields_load(arena, session_fields, item->body, out, err);

    if (rc != CC_OK)
        return rc;
    out->id = cc_key_tail(item->key.sk);
    out->expires_ms = item->expires_ms;
    return CC_OK;
}

enum cc_code cc_session_get(struct cc_txn *txn, const struct cc_principal *who,
                            struct cc_session_item *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, cc_key_session(arena, who->user, who->session), &item, err);

    return rc == CC_OK ? load_session(arena, &item, out, err) : rc;
}

enum cc_code cc_session_put(struct cc_txn *txn, struct cc_str user,
                            const struct cc_session_item *session, struct cc_err *err)
{
    const struct cc_key key = cc_key_session(cc_txn_arena(txn), user, session->id);

    return cc_row_put_until(txn, key, session_fields, session, session->expires_ms, err);
}

enum cc_code cc_session_delete(struct cc_txn *txn, const struct cc_principal *who,
                               struct cc_err *err)
{
    return cc_txn_delete(txn, cc_key_session(cc_txn_arena(txn), who->user, who->session), err);
}

static int latest_first(const void *a, const void *b)
{
    const struct cc_session_item *x = a, *y = b;

    if (x->seen_ms != y->seen_ms)
        return x->seen_ms < y->seen_ms ? 1 : -1;
    return -cc_str_cmp(x->id, y->id);
}

enum cc_code cc_session_list(struct cc_txn *txn, struct cc_str user, struct cc_session_items *out,
                             struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_range range = cc_range_sessions(arena, user);
    struct cc_items items;
    enum cc_code rc;

    range.limit = CC_QUERY_ITEMS_MAX;
    range.guard = cc_key_credential(arena, user);
    rc = cc_txn_query(txn, &range, &items, err);
    if (rc != CC_OK)
        return rc;
    out->count = items.count;
    out->at = CC_NEW_ARRAY(arena, struct cc_session_item, items.count);
    for (size_t i = 0; i < items.count && rc == CC_OK; i++)
        rc = load_session(arena, &items.at[i], &out->at[i], err);
    qsort(out->at, out->count, sizeof(out->at[0]), latest_first);
    return rc;
}

enum cc_code cc_session_delete_others(struct cc_txn *txn, const struct cc_principal *keep,
                                      const struct cc_credential *credential, struct cc_err *err)
{
    struct cc_session_items sessions;
    enum cc_code rc = cc_session_list(txn, keep->user, &sessions, err);

    for (size_t i = 0; rc == CC_OK && i < sessions.count; i++) {
        struct cc_principal other = { keep->user, sessions.at[i].id };

        if (!cc_str_eq(other.session, keep->session))
            rc = cc_session_delete(txn, &other, err);
    }
    return rc == CC_OK ? cc_credential_put(txn, keep->user, credential, err) : rc;
}
