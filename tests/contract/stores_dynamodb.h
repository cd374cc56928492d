/* tests/contract/stores_dynamodb.h - the backend on a DynamoDB of ours. Keys of AWS come from the
 * environment; without any, from here: some counterparts check no signatures. */
#ifndef CC_TESTS_STORES_DYNAMODB_H
#define CC_TESTS_STORES_DYNAMODB_H

#include "tests/contract/stores.h"

#include "aws/aws.h"

void stores_dynamodb_prepare(struct stores *s);
enum cc_code stores_dynamodb_open(struct stores *s, struct cc_store **out, struct cc_err *err);
void stores_dynamodb_remove(struct stores *s);

/* What makes calls to that address, closed with the arena. */
struct cc_aws *stores_aws_open(struct cc_arena *arena, const struct cc_log *log,
                               const char *endpoint);

#endif
