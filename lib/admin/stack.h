/* admin/stack.h - what CloudFormation tells of a stack that was made of conf/aws/template.yaml. Its
 * outputs are named after keys of the configuration: StoreTable is [store] table, CognitoClientId
 * [cognito] client_id. Nothing is asked over the network: the operator's own AWS programs do that.
 */
#ifndef CC_ADMIN_STACK_H
#define CC_ADMIN_STACK_H

#include "command.h"

struct cc_stack {
    const struct cc_config_setting *settings; /* in the order of the keys */
    size_t setting_count;
};

/* Reads what `aws cloudformation describe-stacks` wrote of one stack, or the array of its outputs
 * alone. Outputs that name no key of ours are passed over. In the arena. CC_INVALID: it cannot be
 * read, is not JSON, or is not of such a stack; the detail says which. */
enum cc_code cc_stack_read(struct cc_arena *arena, const char *path, struct cc_stack *out,
                           struct cc_err *err) CC_NODISCARD;

/* What it says of a key; "" if nothing. */
const char *cc_stack_value(const struct cc_stack *stack, const char *section, const char *key);

#endif
