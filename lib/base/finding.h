/* base/finding.h - what is found by looking an installation over (`cloudchat doctor`), told to a
 * person one by one. Each folder looks at what is its own, and knows what is to be done about it.
 */
#ifndef CC_BASE_FINDING_H
#define CC_BASE_FINDING_H

#include "err.h"

#include <stdbool.h>

enum cc_verdict {
    CC_WELL,
    CC_DOUBTFUL, /* it works, and the operator should know */
    CC_WRONG,
    CC_UNSEEN, /* it was not looked at, and the text says why */
};

struct cc_finding {
    enum cc_verdict verdict;
    const char *what;  /* a word or two: "signing keys" */
    const char *text;  /* for the operator: what is, and in a sentence what to do; it names the keys
                          of  the configuration */
    const char *cause; /* in the words of who said so: a service, the system; empty: nobody did */
};

struct cc_findings {
    /* What the finding points at is good until it returns. */
    void (*tell)(struct cc_findings *, const struct cc_finding *);
};

/* Tell one. `text` is a printf format; what goes beyond 500 bytes is cut. */
void cc_find_well(struct cc_findings *to, const char *what, const char *text, ...) CC_PRINTF(3, 4);
void cc_find_doubtful(struct cc_findings *to, const char *what, const char *text, ...)
    CC_PRINTF(3, 4);
void cc_find_unseen(struct cc_findings *to, const char *what, const char *text, ...)
    CC_PRINTF(3, 4);
/* These two give false, for who goes on only where all is well. */
bool cc_find_wrong(struct cc_findings *to, const char *what, const char *cause, const char *text,
                   ...) CC_PRINTF(4, 5);
/* A failure, which says itself what to do. */
bool cc_find_failed(struct cc_findings *to, const char *what, const struct cc_err *err);

#endif
