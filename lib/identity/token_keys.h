/* identity/token_keys.h - the public keys by which access tokens are checked, wherever they come
 * from: the keys in our folder (keyring.h), or those that a user pool publishes (pool_keys.h). */
#ifndef CC_IDENTITY_TOKEN_KEYS_H
#define CC_IDENTITY_TOKEN_KEYS_H

#include "../base/arena.h"
#include "../base/str.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* An RSA key for RS256, and for nothing else. In the caller's arena. */
struct cc_token_key {
    struct cc_str kid;
    struct cc_str pem;       /* private (wiped with the arena) or public, as asked for */
    struct evp_pkey_st *key; /* the same, as OpenSSL has it; the arena gives it back */
};

/* Whether it can be the name of a key at all: 1 to 128 printable bytes of ASCII, no space (those of
 * Cognito are base64, with '=' behind). */
#define CC_TOKEN_KID_BYTES_MAX 128
bool cc_token_kid_is_wellformed(struct cc_str kid);

struct cc_token_keys {
    const struct cc_token_keys_ops *ops; /* first member of each implementation */
};

struct cc_token_keys_ops {
    enum cc_code (*find)(struct cc_token_keys *, struct cc_arena *, struct cc_str kid,
                         struct cc_token_key *, struct cc_err *);
    uint64_t (*generation)(struct cc_token_keys *);
};

/* The public key of that name, if it is valid now. Not in a transaction: it
 * may have to be fetched. CC_UNAUTHORIZED: there is none. CC_UNAVAILABLE: none that we know, but
 * what there is could not be asked for. Safe for several threads, as is the next. */
enum cc_code cc_token_keys_find(struct cc_token_keys *keys, struct cc_arena *arena,
                                struct cc_str kid, struct cc_token_key *out,
                                struct cc_err *err) CC_NODISCARD;

/* Changes when a key comes or goes. */
uint64_t cc_token_keys_generation(struct cc_token_keys *keys);

/* --- for the implementations: an RSA key as others have it ------------------------------------ */

/* SubjectPublicKeyInfo in PEM; absent without memory. */
struct cc_str cc_token_key_pem(struct cc_arena *arena, struct evp_pkey_st *key);

/* Makes `*out` of a key that its owner keeps: it outlives him. Without the PEM. */
void cc_token_key_lend(struct cc_arena *arena, struct cc_str kid, struct evp_pkey_st *key,
                       struct cc_token_key *out);

#endif
