/* identity/items.h - what both kinds of identity keep in the store, item by item. In a transaction;
 * a get is CC_NOT_FOUND (err left alone) for what does not exist. */
#ifndef CC_IDENTITY_ITEMS_H
#define CC_IDENTITY_ITEMS_H

#include "account.h"
#include "login.h"

/* A sign-up not yet confirmed (PENDING), or a recovery under way (RESET). */
struct cc_proof {
    struct cc_str id;          /* not in the body: the key says it */
    struct cc_str kind, value; /* the identifier to which the code goes */
    struct cc_str nonce;
    int64_t tries;   /* wrong ones so far */
    int64_t sends;   /* codes queued so far */
    int64_t sent_ms; /* when the last one was */
    int64_t expires_ms;
    /* sign-up */
    struct cc_str name;
    struct cc_str hash;
    bool taken; /* the number belongs to somebody: never matches */
    /* recovery */
    struct cc_str user; /* absent: nobody's number; never matches */
    /* not in the body: of the pool's user, when an account is made of him */
    struct cc_str sub;
};

/* The identifier to which the code goes, and the channel that fits it: "sms", "email". */
struct cc_identifier cc_proof_login(const struct cc_proof *proof);
struct cc_str cc_proof_channel(const struct cc_proof *proof);

enum cc_proof_kind { CC_PROOF_SIGN_UP, CC_PROOF_RECOVERY };

enum cc_code cc_proof_get(struct cc_txn *txn, enum cc_proof_kind kind, struct cc_str id,
                          struct cc_proof *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_proof_put(struct cc_txn *txn, enum cc_proof_kind kind, const struct cc_proof *proof,
                          struct cc_err *err) CC_NODISCARD;
enum cc_code cc_proof_delete(struct cc_txn *txn, enum cc_proof_kind kind, struct cc_str id,
                             struct cc_err *err) CC_NODISCARD;

/* The guard of a user's sessions. */
struct cc_credential {
    struct cc_str hash; /* of the password; of a pool's user: random text that a new one replaces */
    int state;          /* enum cc_account_state */
    struct cc_str username; /* in the pool; absent: the user's id */
    struct cc_str sub;      /* the pool's own name for him, never given twice; absent: no pool's */
};

/* The name by which the pool knows `user`, whose credential it is. */
struct cc_str cc_credential_username(const struct cc_credential *credential, struct cc_str user);

enum cc_code cc_credential_get(struct cc_txn *txn, struct cc_str user, struct cc_credential *out,
                               struct cc_err *err) CC_NODISCARD;
enum cc_code cc_credential_put(struct cc_txn *txn, struct cc_str user,
                               const struct cc_credential *credential,
                               struct cc_err *err) CC_NODISCARD;
enum cc_code cc_credential_delete(struct cc_txn *txn, struct cc_str user,
                                  struct cc_err *err) CC_NODISCARD;

struct cc_session_item {
    struct cc_str id; /* not in the body: the key says it */
    struct cc_str device;
    int64_t created_ms;
    int64_t seen_ms;    /* when it was opened or last refreshed */
    int64_t n;          /* of its refresh token */
    int64_t turned_ms;  /* when n became what it is */
    int64_t expires_ms; /* unless refreshed */
};

struct cc_session_items {
    struct cc_session_item *at;
    size_t count;
};

enum cc_code cc_session_get(struct cc_txn *txn, const struct cc_principal *who,
                            struct cc_session_item *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_session_put(struct cc_txn *txn, struct cc_str user,
                            const struct cc_session_item *session, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_session_delete(struct cc_txn *txn, const struct cc_principal *who,
                               struct cc_err *err) CC_NODISCARD;

/* As its item says; its text is borrowed from that. */
enum cc_code cc_credential_load(struct cc_arena *arena, const struct cc_item *item,
                                struct cc_credential *out, struct cc_err *err) CC_NODISCARD;

/* All of a user's, the latest used first. The transaction has read his CREDENTIAL, and puts it if
 * it then adds or deletes one. */
enum cc_code cc_session_list(struct cc_txn *txn, struct cc_str user, struct cc_session_items *out,
                             struct cc_err *err) CC_NODISCARD;

/* Deletes all of keep->user's but keep->session (absent: all), and puts his CREDENTIAL. */
enum cc_code cc_session_delete_others(struct cc_txn *txn, const struct cc_principal *keep,
                                      const struct cc_credential *credential,
                                      struct cc_err *err) CC_NODISCARD;

#endif
