/* store/tally.h - items counted and summed up: two stores that hold the same items have the same
 * tally, in whatever order their items come and however their bodies are spelt. */
#ifndef CC_STORE_TALLY_H
#define CC_STORE_TALLY_H

#include "store.h"

#include "../base/digest.h"

struct cc_tally {
    int64_t items;
    int64_t people, rooms, messages; /* of those */
    int64_t bytes;                   /* of keys and bodies */
    int64_t write_units;             /* what it takes to put them into a table of DynamoDB, about */
    unsigned char digest[CC_SHA256_SIZE]; /* the sum of the items' digests, modulo 2^256 */
};

/* SHA-256 of key, canonical body, mrev and expires_ms: equal if, and only if, the items say the
 * same. What it needs on the way lives in the arena. */
void cc_item_digest(struct cc_arena *arena, const struct cc_item *item,
                    unsigned char out[CC_SHA256_SIZE]);

void cc_tally_add(struct cc_tally *tally, const struct cc_item *item,
                  const unsigned char digest[CC_SHA256_SIZE]);
bool cc_tally_eq(const struct cc_tally *a, const struct cc_tally *b);
/* The digest as 64 hexadecimal digits, in the arena. */
struct cc_str cc_tally_text(struct cc_arena *arena, const struct cc_tally *tally);

#endif
