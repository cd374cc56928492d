/* base/id.h - names for things. */
#ifndef CC_BASE_ID_H
#define CC_BASE_ID_H

#include "clock.h"
#include "random.h"
#include "str.h"

/* RFC 9562 5.7: a UUID whose first 48 bits are the time, so that keys in order of creation are
 * stored in order. 36 characters in the arena. */
struct cc_str cc_id_uuid7(struct cc_arena *arena, const struct cc_clock *clock,
                          const struct cc_random *random);

/* An unguessable name: `bytes` random bytes in base64url (16 bytes: 22 characters). */
struct cc_str cc_id_random(struct cc_arena *arena, const struct cc_random *random, size_t bytes);

/* Whether s looks like an id that we could have made: 1 to 64 of A-Z a-z 0-9 - _ . but neither
 * "." nor "..", so that it may be the name of a file. */
#define CC_ID_BYTES_MAX 64
bool cc_id_is_wellformed(struct cc_str s);

#endif
