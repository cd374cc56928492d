/* identity/local.h - what the files of the local implementation share: local.c opens it, and each
 * other local_<concern>.c holds some of its functions. */
#ifndef CC_IDENTITY_LOCAL_H
#define CC_IDENTITY_LOCAL_H

#include "code.h"
#include "items.h"
#include "access_token.h"
#include "keyring.h"
#include "password.h"
#include "throttle.h"
#include "token_cache.h"

#define CC_RESEND_STEPS_MAX 8
#define CC_DAY_MS ((int64_t)24 * 3600 * 1000)
#define CC_HOUR_MS ((int64_t)3600 * 1000)

struct cc_local {
    struct cc_identity base;
    struct cc_arena *arena; /* of what lives as long as this; not used after opening */
    struct cc_identity_config config;
    struct cc_store *store;
    struct cc_keys_folder folder;
    struct cc_str secret; /* the server key */
    struct cc_keyring *ring;
    struct cc_token_cache *cache;
    struct cc_hasher hasher;
    struct cc_password_rules rules;
    int64_t resend_after_s[CC_RESEND_STEPS_MAX];
    size_t resend_steps;
};

/* local.c */
struct cc_local *cc_local_of(struct cc_identity *self);
/* The store's, with one difference: CC_NOT_FOUND is an answer and leaves err alone. */
enum cc_code cc_local_view(struct cc_local *local, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                           struct cc_err *err) CC_NODISCARD;
enum cc_code cc_local_run(struct cc_local *local, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                          struct cc_err *err) CC_NODISCARD;
/* Seconds until another code may be asked for, after `sends` codes. */
int64_t cc_local_resend_after_s(const struct cc_local *local, int64_t sends);
/* The number and the address of somebody who tries, as the throttles know them. */
struct cc_attempt cc_local_attempt(const struct cc_local *local, struct cc_arena *arena,
                                   const struct cc_identifier *login, struct cc_str address);
struct cc_str cc_local_hashed(const struct cc_local *local, struct cc_arena *arena,
                              const char *what, struct cc_str value);
bool cc_local_code_fits(const struct cc_local *local, const struct cc_proof *proof,
                        struct cc_str code);
/* Adds the job that sends the code of this proof, in the transaction that makes or renews it. */
enum cc_code cc_local_queue_code(struct cc_txn *txn, enum cc_proof_kind kind,
                                 const struct cc_proof *proof, struct cc_err *err) CC_NODISCARD;
enum cc_throttled {
    CC_THROTTLED_SIGN_UP,
    CC_THROTTLED_RESEND,
    CC_THROTTLED_RECOVERY,
    CC_THROTTLED_PASSWORD
};
/* CC_TOO_MANY, which says what the limit was; the same whether the number is known or not. */
enum cc_code cc_local_fail_throttled(const struct cc_local *local, enum cc_throttled what,
                                     int64_t retry_after_s, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_local_fail_code(struct cc_err *err) CC_NODISCARD;

/* local_session.c: the tokens of a session whose row says so */
enum cc_code cc_local_tokens(struct cc_local *local, struct cc_arena *arena,
                             const struct cc_principal *who, const struct cc_session_item *session,
                             struct cc_tokens *out, struct cc_err *err) CC_NODISCARD;

/* The functions of the interface (identity.h) */
enum cc_code cc_local_sign_up(struct cc_identity *, struct cc_arena *, const struct cc_sign_up *,
                              struct cc_pending *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_confirm(struct cc_identity *, struct cc_arena *, const struct cc_confirm *,
                              struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_resend(struct cc_identity *, struct cc_arena *, const struct cc_resend *,
                             int64_t *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_sign_in(struct cc_identity *, struct cc_arena *, const struct cc_sign_in *,
                              struct cc_signed_in *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_answer(struct cc_identity *, struct cc_arena *, const struct cc_answer *,
                             struct cc_signed_in *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_refresh(struct cc_identity *, struct cc_arena *, struct cc_str,
                              struct cc_tokens *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_sign_out(struct cc_identity *, struct cc_arena *, const struct cc_sign_out *,
                               struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_forgot(struct cc_identity *, struct cc_arena *, const struct cc_forgot *,
                             struct cc_pending *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_reset(struct cc_identity *, struct cc_arena *, const struct cc_reset *,
                            struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_change_password(struct cc_identity *, struct cc_arena *,
                                      const struct cc_change_password *,
                                      struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_sessions(struct cc_identity *, struct cc_arena *, struct cc_str,
                               struct cc_sessions *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_session_end(struct cc_identity *, struct cc_arena *,
                                  const struct cc_principal *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_sessions_end_others(struct cc_identity *, struct cc_arena *,
                                          const struct cc_principal *,
                                          struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_authenticate(struct cc_identity *, struct cc_arena *, struct cc_str,
                                   struct cc_principal *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_jwks(struct cc_identity *, struct cc_arena *, struct cc_jwks *,
                           struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_send_code(struct cc_identity *, struct cc_arena *, const struct cc_job *,
                                struct cc_sender *, struct cc_err *) CC_NODISCARD;

#endif
