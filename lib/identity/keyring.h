/* identity/keyring.h - the signing keys as a running program holds them. A key that `cloudchat keys
 * rotate` adds is noticed without a restart. Safe for several threads. */
#ifndef CC_IDENTITY_KEYRING_H
#define CC_IDENTITY_KEYRING_H

#include "identity.h"
#include "keys.h"

struct cc_keyring;
struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* In the caller's arena. */
struct cc_keyring_key {
    struct cc_str kid;
    struct cc_str pem;       /* private (wiped with the arena) or public, as asked for */
    struct evp_pkey_st *key; /* the same, as OpenSSL has it; the arena gives it back */
};

/* What `folder` points at must outlive it. CC_INVALID: a key is damaged, or none is there. */
enum cc_code cc_keyring_open(const struct cc_keys_folder *folder, const struct cc_log *log,
                             struct cc_keyring **out, struct cc_err *err) CC_NODISCARD;
void cc_keyring_close(struct cc_keyring *ring); /* NULL is allowed */

/* The private key that signs now. */
void cc_keyring_current(struct cc_keyring *ring, struct cc_arena *arena,
                        struct cc_keyring_key *out);

/* The public key of that name, if it is still valid. CC_UNAUTHORIZED: there is none.
 * CC_UNAVAILABLE: none that we know, but the folder could not be looked into. */
enum cc_code cc_keyring_find(struct cc_keyring *ring, struct cc_arena *arena, struct cc_str kid,
                             struct cc_keyring_key *out, struct cc_err *err) CC_NODISCARD;

/* The public keys that are valid now. */
void cc_keyring_jwks(struct cc_keyring *ring, struct cc_arena *arena, struct cc_jwks *out);

/* Changes when a key comes or goes. */
uint64_t cc_keyring_generation(struct cc_keyring *ring);

#endif
