/* identity/keyring.h - the signing keys as a running program holds them. A key that `cloudchat keys
 * rotate` adds is noticed without a restart. Safe for several threads. */
#ifndef CC_IDENTITY_KEYRING_H
#define CC_IDENTITY_KEYRING_H

#include "identity.h"
#include "keys.h"
#include "token_keys.h"

struct cc_keyring;

/* What `folder` points at must outlive it. CC_INVALID: a key is damaged, or none is there. */
enum cc_code cc_keyring_open(const struct cc_keys_folder *folder, const struct cc_log *log,
                             struct cc_keyring **out, struct cc_err *err) CC_NODISCARD;
void cc_keyring_close(struct cc_keyring *ring); /* NULL is allowed */

/* The private key that signs now. */
void cc_keyring_current(struct cc_keyring *ring, struct cc_arena *arena, struct cc_token_key *out);

/* The public keys. CC_UNAVAILABLE of cc_token_keys_find: the folder could not be looked into. Lives
 * as long as the ring. */
struct cc_token_keys *cc_keyring_public(struct cc_keyring *ring);

/* The public keys that are valid now. */
void cc_keyring_jwks(struct cc_keyring *ring, struct cc_arena *arena, struct cc_jwks *out);

#endif
