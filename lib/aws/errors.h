/* aws/errors.h - AWS's error types become ours here and nowhere else. Pure. */
#ifndef CC_AWS_ERRORS_H
#define CC_AWS_ERRORS_H

#include "../net/net.h"

/* What is to be done about an answer. */
enum aws_remedy {
    AWS_JUDGE,         /* nothing: it is an answer to this request, for who asked */
    AWS_AGAIN,         /* the same once more: nothing was done */
    AWS_AGAIN_UNKNOWN, /* the same once more, if twice is as good as once: it may have been done */
    AWS_CLOCK,         /* signed at the wrong time, perhaps: set the clock */
    AWS_KEYS,          /* the keys have expired or are unknown: ask for others */
    AWS_DENIED,        /* refused, and will be again */
};

struct aws_error {
    enum aws_remedy remedy;
    struct cc_str name;    /* absent: success */
    struct cc_str message; /* absent: none */
};

/* Reads what an answer says of itself: its status, x-amzn-errortype, the JSON or XML of its body.
 * In the arena. */
void aws_error_read(struct cc_arena *arena, const struct cc_net_answer *answer,
                    struct aws_error *out);

#endif
