/* tests/tmp.h - a folder for one test, and waiting for what must become true. */
#ifndef CC_TESTS_TMP_H
#define CC_TESTS_TMP_H

#include "base/clock.h"

#include <check.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct cc_tmp {
    char path[64];
};

static inline void cc_tmp_make(struct cc_tmp *tmp)
{
    snprintf(tmp->path, sizeof(tmp->path), "/tmp/cc-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tmp->path));
}

static inline void cc_tmp_remove(struct cc_tmp *tmp)
{
    char *const roots[] = { tmp->path, NULL };
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;

    ck_assert_ptr_nonnull(tree);
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info != FTS_D)
            remove(entry->fts_accpath);
    }
    fts_close(tree);
}

#define CC_PATIENCE_MS 20000

/* Asks until it is true; the test fails when it never is. */
#define cc_wait_until(condition)                                                                   \
    do {                                                                                           \
        const struct timespec cc_pause = { .tv_nsec = 2000000 };                                   \
        int64_t cc_deadline = cc_clock_mono_ms(&cc_system_clock) + CC_PATIENCE_MS;                 \
        while (!(condition)) {                                                                     \
            ck_assert_msg(cc_clock_mono_ms(&cc_system_clock) < cc_deadline, "never: %s",           \
                          #condition);                                                             \
            nanosleep(&cc_pause, NULL);                                                            \
        }                                                                                          \
    } while (0)

#endif
