/* identity/code.h - one-time codes. A code is derived from the server key, the id of what it is for
 * and that one's nonce: nothing stores it, and sending it again sends the same one. */
#ifndef CC_IDENTITY_CODE_H
#define CC_IDENTITY_CODE_H

#include "../base/str.h"

#define CC_ONE_TIME_CODE_DIGITS 6
#define CC_ONE_TIME_CODE_SIZE (CC_ONE_TIME_CODE_DIGITS + 1)

struct cc_code_seed {
    struct cc_str secret; /* the server key */
    struct cc_str id;
    struct cc_str nonce;
};

struct cc_str cc_one_time_code(const struct cc_code_seed *seed, char out[CC_ONE_TIME_CODE_SIZE]);

/* In constant time. */
bool cc_one_time_code_is(const struct cc_code_seed *seed, struct cc_str code);

#endif
