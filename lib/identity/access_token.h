/* identity/access_token.h - access tokens: RS256 JSON Web Tokens that look like Amazon Cognito's.
 *
 * libjwt signs them and checks the signature, and is trusted with nothing else: version 1.10
 * accepts HS256 keyed with a public key, expired tokens, and no key at all. What must hold before
 * and after it stands in access_token.c; tests/unit/identity/access_token_test.c attacks it. */
#ifndef CC_IDENTITY_ACCESS_TOKEN_H
#define CC_IDENTITY_ACCESS_TOKEN_H

#include "keyring.h"
#include "token_keys.h"

#define CC_ACCESS_TOKEN_BYTES_MAX 4096

struct cc_claims {
    struct cc_str user;     /* our user id: sub, username */
    struct cc_str session;  /* origin_jti: Cognito's name for what a refresh token began */
    struct cc_str token;    /* jti */
    struct cc_str event;    /* event_id */
    int64_t signed_in_s;    /* auth_time */
    int64_t issued_s;       /* iat */
    int64_t expires_s;      /* exp: not valid from then on */
    struct cc_str username; /* of a pool's token: by which the pool knows him */
    struct cc_str sub;      /* likewise: the pool's own name for him, never given to another */
};

/* What a token must say to be ours. */
struct cc_access_token_rules {
    struct cc_str issuer;
    struct cc_str client_id;
    int64_t now_s;
    /* It comes from a user pool: `sub` is the pool's own name for the user. Whose username is our
     * user id is that user; whose username is a phone number has his `sub` for an id. */
    bool of_pool;
};

/* Signs with the current key. */
enum cc_code cc_access_token_sign(struct cc_arena *arena, struct cc_keyring *ring,
                                  const struct cc_access_token_rules *rules,
                                  const struct cc_claims *claims, struct cc_str *token,
                                  struct cc_err *err) CC_NODISCARD;

/* Not in a transaction (token_keys.h). CC_UNAUTHORIZED: it is not ours, or not now; the cause says
 * why, the client is not told. CC_UNAVAILABLE: it cannot be said now. */
enum cc_code cc_access_token_verify(struct cc_arena *arena, struct cc_token_keys *keys,
                                    const struct cc_access_token_rules *rules, struct cc_str token,
                                    struct cc_claims *claims, struct cc_err *err) CC_NODISCARD;

#endif
