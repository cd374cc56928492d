/* identity/cognito.h - what the files of the implementation with a user pool share: cognito.c opens
 * it, and each other cognito_<concern>.c holds some of its functions.
 *
 * The pool keeps passwords, sends codes and signs tokens. Who owns which number, which sign-up and
 * which session there is stands in our store, as with local identity (people.h), and our throttles
 * stand before the pool. A user's CREDENTIAL holds in place of a hash a random text that a new
 * password replaces: so a sign-in that the pool judged before does not count after.
 *
 * Nothing is done at the pool in a transaction. What must follow at the pool from a commit is a job
 * (CC_JOB_POOL) that the same commit leaves; what must follow here from what the pool did is one,
 * too, that is there before the pool is asked. */
#ifndef CC_IDENTITY_COGNITO_H
#define CC_IDENTITY_COGNITO_H

#include "people.h"
#include "pool.h"

#define CC_GENERATION_BYTES 16

struct cc_cognito {
    struct cc_people people;
    struct cc_pool pool;
    bool existing_people; /* people of the pool whose username is their phone number come along */
};

struct cc_cognito *cc_cognito_of(struct cc_identity *self);

/* What stands in CREDENTIAL until the next password. */
struct cc_str cc_cognito_generation(const struct cc_cognito *cognito, struct cc_arena *arena);

/* A username that no user has, for numbers that nobody has: the pool is asked all the same. */
struct cc_str cc_cognito_nobody(const struct cc_cognito *cognito, struct cc_arena *arena,
                                const struct cc_identifier *login);

/* What a commit has come to, where the pool has done its part: a store that is away has not left
 * all as it was. */
enum cc_code cc_cognito_half_done(enum cc_code rc, struct cc_err *err) CC_NODISCARD;

/* cognito_sign_in.c */

/* The name by which the pool may know who signs in. */
struct cc_str cc_cognito_username(const struct cc_cognito *cognito, struct cc_arena *arena,
                                  const struct cc_signing_in *run);

/* Judges the tokens that came of a sign-in or an answer, and opens their session. Ends them at the
 * pool where that does not succeed. Errors as cc_identity_sign_in. */
enum cc_code cc_cognito_begin_session(struct cc_cognito *cognito, struct cc_arena *arena,
                                      struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                      struct cc_signed_in *out, struct cc_err *err) CC_NODISCARD;

/* cognito_session.c */

/* A token that the pool has just given. CC_UNAVAILABLE: it is not as it should be, which is
 * nobody's fault who asks. */
enum cc_code cc_cognito_verify(struct cc_cognito *cognito, struct cc_arena *arena,
                               struct cc_str access_token, struct cc_claims *out,
                               struct cc_err *err) CC_NODISCARD;
/* user.session.mac.<the pool's>: nothing of it is stored. */
struct cc_str cc_cognito_write_refresh(const struct cc_cognito *cognito, struct cc_arena *arena,
                                       const struct cc_principal *who, struct cc_str pools);
/* Ends a refresh token at the pool; that it could not is logged, and no more. */
void cc_cognito_revoke(struct cc_cognito *cognito, struct cc_arena *arena, struct cc_str pools);

/* cognito_challenge.c: the sign-in goes on with an answer */

/* Before the pool is asked, as its challenge may cost an SMS. CC_TOO_MANY: this account has had
 * number_day_max of them within a day. */
enum cc_code cc_cognito_challenge_look(struct cc_arena *arena, struct cc_signing_in *run,
                                       struct cc_err *err) CC_NODISCARD;
enum cc_code cc_cognito_challenge(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  struct cc_signed_in *out, struct cc_err *err) CC_NODISCARD;

/* cognito_takeover.c: makes the account of a person of the pool who has signed in for the first
 * time, and sets run->user and run->credential. CC_WRONG_CREDENTIALS: he is not to come along. */
enum cc_code cc_cognito_take_over(struct cc_cognito *cognito, struct cc_arena *arena,
                                  struct cc_signing_in *run, const struct cc_pool_auth *auth,
                                  const struct cc_claims *claims, struct cc_err *err) CC_NODISCARD;

/* cognito_jobs.c */

enum cc_cognito_task {
    CC_COGNITO_REMOVE,
    CC_COGNITO_SIGN_OUT,
    CC_COGNITO_NEW_PASSWORD, /* not to be queued: see cc_cognito_intend */
};

/* Adds, in a transaction: to remove the pool's user unless he has an account with us by then; or
 * to end all that the pool has given him. */
enum cc_code cc_cognito_queue(struct cc_txn *txn, enum cc_cognito_task task, struct cc_str username,
                              int64_t due_ms, struct cc_err *err) CC_NODISCARD;

/* A new password that the pool is about to be asked for. From the moment that it may be there the
 * sessions of the old one must end, whether or not this process lives to see it: so the intent is
 * noted before, and dropped with whatever the outcome makes of it. One that nobody drops within a
 * minute puts the generation and ends the sessions. */
struct cc_intent {
    struct cc_principal keep; /* user absent: nobody's number, for the same work; session absent:
                                 none stays */
    struct cc_str generation; /* in place of the present one */
    int64_t due_ms;           /* set by cc_cognito_intend */
};

/* In a transaction. */
enum cc_code cc_cognito_intend(struct cc_txn *txn, struct cc_intent *intent,
                               struct cc_err *err) CC_NODISCARD;
enum cc_code cc_cognito_drop_intent(struct cc_txn *txn, const struct cc_intent *intent,
                                    struct cc_err *err) CC_NODISCARD;
/* The same in one of its own: the password stays. That it could not be is logged, and no more. */
void cc_cognito_forget_intent(struct cc_cognito *cognito, struct cc_arena *arena,
                              const struct cc_intent *intent);

/* cognito_try.c */

struct cc_trying {
    enum cc_proof_kind kind;
    struct cc_str id;
    int64_t tries_max;
    struct cc_proof proof;
    struct cc_intent intent; /* of a recovery: its generation is given, and it is noted */
    bool is_refused; /* the verdict: there is no such proof, or no try left, or nobody to confirm */
};

/* Takes a try of the code of trying->id, and reads its proof. Before the pool is asked, so that
 * many guesses at the same moment are no more than many one after another. */
enum cc_code cc_cognito_take_try(struct cc_cognito *cognito, struct cc_arena *arena,
                                 struct cc_trying *trying, struct cc_err *err) CC_NODISCARD;
/* The pool did not look at the code, or did not use it up; an intent is dropped. That it could not
 * be given back is logged, and no more. */
void cc_cognito_give_back_try(struct cc_cognito *cognito, struct cc_arena *arena,
                              struct cc_trying *trying);

/* The functions of the interface (identity.h) */
enum cc_code cc_cognito_sign_up(struct cc_identity *, struct cc_arena *, const struct cc_sign_up *,
                                struct cc_pending *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_confirm(struct cc_identity *, struct cc_arena *, const struct cc_confirm *,
                                struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_resend(struct cc_identity *, struct cc_arena *, const struct cc_resend *,
                               int64_t *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_sign_in(struct cc_identity *, struct cc_arena *, const struct cc_sign_in *,
                                struct cc_signed_in *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_answer(struct cc_identity *, struct cc_arena *, const struct cc_answer *,
                               struct cc_signed_in *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_refresh(struct cc_identity *, struct cc_arena *, struct cc_str,
                                struct cc_tokens *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_sign_out(struct cc_identity *, struct cc_arena *,
                                 const struct cc_sign_out *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_forgot(struct cc_identity *, struct cc_arena *, const struct cc_forgot *,
                               struct cc_pending *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_reset(struct cc_identity *, struct cc_arena *, const struct cc_reset *,
                              struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_change_password(struct cc_identity *, struct cc_arena *,
                                        const struct cc_change_password *,
                                        struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_rename(struct cc_identity *, struct cc_arena *, const struct cc_rename *,
                               struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_jwks(struct cc_identity *, struct cc_arena *, struct cc_jwks *,
                             struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_do_job(struct cc_identity *, struct cc_arena *, const struct cc_job *,
                               struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_disable(struct cc_identity *, struct cc_arena *, struct cc_str,
                                struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_enable(struct cc_identity *, struct cc_arena *, struct cc_str,
                               struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_end_all(struct cc_identity *, struct cc_arena *, struct cc_str,
                                struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_remove_begin(struct cc_identity *, struct cc_arena *, struct cc_str,
                                     struct cc_err *) CC_NODISCARD;
enum cc_code cc_cognito_remove_end(struct cc_identity *, struct cc_arena *, struct cc_str,
                                   struct cc_err *) CC_NODISCARD;

#endif
