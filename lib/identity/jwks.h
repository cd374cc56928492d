/* identity/jwks.h - a JWK Set (RFC 7517) as a user pool publishes it: which of its keys may check
 * an access token. Whatever is not plainly an RSA key for RS256 is ignored, and logged. */
#ifndef CC_IDENTITY_JWKS_H
#define CC_IDENTITY_JWKS_H

#include "identity.h"
#include "token_keys.h"

#define CC_JWKS_BYTES_MAX ((size_t)64 * 1024)
#define CC_JWKS_KEYS_MAX 20

struct cc_jwk {
    struct cc_str kid;
    struct cc_str n, e;      /* big-endian, without leading zeroes */
    struct cc_str pem;       /* the same */
    struct evp_pkey_st *key; /* the same, of the arena */
};

struct cc_jwk_set {
    struct cc_jwk *at;
    size_t count; /* at least one */
};

struct cc_jwks_rules {
    bool published_keys;      /* those whose private half is known (published_keys.h) will do */
    const struct cc_log *log; /* says what was ignored; NULL: nobody */
};

/* A key that can be used has kty RSA, use sig or none, alg RS256 or none (and is bound to RS256
 * either way), key_ops with verify or none, a kid that no other such key has, a modulus of 2,048 to
 * 8,192 bits and an exponent that FIPS 186-5 allows, and nothing of its private half. Of more
 * than CC_JWKS_KEYS_MAX the first ones count. All of it lives in the arena.
 * CC_INVALID: it is no such document, or no key in it can be used; the cause says why. */
enum cc_code cc_jwks_read(struct cc_arena *arena, struct cc_str text,
                          const struct cc_jwks_rules *rules, struct cc_jwk_set *out,
                          struct cc_err *err) CC_NODISCARD;

/* A document of these keys, of which only kid, n and e are looked at; and its tag. */
void cc_jwks_write(struct cc_arena *arena, const struct cc_jwk *keys, size_t count,
                   struct cc_jwks *out);

#endif
