/* admin/progress.h - progress for a person at a terminal: one line, rewritten; elsewhere a line a
 * second at most, on standard error. SIGINT, SIGTERM and SIGHUP end what is under way, in order. */
#ifndef CC_ADMIN_PROGRESS_H
#define CC_ADMIN_PROGRESS_H

#include "../base/progress.h"

#include <signal.h>

struct cc_admin_progress {
    struct cc_progress base; /* first */
    bool is_quiet, is_terminal;
    bool has_line;      /* a line that is not ended stands on the terminal */
    const char *what;   /* of the last report */
    int64_t printed_ms; /* when the last line was printed */
    struct sigaction before[3];
};

/* One at a time: signals belong to the whole process. */
void cc_admin_progress_begin(struct cc_admin_progress *progress, bool is_quiet);
void cc_admin_progress_end(struct cc_admin_progress *progress);

#endif
