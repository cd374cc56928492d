/* identity/pool_examine.h - looks a user pool over, with its client and its keys: whether they are
 * there and set as our calls need them. For `cloudchat doctor`; it asks, and changes nothing. */
#ifndef CC_IDENTITY_POOL_EXAMINE_H
#define CC_IDENTITY_POOL_EXAMINE_H

#include "../aws/aws.h"
#include "../base/finding.h"

struct cc_pool_examine {
    struct cc_aws *aws; /* of the service "cognito-idp" */
    struct cc_net *net;
    struct cc_str pool, client_id;
    struct cc_str client_secret; /* empty: the configuration has none */
    bool rotation;
    int64_t session_idle_s;
    struct cc_str keys_url; /* of its JWK Set */
};

/* The pool and its client: by DescribeUserPool and DescribeUserPoolClient, which need credentials.
 */
void cc_pool_examine(const struct cc_pool_examine *pool, struct cc_findings *to);

/* The keys by which it signs, which anybody may ask for. Keys that emulators publish will do where
 * the URL is of this machine, and nowhere else. */
void cc_pool_keys_examine(const struct cc_pool_examine *pool, struct cc_findings *to);

#endif
