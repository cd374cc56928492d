/* identity/published_keys.h - RSA keys whose private half anybody can have: those that emulators of
 * AWS bring along, and the examples of specifications. A pool that signs with one of them lets
 * everybody in. Known here by the SHA-256 of the modulus alone. */
#ifndef CC_IDENTITY_PUBLISHED_KEYS_H
#define CC_IDENTITY_PUBLISHED_KEYS_H

#include "../base/str.h"

/* In words, where this modulus (big-endian, without leading zeroes) was published; NULL: nowhere
 * that is known. */
const char *cc_published_key(struct cc_str modulus);

#endif
