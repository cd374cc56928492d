/* tests/contract/blobs.h - the backends on which the suite of the blobs runs, and what its test
 * programs share. A further backend joins by one row in blobs.c. */
#ifndef CC_TESTS_BLOBS_H
#define CC_TESTS_BLOBS_H

#include "base/log.h"
#include "blob/blob.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include <stdatomic.h>

struct cc_net;
struct cc_aws_credentials;

/* Time that a test turns. */
struct blobs_clock {
    struct cc_clock base; /* first */
    _Atomic int64_t now_ms;
};

/* Blobs of one test, at a place of their own that is empty at first. */
struct blobs_place {
    struct cc_arena *arena;
    struct cc_blobs *blobs;
    struct blobs_clock clock; /* of the blobs, not of signatures */
    struct cc_log log;
    int backend;
    struct cc_tmp tmp;  /* a folder */
    struct cc_net *net; /* a bucket */
    struct cc_aws_credentials *credentials;
    struct cc_aws *aws;
    struct cc_str bucket, prefix;
};

enum { BLOBS_DIRECTORY, BLOBS_S3 };

void blobs_open(struct blobs_place *p, int backend);
/* The same blobs, as another process has them. */
struct cc_blobs *blobs_open_again(struct blobs_place *p);
void blobs_close(struct blobs_place *p); /* leaves nothing behind */

/* With a name in C. */
enum cc_code blobs_put(struct blobs_place *p, const char *name, struct cc_str bytes);
enum cc_code blobs_get(struct blobs_place *p, const char *name, struct cc_str *out);
struct cc_strs blobs_list(struct blobs_place *p);

/* Runs them on each backend that there is, by _i; says SKIPPED of one that there is not. */
int blobs_check_run(const char *suite, const TTest *const *tests, size_t count, int first);

#define BLOBS_MAIN(suite, first, ...)                                                              \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return blobs_check_run(suite, tests, CC_COUNT(tests), first);                              \
    }

#endif
