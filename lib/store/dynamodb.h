/* store/dynamodb.h - what the files of the DynamoDB backend share; nobody else includes it.
 *
 *   dynamodb_item.c  items as DynamoDB's typed attributes, and back */
#ifndef CC_STORE_DYNAMODB_H
#define CC_STORE_DYNAMODB_H

#include "txn.h"

#include "../base/json_reader.h"
#include "../base/jsonw.h"

/* --- items ------------------------------------------------------------------------------------ */

/* An item as it stands in the table. Each write gives it another random `v`: by it a commit knows
 * whether it is still the one that was read. */
struct dynamo_row {
    struct cc_item item;
    struct cc_str v;
};

/* A named attribute. */
void dynamo_put_str(struct cc_jw *w, const char *name, struct cc_str value);
void dynamo_put_i64(struct cc_jw *w, const char *name, int64_t value);

/* The attributes as one object. Key and body must be UTF-8. */
void dynamo_key_write(struct cc_jw *w, struct cc_key key);
void dynamo_item_write(struct cc_arena *arena, struct cc_jw *w, const struct cc_item *item,
                       struct cc_str v);

/* Reads such an object, whole or projected. A body that was an object has its members, in any
 * order; any other comes back as it was. Strings are borrowed from the text or live in the
 * reader's arena. false: it is not as we write them. */
bool dynamo_item_read(struct cc_json_reader *r, struct dynamo_row *out) CC_NODISCARD;

#endif
