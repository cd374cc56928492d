/* identity/identity.h - who somebody is: sign-up, confirmation, sign-in, sessions, tokens,
 * recovery. One interface, two implementations: local.c (accounts in the store) and, later,
 * cognito.c.
 *
 * Nothing here tells whether a number is registered: known and unknown get the same answer after
 * the same work. Nothing here sends: codes go into the store's queue (store/timer.h) and
 * cc_identity_send_code derives and sends them after the answer. */
#ifndef CC_IDENTITY_IDENTITY_H
#define CC_IDENTITY_IDENTITY_H

#include "limit.h"
#include "profile.h"

#include "../notify/notify.h"
#include "../store/store.h"
#include "../store/timer.h"

/* Every number an operator may turn; the fallbacks stand in app/keys.c. */
struct cc_identity_config {
    struct cc_str keys;      /* folder of signing keys, 0700; each file 0600 */
    struct cc_str issuer;    /* iss: the public URL */
    struct cc_str client_id; /* client_id claim */
    int64_t access_token_s;
    int64_t session_idle_s;       /* a session not refreshed for that long ends */
    int64_t refresh_grace_s;      /* 60 */
    int64_t sessions_max;         /* 50 a user; the oldest goes */
    int64_t code_lifetime_s;      /* 600 */
    int64_t code_tries;           /* 5 */
    struct cc_strs resend_after;  /* 30, 60, 120, 300 (seconds) */
    int64_t sign_up_number_day;   /* 5 */
    int64_t sign_up_address_hour; /* 20 */
    int64_t recover_number_day;
    int64_t recover_address_hour;
    int64_t wrong_passwords_day; /* 100 */
    int64_t password_min, password_max;
    int64_t argon2_memory_kib, argon2_passes;
    int64_t argon2_parallel; /* at once on the whole host: 2 */
    int64_t argon2_queue;    /* waiting beyond that: 429 */
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

struct cc_pending {
    struct cc_str id;
    int64_t resend_after_s;
    int64_t expires_in_s;
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

struct cc_session {
    struct cc_str id;
    struct cc_str device_name;
    int64_t created_ms;
    int64_t seen_ms;
};

struct cc_principal {
    struct cc_str user;
    struct cc_str session;
};

/* The functions of this interface (cc_identity_sign_up, _confirm, _resend, _sign_in, _refresh,
 * _sign_out, _forgot, _reset, _change_password, _sessions, _session_end, _sessions_end_others,
 * _authenticate, _jwks, _send_code) follow; see below. */

#endif
