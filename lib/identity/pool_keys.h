/* identity/pool_keys.h - the keys by which a user pool signs, as a running program holds them: it
 * asks the pool for them, and keeps what it answered in a file beside our own keys. All processes
 * of a host share that file, those of plain CGI as well.
 *
 * Anybody can name a key that does not exist, and each time there is reason to ask again: so the
 * pool is asked once in five minutes at most, by all threads and processes together and whether or
 * not it answers. It is noted first and asked then; what cannot be noted is not asked. Keys that we
 * have are good for as long as the pool says nothing else. After a day they are asked for anew. */
#ifndef CC_IDENTITY_POOL_KEYS_H
#define CC_IDENTITY_POOL_KEYS_H

#include "identity.h"
#include "token_keys.h"

struct cc_net;

#define CC_POOL_KEYS_EVERY_MS INT64_C(300000)
/* While there is no key at all nobody can be let in, so it is tried again sooner. */
#define CC_POOL_KEYS_BARE_MS INT64_C(15000)
#define CC_POOL_KEYS_OLD_MS INT64_C(86400000)

struct cc_pool_keys_config {
    struct cc_str folder; /* of our keys (keys.h): there already, and nobody else's */
    /* Of the document: https, or http on this machine. Where it is on this machine, keys that
     * emulators publish with their private halves will do. */
    struct cc_str url;
    struct cc_net *net; /* this and the next two must outlive it */
    const struct cc_clock *clock;
    const struct cc_log *log;
};

/* Asks for nothing yet. Copies the strings. CC_INVALID: the URL will not do. */
enum cc_code cc_pool_keys_open(const struct cc_pool_keys_config *config, struct cc_token_keys **out,
                               struct cc_err *err) CC_NODISCARD;
void cc_pool_keys_close(struct cc_token_keys *keys); /* NULL is allowed */

/* What cc_token_keys_find of these can say beside CC_OK:
 * CC_UNAUTHORIZED: the pool has answered within five minutes, and has no such key.
 * CC_UNAVAILABLE: it has not, or is being asked by somebody else just now. Who finds no key at all
 *   waits for that, for some seconds. */

/* The keys that we have, as a document; the pool is asked only if there are none, within the same
 * limits. CC_UNAVAILABLE: there are none yet. */
enum cc_code cc_pool_keys_jwks(struct cc_token_keys *keys, struct cc_arena *arena,
                               struct cc_jwks *out, struct cc_err *err) CC_NODISCARD;

#endif
