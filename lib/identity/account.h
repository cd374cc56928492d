/* identity/account.h - people's accounts as an operator sees them, and what the store holds of them
 * when he disables or removes one. What else an identity has to do about it (a pool knows its
 * users, too) is the business of its functions in identity.h. */
#ifndef CC_IDENTITY_ACCOUNT_H
#define CC_IDENTITY_ACCOUNT_H

#include "identity.h"

/* Whether somebody may sign in. Who is disabled, or being removed, gets the answer of a wrong
 * password; of the two only the first can be undone. */
enum cc_account_state { CC_ACCOUNT_ACTIVE, CC_ACCOUNT_DISABLED, CC_ACCOUNT_REMOVING };
extern const char *const cc_account_state_names[]; /* as stored and shown; ended by NULL */

struct cc_account {
    struct cc_profile profile; /* only `user`, where the rest is gone already */
    int state;                 /* enum cc_account_state */
    struct cc_sessions sessions;
    size_t session_count;
};

/* How an operator names somebody: by exactly one of these. */
struct cc_who {
    struct cc_str user;
    struct cc_login login;
};

/* Reads "+4915...", an address, or an id; `out` borrows from the text. NULL, or why it is none of
 * these, for a person. */
const char *cc_who_read(struct cc_str text, struct cc_who *out);

/* CC_NOT_FOUND: nobody; the detail says so. Else as cc_store_view. */
enum cc_code cc_account_find(struct cc_store *store, struct cc_arena *arena,
                             const struct cc_who *who, struct cc_account *out,
                             struct cc_err *err) CC_NODISCARD;

/* Gives fn all accounts, however many, in any order. An account has no `sessions` here, but their
 * number, and is good until fn returns; what fn refuses ends it. As cc_store_walk, which says what
 * it costs. */
typedef enum cc_code cc_account_fn(const struct cc_account *account, void *arg, struct cc_err *err);
enum cc_code cc_account_walk(struct cc_store *store, cc_account_fn *fn, void *arg,
                             struct cc_err *err) CC_NODISCARD;

/* --- for implementations of identity.h --------------------------------------------------------
 *
 * Codes as cc_store_run, and CC_NOT_FOUND: there is no such account. Doing one twice is the same as
 * doing it once. A sign-in, a refresh or a new password at the same moment comes either before, and
 * what it gave ends here, or after, and is refused. */

/* Ends all sessions, and lets nobody sign in until it is enabled again. CC_CONFLICT: it is being
 * removed. */
enum cc_code cc_account_disable(struct cc_store *store, struct cc_arena *arena, struct cc_str user,
                                struct cc_err *err) CC_NODISCARD;
enum cc_code cc_account_enable(struct cc_store *store, struct cc_arena *arena, struct cc_str user,
                               struct cc_err *err) CC_NODISCARD;
enum cc_code cc_account_end_sessions(struct cc_store *store, struct cc_arena *arena,
                                     struct cc_str user, struct cc_err *err) CC_NODISCARD;

/* As cc_identity_remove_begin and _end; CC_OK also where there is nothing (any more). */
enum cc_code cc_account_remove_begin(struct cc_store *store, struct cc_arena *arena,
                                     struct cc_str user, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_account_remove_end(struct cc_store *store, struct cc_arena *arena,
                                   struct cc_str user, struct cc_err *err) CC_NODISCARD;

/* Whose removal a job of kind CC_JOB_REMOVAL is to finish. */
enum cc_code cc_account_of_job(struct cc_arena *arena, const struct cc_job *job,
                               struct cc_str *user, struct cc_err *err) CC_NODISCARD;

#endif
