/* admin/child.h - runs a program to its end, which must come soon. */
#ifndef CC_ADMIN_CHILD_H
#define CC_ADMIN_CHILD_H

#include "../base/str.h"

struct cc_ended {
    int status;           /* its exit status; 128 and more: the signal that ended it */
    struct cc_str output; /* what it wrote, on both streams; in the arena */
};

/* Runs argv[0], a path, with `input` to read. CC_UNAVAILABLE: it cannot be started, or did not end
 * in that time and was killed. CC_TOO_LARGE: it wrote more than 16 KiB. */
enum cc_code cc_run_to_end(struct cc_arena *arena, const char *const *argv, struct cc_str input,
                           int64_t timeout_ms, struct cc_ended *out,
                           struct cc_err *err) CC_NODISCARD;

#endif
