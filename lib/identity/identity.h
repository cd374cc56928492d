/* identity/identity.h - who somebody is: sign-up, confirmation, sign-in, sessions, tokens,
 * recovery. One interface, two implementations: local.c (accounts in the store) and cognito.c (with
 * a user pool of Cognito).
 *
 * Nothing here tells whether a number is registered: known and unknown get the same answer after
 * the same work. Nothing here sends: codes go into the store's queue (store/timer.h) and
 * cc_identity_send_code derives and sends them after the answer. */
#ifndef CC_IDENTITY_IDENTITY_H
#define CC_IDENTITY_IDENTITY_H

#include "budget.h"
#include "profile.h"

#include "../notify/notify.h"
#include "../store/store.h"
#include "../store/timer.h"

#define CC_CHALLENGE_METHODS_MAX 3

/* Every number an operator may turn; the fallbacks stand in app/keys.c. */
struct cc_identity_config {
    struct cc_str keys;      /* folder of the keys (keys.h), and of the lock that bounds hashing */
    struct cc_str issuer;    /* iss: the public URL */
    struct cc_str client_id; /* client_id claim */
    int64_t access_token_s;
    int64_t session_idle_s;       /* a session not refreshed for that long ends */
    int64_t session_memory_s;     /* that a session was there is good for so long; 0: not at all */
    int64_t refresh_grace_s;      /* 60 */
    int64_t sessions_max;         /* 50 a user; the oldest goes */
    int64_t code_lifetime_s;      /* 600 */
    int64_t code_tries;           /* 5 */
    struct cc_strs resend_after;  /* 30, 60, 120, 300 (seconds) */
    int64_t sign_up_number_day;   /* 5 */
    int64_t sign_up_address_hour; /* 20 */
    int64_t recover_number_day;
    int64_t recover_address_hour;
    int64_t wrong_passwords_day; /* 100 a number, from addresses that never signed in there */
    int64_t wrong_passwords_address_hour; /* from one address, whatever the numbers: 300 */
    int64_t wrong_password_delay_max_s;   /* 1, 2, 4, ... up to this: 900 */
    int64_t known_address_s; /* how long an address counts as one that signed in: 180 days */
    int64_t password_min, password_max;
    int64_t argon2_memory_kib, argon2_passes;
    int64_t argon2_parallel; /* at once on the whole host: 2 */
    int64_t argon2_queue;    /* waiting beyond that: 429 */
    struct cc_budget_config budget;
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
};

struct cc_identity {
    const struct cc_identity_ops *ops; /* first member of each implementation */
};

/* A phone number or an e-mail address: exactly one is present. */
struct cc_login {
    struct cc_str phone_number;
    struct cc_str email;
};

struct cc_sign_up {
    struct cc_str name;
    struct cc_login login;
    struct cc_str password;
    struct cc_str address; /* of the client, for the throttle */
};

/* A sign-up to be confirmed, or a recovery under way. */
struct cc_pending {
    struct cc_str id;
    int64_t resend_after_s;
    int64_t expires_in_s;
};

struct cc_confirm {
    struct cc_str id; /* of the pending account */
    struct cc_str code;
};

struct cc_resend {
    struct cc_str id;
    struct cc_str channel; /* "sms", "email"; absent: the one that fits */
    struct cc_str address; /* of the client, for the budget */
};

struct cc_forgot {
    struct cc_login login;
    struct cc_str address;
};

struct cc_reset {
    struct cc_str id; /* of the recovery */
    struct cc_str code;
    struct cc_str password; /* the new one */
    struct cc_str address;
};

struct cc_sign_in {
    struct cc_login login;
    struct cc_str password;
    struct cc_str device_name;
    struct cc_str address;
};

struct cc_tokens {
    struct cc_str access_token;
    struct cc_str refresh_token;
    struct cc_str session_id;
    int64_t expires_in_s;
};

/* A right password is not enough: something else is asked for. */
struct cc_challenge {
    struct cc_str id; /* absent: nothing is */
    /* by which it may be answered: "totp", "sms"; ended by NULL */
    const char *methods[CC_CHALLENGE_METHODS_MAX + 1];
};

struct cc_signed_in {
    struct cc_tokens tokens;       /* unless there is a challenge */
    struct cc_challenge challenge; /* else its id is absent */
};

struct cc_answer {
    struct cc_str id;     /* of the challenge */
    struct cc_str method; /* one of those that it named */
    struct cc_str code;
    struct cc_str address;
};

struct cc_session {
    struct cc_str id;
    struct cc_str device_name;
    int64_t created_ms;
    int64_t seen_ms;
};

struct cc_sessions {
    const struct cc_session *at;
    size_t count;
};

struct cc_principal {
    struct cc_str user;
    struct cc_str session;
};

struct cc_sign_out {
    struct cc_principal who;
    struct cc_str access_token;  /* by which the caller was known */
    struct cc_str refresh_token; /* of the caller's cookie; absent: not known */
    bool everywhere;             /* on all devices, not on this one alone */
};

struct cc_change_password {
    struct cc_principal who;
    struct cc_str access_token; /* by which the caller was known */
    struct cc_str old_password;
    struct cc_str password;
};

struct cc_rename {
    struct cc_principal who;
    struct cc_str access_token; /* by which the caller was known */
    struct cc_str name;         /* clean, as in a profile */
};

struct cc_jwks {
    struct cc_str json; /* RFC 7517 */
    struct cc_str tag;  /* changes with the document: for ETag */
};

/* For all of these: what they answer lives in `arena`; several threads may call at once, each with
 * its own arena; passwords, codes and tokens are read, not kept. Besides the codes named, each can
 * return what cc_store_run returns. A wrong field is CC_INVALID with its pointer. CC_TOO_MANY comes
 * with the seconds to wait. */

/* Makes a pending account and queues its code. The same for a number that is taken: that pending
 * never matches, and the number's owner is told. CC_INVALID, CC_TOO_MANY. */
enum cc_code cc_identity_sign_up(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_sign_up *in, struct cc_pending *out,
                                 struct cc_err *err) CC_NODISCARD;

/* Makes the account. CC_WRONG_CODE: wrong, expired, used or never sent. CC_CONFLICT: the code was
 * right, but another pending account of this number was confirmed first. */
enum cc_code cc_identity_confirm(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_confirm *in, struct cc_err *err) CC_NODISCARD;

/* Queues the same code again; its lifetime and its tries stay as they are. CC_OK also when there is
 * no such pending account (any more). CC_TOO_MANY, CC_INVALID (a channel that does not fit). */
enum cc_code cc_identity_resend(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_resend *in, int64_t *resend_after_s,
                                struct cc_err *err) CC_NODISCARD;

/* Opens a session, or gives the challenge that stands before it. CC_WRONG_CREDENTIALS after the
 * same work for known and unknown numbers; CC_TOO_MANY, CC_INVALID. */
enum cc_code cc_identity_sign_in(struct cc_identity *self, struct cc_arena *arena,
                                 const struct cc_sign_in *in, struct cc_signed_in *out,
                                 struct cc_err *err) CC_NODISCARD;

/* Answers a challenge: opens the session, or gives the next one. CC_WRONG_CODE: wrong, expired or
 * used, or there is no such challenge. CC_TOO_MANY. */
enum cc_code cc_identity_answer(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_answer *in, struct cc_signed_in *out,
                                struct cc_err *err) CC_NODISCARD;

/* Turns a refresh token into its successor and a new access token. The previous one gives the same
 * successor for refresh_grace_s; used later, or an older one, it ends the session. With a pool both
 * are as its client is set: it rotates, or the token stays the same. CC_UNAUTHORIZED. */
enum cc_code cc_identity_refresh(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str refresh_token, struct cc_tokens *out,
                                 struct cc_err *err) CC_NODISCARD;

/* Ends this session, or all of who->user's and this one with them; their access tokens are refused
 * from then on. A sign-in at the same moment comes either before, and its session ends, or after.
 * CC_OK also if it was over. With a pool whatever it gave him ends there as well, now or by a job;
 * CC_OUTCOME_UNKNOWN: there it has ended, and here not yet. */
enum cc_code cc_identity_sign_out(struct cc_identity *self, struct cc_arena *arena,
                                  const struct cc_sign_out *in, struct cc_err *err) CC_NODISCARD;

/* Begins a recovery. The answer and the work are the same whoever owns the number, or nobody.
 * CC_INVALID, CC_TOO_MANY. */
enum cc_code cc_identity_forgot(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_forgot *in, struct cc_pending *out,
                                struct cc_err *err) CC_NODISCARD;

/* Sets a new password and ends every session. CC_WRONG_CODE as with confirm; CC_INVALID (the
 * password; the code is not used up), CC_TOO_MANY. */
enum cc_code cc_identity_reset(struct cc_identity *self, struct cc_arena *arena,
                               const struct cc_reset *in, struct cc_err *err) CC_NODISCARD;

/* Sets a new password and ends all sessions but this one. CC_WRONG_CREDENTIALS (old_password),
 * CC_UNAUTHORIZED (the session ended meanwhile), CC_INVALID, CC_TOO_MANY. */
enum cc_code cc_identity_change_password(struct cc_identity *self, struct cc_arena *arena,
                                         const struct cc_change_password *in,
                                         struct cc_err *err) CC_NODISCARD;

/* Tells a pool the name that somebody is about to have; without one there is nothing to tell. It
 * comes before the commit that puts the name into his profile (chat/), which alone is shown: so
 * CC_UNAVAILABLE and CC_OUTCOME_UNKNOWN mean that here nothing has changed, and what a pool knows
 * too early does no harm, since its name is read only when somebody is taken over. A pool that does
 * not take it from this token (it was revoked, or its scope or the client's rights are too narrow)
 * is no reason for keeping the old name: the log says so, and it is CC_OK. */
enum cc_code cc_identity_rename(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_rename *in, struct cc_err *err) CC_NODISCARD;

/* A user's sessions, the latest used first. */
enum cc_code cc_identity_sessions(struct cc_identity *self, struct cc_arena *arena,
                                  struct cc_str user, struct cc_sessions *out,
                                  struct cc_err *err) CC_NODISCARD;

/* Ends one session of this user. CC_NOT_FOUND: he has no such session. */
enum cc_code cc_identity_session_end(struct cc_identity *self, struct cc_arena *arena,
                                     const struct cc_principal *which,
                                     struct cc_err *err) CC_NODISCARD;

/* Ends all sessions of who->user but who->session. */
enum cc_code cc_identity_sessions_end_others(struct cc_identity *self, struct cc_arena *arena,
                                             const struct cc_principal *who,
                                             struct cc_err *err) CC_NODISCARD;

/* Whose access token this is. The token's signature may be remembered; the session is looked up
 * each time. CC_UNAUTHORIZED. */
enum cc_code cc_identity_authenticate(struct cc_identity *self, struct cc_arena *arena,
                                      struct cc_str token, struct cc_principal *out,
                                      struct cc_err *err) CC_NODISCARD;

/* The public keys by which our access tokens can be checked. */
enum cc_code cc_identity_jwks(struct cc_identity *self, struct cc_arena *arena, struct cc_jwks *out,
                              struct cc_err *err) CC_NODISCARD;

/* Does a job of kind CC_JOB_CODE: derives the code and gives it to `sender`. CC_OK also when there
 * is nothing to send any more. Otherwise what the sender said (cc_sender_send). */
#define CC_JOB_CODE "code"
enum cc_code cc_identity_send_code(struct cc_identity *self, struct cc_arena *arena,
                                   const struct cc_job *job, struct cc_sender *sender,
                                   struct cc_err *err) CC_NODISCARD;

/* Does a job of kind CC_JOB_POOL: what has to follow, at a user pool, from what was committed.
 * CC_INVALID: there is no pool. CC_UNAVAILABLE: try again later. */
#define CC_JOB_POOL "pool"
enum cc_code cc_identity_do_job(struct cc_identity *self, struct cc_arena *arena,
                                const struct cc_job *job, struct cc_err *err) CC_NODISCARD;

/* --- what an operator does with an account (account.h finds it) -------------------------------
 *
 * Doing one twice is the same as doing it once; after a failure it can be done again. Sessions of
 * the user end with it: at once, and within session_memory_s where that is not 0. CC_NOT_FOUND:
 * there is no such account; CC_CONFLICT: it is being removed. */

/* Nobody signs in to it, as if every password were wrong, nor gets a new password. */
enum cc_code cc_identity_disable(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str user, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_identity_enable(struct cc_identity *self, struct cc_arena *arena,
                                struct cc_str user, struct cc_err *err) CC_NODISCARD;

/* Ends all his sessions; he may sign in again. */
enum cc_code cc_identity_end_all(struct cc_identity *self, struct cc_arena *arena,
                                 struct cc_str user, struct cc_err *err) CC_NODISCARD;

/* From `begin` on nobody signs in to it, and a job of kind CC_JOB_REMOVAL stands in the queue, for
 * the case that whoever began does not come to the end. `end` removes whatever tells who that was:
 * the account (also at a pool), the profile; number and address are free. CC_OK also where there is
 * no such account (any more). */
#define CC_JOB_REMOVAL "removal"
enum cc_code cc_identity_remove_begin(struct cc_identity *self, struct cc_arena *arena,
                                      struct cc_str user, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_identity_remove_end(struct cc_identity *self, struct cc_arena *arena,
                                    struct cc_str user, struct cc_err *err) CC_NODISCARD;

void cc_identity_close(struct cc_identity *self); /* NULL is allowed */

/* --- implementations -------------------------------------------------------------------------- */

struct cc_identity_ops {
    enum cc_code (*sign_up)(struct cc_identity *, struct cc_arena *, const struct cc_sign_up *,
                            struct cc_pending *, struct cc_err *);
    enum cc_code (*confirm)(struct cc_identity *, struct cc_arena *, const struct cc_confirm *,
                            struct cc_err *);
    enum cc_code (*resend)(struct cc_identity *, struct cc_arena *, const struct cc_resend *,
                           int64_t *, struct cc_err *);
    enum cc_code (*sign_in)(struct cc_identity *, struct cc_arena *, const struct cc_sign_in *,
                            struct cc_signed_in *, struct cc_err *);
    enum cc_code (*answer)(struct cc_identity *, struct cc_arena *, const struct cc_answer *,
                           struct cc_signed_in *, struct cc_err *);
    enum cc_code (*refresh)(struct cc_identity *, struct cc_arena *, struct cc_str,
                            struct cc_tokens *, struct cc_err *);
    enum cc_code (*sign_out)(struct cc_identity *, struct cc_arena *, const struct cc_sign_out *,
                             struct cc_err *);
    enum cc_code (*forgot)(struct cc_identity *, struct cc_arena *, const struct cc_forgot *,
                           struct cc_pending *, struct cc_err *);
    enum cc_code (*reset)(struct cc_identity *, struct cc_arena *, const struct cc_reset *,
                          struct cc_err *);
    enum cc_code (*change_password)(struct cc_identity *, struct cc_arena *,
                                    const struct cc_change_password *, struct cc_err *);
    enum cc_code (*rename)(struct cc_identity *, struct cc_arena *, const struct cc_rename *,
                           struct cc_err *);
    enum cc_code (*sessions)(struct cc_identity *, struct cc_arena *, struct cc_str,
                             struct cc_sessions *, struct cc_err *);
    enum cc_code (*session_end)(struct cc_identity *, struct cc_arena *,
                                const struct cc_principal *, struct cc_err *);
    enum cc_code (*sessions_end_others)(struct cc_identity *, struct cc_arena *,
                                        const struct cc_principal *, struct cc_err *);
    enum cc_code (*authenticate)(struct cc_identity *, struct cc_arena *, struct cc_str,
                                 struct cc_principal *, struct cc_err *);
    enum cc_code (*jwks)(struct cc_identity *, struct cc_arena *, struct cc_jwks *,
                         struct cc_err *);
    enum cc_code (*send_code)(struct cc_identity *, struct cc_arena *, const struct cc_job *,
                              struct cc_sender *, struct cc_err *);
    enum cc_code (*do_job)(struct cc_identity *, struct cc_arena *, const struct cc_job *,
                           struct cc_err *);
    enum cc_code (*disable)(struct cc_identity *, struct cc_arena *, struct cc_str,
                            struct cc_err *);
    enum cc_code (*enable)(struct cc_identity *, struct cc_arena *, struct cc_str, struct cc_err *);
    enum cc_code (*end_all)(struct cc_identity *, struct cc_arena *, struct cc_str,
                            struct cc_err *);
    enum cc_code (*remove_begin)(struct cc_identity *, struct cc_arena *, struct cc_str,
                                 struct cc_err *);
    enum cc_code (*remove_end)(struct cc_identity *, struct cc_arena *, struct cc_str,
                               struct cc_err *);
    void (*close)(struct cc_identity *);
};

/* Accounts in `store`. What `config` points at and the store must outlive it. Makes the keys where
 * there are none (keys.h). CC_INVALID: the configuration or the key folder is not usable, the
 * detail says why; CC_UNAVAILABLE. */
enum cc_code cc_identity_open_local(const struct cc_identity_config *config, struct cc_store *store,
                                    struct cc_identity **out, struct cc_err *err) CC_NODISCARD;

struct cc_aws;
struct cc_net;

struct cc_cognito_config {
    struct cc_aws *aws; /* cognito-idp of the pool's region */
    struct cc_net *net; /* by which its keys are fetched */
    struct cc_str pool; /* "eu-central-1_Ab12Cd34e" */
    struct cc_str client_id;
    struct cc_str client_secret; /* absent: it has none */
    struct cc_str issuer;        /* iss of its tokens */
    struct cc_str keys_url;      /* of its JWKS document */
    bool rotates;                /* the client makes a new refresh token with each refresh */
    bool existing_people;        /* who is in the pool by his phone number is taken over */
    bool tells_owners;           /* there is a sender, by which owners of taken numbers are told */
};

/* Accounts in `store`, passwords and tokens in a pool. What both configurations point at and the
 * store must outlive it; of `config` the issuer and the client are not used. Asks the pool for
 * nothing yet. Codes as above. */
enum cc_code cc_identity_open_cognito(const struct cc_identity_config *config,
                                      const struct cc_cognito_config *pool, struct cc_store *store,
                                      struct cc_identity **out, struct cc_err *err) CC_NODISCARD;

#endif
