/* identity/local.h - what the files of the local implementation share: local.c opens it, and each
 * other local_<concern>.c holds some of its functions. */
#ifndef CC_IDENTITY_LOCAL_H
#define CC_IDENTITY_LOCAL_H

#include "keyring.h"
#include "people.h"

struct cc_local {
    struct cc_people people;
    struct cc_keyring *ring;
    struct cc_hasher hasher;
};

struct cc_local *cc_local_of(struct cc_identity *self);
bool cc_local_code_fits(const struct cc_local *local, const struct cc_proof *proof,
                        struct cc_str code);

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
enum cc_code cc_local_rename(struct cc_identity *, struct cc_arena *, const struct cc_rename *,
                             struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_jwks(struct cc_identity *, struct cc_arena *, struct cc_jwks *,
                           struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_disable(struct cc_identity *, struct cc_arena *, struct cc_str,
                              struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_enable(struct cc_identity *, struct cc_arena *, struct cc_str,
                             struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_end_all(struct cc_identity *, struct cc_arena *, struct cc_str,
                              struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_remove_begin(struct cc_identity *, struct cc_arena *, struct cc_str,
                                   struct cc_err *) CC_NODISCARD;
enum cc_code cc_local_remove_end(struct cc_identity *, struct cc_arena *, struct cc_str,
                                 struct cc_err *) CC_NODISCARD;

#endif
