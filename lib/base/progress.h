/* base/progress.h - what takes long tells how far it is, and is told whether to go on. */
#ifndef CC_BASE_PROGRESS_H
#define CC_BASE_PROGRESS_H

#include "err.h"

#include <stdbool.h>
#include <stdint.h>

struct cc_progress {
    /* `what` is for people: "Copying the database". total -1: nobody knows. Called some hundred
     * times a second; false: stop here. */
    bool (*report)(struct cc_progress *, const char *what, int64_t done, int64_t total);
};

/* CC_OK: go on (NULL always does). CC_UNAVAILABLE: it was interrupted. */
static inline enum cc_code cc_progress_report(struct cc_progress *progress, const char *what,
                                              int64_t done, int64_t total, struct cc_err *err)
{
    if (progress == NULL || progress->report(progress, what, done, total))
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, "It was interrupted.", "while %s", what);
}

#endif
