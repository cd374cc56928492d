#include "tally.h"

#include "keys.h"
#include "txn.h"

#include "../base/arena.h"
#include "../base/encode.h"
#include "../base/json_canonical.h"

#include <string.h>

#define BODY_CEILING_BYTES ((size_t)8 * 1024 * 1024) /* 180 KB, each byte an escape */
#define WRITE_UNIT_BYTES 1024
/* Names and values of pk, sk, v, mrev and expires, beside key and body. */
#define OWN_ATTRIBUTES_BYTES 60

/* What is no JSON says itself. */
static struct cc_str canonical(struct cc_arena *arena, struct cc_str body, bool *is_json)
{
    struct cc_buf buf;

    cc_buf_init(&buf, arena, BODY_CEILING_BYTES);
    cc_buf_reserve(&buf, body.len + 64);
    *is_json = cc_json_canonical(body, &buf) && !buf.overflow;
    return *is_json ? cc_buf_str(&buf) : body;
}

void cc_item_digest(struct cc_arena *arena, const struct cc_item *item,
                    unsigned char out[CC_SHA256_SIZE])
{
    struct cc_sha256 *digest = cc_sha256_begin(arena);
    bool is_json;
    const struct cc_str body = canonical(arena, item->body, &is_json);

    cc_sha256_add_part(digest, item->key.pk);
    cc_sha256_add_part(digest, item->key.sk);
    cc_sha256_add_number(digest, is_json);
    cc_sha256_add_part(digest, body);
    cc_sha256_add_number(digest, item->mrev);
    cc_sha256_add_number(digest, item->expires_ms);
    cc_sha256_end(digest, out);
}

/* A sum and no exclusive or, in which an item that comes twice would vanish. */
static void add_digest(unsigned char sum[CC_SHA256_SIZE], const unsigned char more[CC_SHA256_SIZE])
{
    unsigned carry = 0;

    for (size_t i = CC_SHA256_SIZE; i-- > 0;) {
        carry += (unsigned)sum[i] + more[i];
        sum[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

/* One for each kilobyte begun, and as many for the copy in the index. */
static int64_t write_units(const struct cc_item *item)
{
    const size_t bytes = cc_item_size(item) + OWN_ATTRIBUTES_BYTES;
    const size_t units = (bytes + WRITE_UNIT_BYTES - 1) / WRITE_UNIT_BYTES;

    return (int64_t)(item->mrev > 0 ? 2 * units : units);
}

void cc_tally_add(struct cc_tally *tally, const struct cc_item *item,
                  const unsigned char digest[CC_SHA256_SIZE])
{
    const enum cc_kind kind = cc_key_kind(item->key);

    tally->items++;
    tally->people += kind == CC_KIND_PERSON;
    tally->rooms += kind == CC_KIND_ROOM;
    tally->messages += kind == CC_KIND_MESSAGE;
    tally->bytes += (int64_t)cc_item_size(item);
    tally->write_units += write_units(item);
    add_digest(tally->digest, digest);
}

bool cc_tally_eq(const struct cc_tally *a, const struct cc_tally *b)
{
    return a->items == b->items && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

struct cc_str cc_tally_text(struct cc_arena *arena, const struct cc_tally *tally)
{
    return cc_hex_encode(arena,
                         (struct cc_str){ (const char *)tally->digest, sizeof(tally->digest) });
}
