/* identity/token_cache.h - access tokens that were verified, by their SHA-256, until they expire:
 * a signature costs fifty times what a look here does. It says nothing about the session, which is
 * looked up each time. Bounded, and safe for several threads. */
#ifndef CC_IDENTITY_TOKEN_CACHE_H
#define CC_IDENTITY_TOKEN_CACHE_H

#include "identity.h"

#include "../base/digest.h"

struct cc_token_cache;

struct cc_token_cache_key {
    unsigned char digest[CC_SHA256_SIZE]; /* of the whole token */
    uint64_t generation; /* of the key ring: a key that went takes its tokens with it */
};

struct cc_token_cache *cc_token_cache_open(void); /* never NULL */
void cc_token_cache_close(struct cc_token_cache *cache);

/* The principal is a copy in the arena. */
bool cc_token_cache_find(struct cc_token_cache *cache, struct cc_arena *arena,
                         const struct cc_token_cache_key *key, int64_t now_s,
                         struct cc_principal *out);
void cc_token_cache_add(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                        const struct cc_principal *who, int64_t expires_s);

#endif
