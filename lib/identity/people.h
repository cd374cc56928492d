/* identity/people.h - what both kinds of identity do alike in our store: throttles, sign-ups and
 * recoveries under way, who owns which number, sessions, whose a token is. It knows no passwords
 * and makes no tokens: how a password is judged, and who sends codes, is where they differ.
 *
 * A call is a struct that says how far it has come: prepared from what came, then taken through a
 * few steps here, between which the implementation does its own work. Steps whose name ends in
 * _txn are for a transaction of the implementation's. */
#ifndef CC_IDENTITY_PEOPLE_H
#define CC_IDENTITY_PEOPLE_H

#include "code.h"
#include "access_token.h"
#include "items.h"
#include "keys.h"
#include "password.h"
#include "throttle.h"
#include "token_cache.h"

#define CC_RESEND_STEPS_MAX 8
#define CC_DAY_MS ((int64_t)24 * 3600 * 1000)
#define CC_HOUR_MS ((int64_t)3600 * 1000)

struct cc_people {
    struct cc_identity base;
    struct cc_arena *arena; /* of what lives as long as this; not used after opening */
    struct cc_identity_config config;
    struct cc_store *store;
    struct cc_keys_folder folder;
    struct cc_str secret;       /* the server key */
    struct cc_token_keys *keys; /* by which access tokens are checked; the implementation's */
    struct cc_token_cache *cache;
    struct cc_password_rules rules;
    int64_t resend_after_s[CC_RESEND_STEPS_MAX];
    size_t resend_steps;
    bool of_pool;      /* tokens come from a pool, which sends the codes as well */
    bool tells_owners; /* with a pool: there is a sender, for owners of taken numbers */
};

/* Opens and closes what is common. `people` is the first member of the implementation, made in
 * `arena`, with `base.ops` set. Makes the keys where there are none. */
enum cc_code cc_people_open(struct cc_people *people, const struct cc_identity_config *config,
                            struct cc_store *store, struct cc_err *err) CC_NODISCARD;
void cc_people_close(struct cc_people *people); /* frees the arena */

struct cc_people *cc_people_of(struct cc_identity *self);

/* The store's, with one difference: CC_NOT_FOUND is an answer and leaves err alone. */
enum cc_code cc_people_view(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn,
                            void *arg, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_run(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn,
                           void *arg, struct cc_err *err) CC_NODISCARD;

/* The same beside an answer that is another failure already: that it failed is logged as `what`. */
void cc_people_run_aside(struct cc_people *people, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                         const char *what);

/* Names that stand in the store in place of numbers and addresses: keyed hashes. */
struct cc_str cc_people_hashed(const struct cc_people *people, struct cc_arena *arena,
                               const char *what, struct cc_str value);
/* The number and the address of somebody who tries, as the throttles know them. */
struct cc_attempt cc_people_attempt(const struct cc_people *people, struct cc_arena *arena,
                                    const struct cc_identifier *login, struct cc_str address);
/* A code that is asked for from there: its budget. */
struct cc_budget_use cc_people_budget(const struct cc_people *people, struct cc_arena *arena,
                                      const struct cc_identifier *login, struct cc_str address);
/* After the commit: CC_TOO_MANY where the budget had none left, else the note of the last one. */
enum cc_code cc_people_budget_judge(const struct cc_people *people, const struct cc_budget_use *use,
                                    struct cc_err *err) CC_NODISCARD;
/* Seconds until another code may be asked for, after `sends` codes. */
int64_t cc_people_resend_after_s(const struct cc_people *people, int64_t sends);

enum cc_throttled {
    CC_THROTTLED_SIGN_UP,
    CC_THROTTLED_RESEND,
    CC_THROTTLED_RECOVERY,
    CC_THROTTLED_PASSWORD
};
/* CC_TOO_MANY, which says what the limit was; the same whether the number is known or not. */
enum cc_code cc_people_fail_throttled(const struct cc_people *people, enum cc_throttled what,
                                      int64_t retry_after_s, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_fail_code(struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_fail_credentials(struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_fail_refresh(struct cc_err *err, const char *why) CC_NODISCARD;

/* --- sign-up (people_sign_up.c) --------------------------------------------------------------- */

struct cc_signing_up {
    struct cc_people *people;
    struct cc_limit by_number, by_address;
    struct cc_budget_use budget;
    struct cc_identifier login;
    struct cc_str password; /* normal */
    struct cc_proof proof;
    int64_t retry_after_s;
};

/* All that is wrong is said at once: CC_INVALID. */
enum cc_code cc_people_sign_up_check(struct cc_people *people, struct cc_arena *arena,
                                     const struct cc_sign_up *in, struct cc_signing_up *out,
                                     struct cc_err *err) CC_NODISCARD;
/* Before anything costly is done, so that nobody can keep the host busy with it. CC_TOO_MANY. */
enum cc_code cc_people_sign_up_take(struct cc_arena *arena, struct cc_signing_up *run,
                                    struct cc_err *err) CC_NODISCARD;
/* Makes the pending account and queues its code. */
enum cc_code cc_people_sign_up_txn(struct cc_txn *txn, struct cc_signing_up *run,
                                   struct cc_err *err) CC_NODISCARD;
struct cc_pending cc_people_pending(const struct cc_people *people, const struct cc_proof *proof);

/* Makes the account of a proved number, and ends the sign-up. *is_late: somebody else proved it
 * first; then there is no account. */
enum cc_code cc_people_account_txn(struct cc_txn *txn, const struct cc_proof *proof,
                                   struct cc_str user, bool *is_late,
                                   struct cc_err *err) CC_NODISCARD;
/* The items of an account whose number was inserted in the same transaction. */
enum cc_code cc_people_put_account_txn(struct cc_txn *txn, const struct cc_profile *profile,
                                       const struct cc_credential *credential,
                                       struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_fail_late(struct cc_err *err) CC_NODISCARD;

struct cc_resending {
    struct cc_people *people;
    const struct cc_resend *in;
    struct cc_proof proof;       /* its id is absent: no code is due */
    int64_t resend_after_s;      /* to be told */
    struct cc_budget_use budget; /* the verdict: too many */
    int64_t retry_after_s;       /* the verdict: too early */
    bool misfit;                 /* the verdict: the channel does not fit */
};

/* Counts another code and queues it. A pending account that is not there, or whose tries are used
 * up, is answered as any other. CC_TOO_MANY, CC_INVALID. */
enum cc_code cc_people_resend(struct cc_people *people, struct cc_arena *arena,
                              const struct cc_resend *in, struct cc_resending *out,
                              struct cc_err *err) CC_NODISCARD;

/* --- sign-in (people_sign_in.c) --------------------------------------------------------------- */

struct cc_signing_in {
    struct cc_people *people;
    struct cc_identifier login;
    struct cc_attempt attempt;
    struct cc_str user;              /* absent: nobody has this number */
    struct cc_credential credential; /* as it is before the password is judged; absent likewise */
    struct cc_str new_hash;          /* in its place once the password was right */
    struct cc_session_item session;
    int64_t retry_after_s;
    bool is_stale; /* the credential changed while the password was judged: no session */
};

/* CC_INVALID. */
enum cc_code cc_people_sign_in_check(struct cc_people *people, struct cc_arena *arena,
                                     const struct cc_sign_in *in, struct cc_signing_in *out,
                                     struct cc_err *err) CC_NODISCARD;
/* Finds user and credential, with the same reads for a number that nobody has. CC_TOO_MANY. */
enum cc_code cc_people_sign_in_look(struct cc_arena *arena, struct cc_signing_in *run,
                                    struct cc_err *err) CC_NODISCARD;
/* Whether a right password is enough: the account is there, and not disabled. */
bool cc_people_may_sign_in(const struct cc_signing_in *run);
/* The password was right: opens the session run->session.id, unless the account has changed
 * (run->is_stale). It was wrong: counts that. CC_TOO_MANY: neither may be told now. */
enum cc_code cc_people_sign_in_open(struct cc_arena *arena, struct cc_signing_in *run,
                                    struct cc_err *err) CC_NODISCARD;
enum cc_code cc_people_sign_in_wrong(struct cc_arena *arena, struct cc_signing_in *run,
                                     struct cc_err *err) CC_NODISCARD;

/* --- recovery, and change of password (people_recovery.c) ------------------------------------- */

struct cc_recovering {
    struct cc_people *people;
    struct cc_identifier login;
    struct cc_limit by_address;
    struct cc_limit by_number, by_place;
    struct cc_budget_use budget;
    struct cc_proof proof;
    int64_t retry_after_s;
    bool reaches; /* a code may go to that number at all; if not, none does, and nobody is told */
};

/* Makes the recovery, the same for a number that nobody has, and queues its code. CC_INVALID,
 * CC_TOO_MANY. */
enum cc_code cc_people_forgot(struct cc_people *people, struct cc_arena *arena,
                              const struct cc_forgot *in, struct cc_recovering *out,
                              struct cc_err *err) CC_NODISCARD;

/* The recovery was proved: puts the hash of the new password, ends all sessions, knows the place
 * from now on, and ends the recovery. CC_NOT_FOUND: who is disabled does not come back by it, nor
 * who was removed meanwhile. */
enum cc_code cc_people_reset_txn(struct cc_txn *txn, const struct cc_proof *proof,
                                 struct cc_str hash, const struct cc_attempt *attempt,
                                 struct cc_err *err) CC_NODISCARD;

struct cc_changing {
    struct cc_people *people;
    struct cc_principal who;
    struct cc_attempt attempt;
    struct cc_str login;             /* the person's own number or address */
    struct cc_credential credential; /* as it is before the old password is judged */
    struct cc_str new_hash;          /* of the new password */
    int64_t retry_after_s;
    enum cc_code verdict;
};

/* Finds the credential. CC_UNAUTHORIZED: the account is gone. CC_TOO_MANY. */
enum cc_code cc_people_change_look(struct cc_people *people, struct cc_arena *arena,
                                   const struct cc_principal *who, struct cc_changing *out,
                                   struct cc_err *err) CC_NODISCARD;
/* The old password was right: puts run->new_hash and ends the other sessions. CC_UNAUTHORIZED: this
 * one ended meanwhile. CC_WRONG_CREDENTIALS: the old password was replaced meanwhile. CC_TOO_MANY.
 */
enum cc_code cc_people_change_put(struct cc_arena *arena, struct cc_changing *run,
                                  struct cc_err *err) CC_NODISCARD;
/* It was wrong: counts that. CC_WRONG_CREDENTIALS, CC_TOO_MANY. */
enum cc_code cc_people_change_wrong(struct cc_arena *arena, struct cc_changing *run,
                                    struct cc_err *err) CC_NODISCARD;

/* --- sessions (people_session.c) -------------------------------------------------------------- */

/* Refresh tokens begin with `user.session` and hold a mac of what they say. */
struct cc_str cc_people_mac(const struct cc_people *people, struct cc_arena *arena,
                            const struct cc_principal *who, struct cc_str rest);
struct cc_access_token_rules cc_people_token_rules(const struct cc_people *people);

/* CC_OK also where it has ended already. */
enum cc_code cc_people_session_delete(struct cc_people *people, struct cc_arena *arena,
                                      const struct cc_principal *who,
                                      struct cc_err *err) CC_NODISCARD;

/* --- codes (people_send.c) -------------------------------------------------------------------- */

/* Adds the job that sends the code of this proof, in the transaction that makes or renews it. */
enum cc_code cc_people_queue_code(const struct cc_people *people, struct cc_txn *txn,
                                  enum cc_proof_kind kind, const struct cc_proof *proof,
                                  struct cc_err *err) CC_NODISCARD;

/* --- functions of the interface that are the same for both (identity.h) ----------------------- */

enum cc_code cc_people_sessions(struct cc_identity *, struct cc_arena *, struct cc_str,
                                struct cc_sessions *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_people_session_end(struct cc_identity *, struct cc_arena *,
                                   const struct cc_principal *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_people_sessions_end_others(struct cc_identity *, struct cc_arena *,
                                           const struct cc_principal *,
                                           struct cc_err *) CC_NODISCARD;
enum cc_code cc_people_authenticate(struct cc_identity *, struct cc_arena *, struct cc_str,
                                    struct cc_principal *, struct cc_err *) CC_NODISCARD;
enum cc_code cc_people_send_code(struct cc_identity *, struct cc_arena *, const struct cc_job *,
                                 struct cc_sender *, struct cc_err *) CC_NODISCARD;

#endif
