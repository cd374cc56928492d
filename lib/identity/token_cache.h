/* identity/token_cache.h - access tokens that were verified, by their SHA-256, until they expire:
 * a signature costs fifty times what a look here does. When its session was last found in the store
 * is noted beside it; how long that is good for is the caller's to say. Bounded, and safe for
 * several threads. */
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

/* Notes that the session of that token was there now, and asks whether it was, less than age_ms
 * ago. `now_ms` is the steady clock's. */
void cc_token_cache_note_session(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                                 int64_t now_ms);
bool cc_token_cache_had_session(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                                int64_t now_ms, int64_t age_ms);

#endif
