/* identity/pool.h - a user pool of Cognito as we call it: one function an operation, and one table
 * that says what its exceptions are in our words. It knows no rules of ours and keeps nothing.
 *
 * Passwords, codes and tokens are read, wiped with the arena, and stand in no error.
 *
 * Each of these can return CC_UNAVAILABLE (throttled, not to be reached, or not configured as it
 * must be: the cause says which; nothing was done) and, where it changes something,
 * CC_OUTCOME_UNKNOWN. CC_TOO_MANY: the pool's own limit for this user. Strings live in the arena.
 */
#ifndef CC_IDENTITY_POOL_H
#define CC_IDENTITY_POOL_H

#include "login.h"

#include "../aws/aws.h"

struct cc_pool {
    struct cc_aws *aws;
    struct cc_str id;            /* "eu-central-1_Ab12Cd34e" */
    struct cc_str client_id;     /* of the app client */
    struct cc_str client_secret; /* absent: it has none */
    bool rotates;                /* the client makes a new refresh token with each refresh */
};

struct cc_pool_user {
    struct cc_str username;
    struct cc_str name;
    struct cc_str password;
    struct cc_identifier login; /* absent value: no address, so that no code is sent */
};

/* Makes an unconfirmed user, and has the pool send him a code. CC_EXISTS (err left alone): he is
 * there. CC_INVALID (/password, /name, /phone_number, /email; by the pool's rules). CC_NOT_FOUND,
 * CC_TOO_MANY: no code could be sent, or the address is absent and the pool wants one; the cause
 * says why. CC_UNAVAILABLE also where the pool would confirm him without a code. */
enum cc_code cc_pool_sign_up(struct cc_pool *pool, struct cc_arena *arena,
                             const struct cc_pool_user *user, struct cc_err *err) CC_NODISCARD;

/* CC_WRONG_CODE. CC_EXISTS (err left alone): he waits for no code (any more), or is not there. */
enum cc_code cc_pool_confirm(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str code, struct cc_err *err) CC_NODISCARD;

/* Has a code sent again. CC_NOT_FOUND: to this user none can be; where the pool tried, the cause
 * says why. */
enum cc_code cc_pool_resend(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                            struct cc_err *err) CC_NODISCARD;

/* The same with one for a new password. *attribute: where it went, "phone_number" or "email", as
 * far as the pool tells. */
enum cc_code cc_pool_forgot(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                            struct cc_str *attribute, struct cc_err *err) CC_NODISCARD;

/* CC_WRONG_CODE; CC_INVALID (/password). */
enum cc_code cc_pool_reset(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                           struct cc_str code, struct cc_str password,
                           struct cc_err *err) CC_NODISCARD;

/* CC_WRONG_CREDENTIALS: the old password; CC_UNAUTHORIZED: the token; CC_INVALID (/password). */
enum cc_code cc_pool_change_password(struct cc_pool *pool, struct cc_arena *arena,
                                     struct cc_str access_token, struct cc_str old_password,
                                     struct cc_str password, struct cc_err *err) CC_NODISCARD;

/* What comes of a sign-in: tokens, or a challenge. */
struct cc_pool_auth {
    struct cc_str access_token;  /* absent: a challenge */
    struct cc_str refresh_token; /* absent: the one that was sent stays good */
    int64_t expires_in_s;
    struct cc_str challenge; /* "SOFTWARE_TOKEN_MFA", "SMS_MFA", ...; absent: none */
    struct cc_str session;   /* to be given back with the answer */
};

/* CC_WRONG_CREDENTIALS: whatever of them is wrong, or he is disabled, not confirmed, locked out. */
enum cc_code cc_pool_sign_in(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str password, struct cc_pool_auth *out,
                             struct cc_err *err) CC_NODISCARD;

struct cc_pool_answer {
    struct cc_str username;
    struct cc_str challenge; /* as it was named */
    struct cc_str session;
    const char *parameter; /* "SOFTWARE_TOKEN_MFA_CODE", "SMS_MFA_CODE", ... */
    struct cc_str code;
};

/* CC_WRONG_CODE: it, or the session. */
enum cc_code cc_pool_answer(struct cc_pool *pool, struct cc_arena *arena,
                            const struct cc_pool_answer *in, struct cc_pool_auth *out,
                            struct cc_err *err) CC_NODISCARD;

/* CC_UNAUTHORIZED: it was revoked, has expired or was used before. */
enum cc_code cc_pool_refresh(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                             struct cc_str refresh_token, struct cc_pool_auth *out,
                             struct cc_err *err) CC_NODISCARD;

/* Ends the refresh token and the access tokens that came of it. CC_OK also if that was so. */
enum cc_code cc_pool_revoke(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str refresh_token, struct cc_err *err) CC_NODISCARD;

/* Ends all that was given to him whose access token it is. CC_UNAUTHORIZED: for this token the
 * pool does not do it (any more). */
enum cc_code cc_pool_sign_out(struct cc_pool *pool, struct cc_arena *arena,
                              struct cc_str access_token, struct cc_err *err) CC_NODISCARD;

/* What the pool holds of a person. */
struct cc_pool_person {
    struct cc_str username, sub;
    struct cc_str name, phone_number, email; /* absent: not there */
    bool phone_is_verified, email_is_verified;
    bool is_enabled;      /* these two are said by cc_pool_find only */
    struct cc_str status; /* "CONFIRMED", "UNCONFIRMED", "FORCE_CHANGE_PASSWORD", ... */
};

/* Whose access token it is. CC_UNAUTHORIZED. */
enum cc_code cc_pool_person(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str access_token, struct cc_pool_person *out,
                            struct cc_err *err) CC_NODISCARD;

/* Sets the name of him whose access token it is. CC_UNAUTHORIZED: by this token, or at all, it is
 * not to be had. */
enum cc_code cc_pool_rename(struct cc_pool *pool, struct cc_arena *arena,
                            struct cc_str access_token, struct cc_str name,
                            struct cc_err *err) CC_NODISCARD;

/* CC_NOT_FOUND. */
enum cc_code cc_pool_find(struct cc_pool *pool, struct cc_arena *arena, struct cc_str username,
                          struct cc_pool_person *out, struct cc_err *err) CC_NODISCARD;

enum cc_pool_action {
    CC_POOL_DELETE,   /* AdminDeleteUser */
    CC_POOL_DISABLE,  /* AdminDisableUser */
    CC_POOL_ENABLE,   /* AdminEnableUser */
    CC_POOL_SIGN_OUT, /* AdminUserGlobalSignOut: ends all that was given to him */
};

/* With the operator's rights. CC_NOT_FOUND: there is no such user. (DeleteUser is never called: it
 * takes an access token, and when an account goes that its owner gave up there is none any more.)
 */
enum cc_code cc_pool_act(struct cc_pool *pool, struct cc_arena *arena, enum cc_pool_action action,
                         struct cc_str username, struct cc_err *err) CC_NODISCARD;

#endif
