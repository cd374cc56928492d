/* base/clock.h - time, as something that can be replaced: what asks for the time is given a clock,
 * so that a test can turn it. */
#ifndef CC_BASE_CLOCK_H
#define CC_BASE_CLOCK_H

#include "str.h"

#include <pthread.h>
#include <time.h>

struct cc_clock {
    int64_t (*wall_ms)(const struct cc_clock *); /* milliseconds since 1970, UTC */
    int64_t (*mono_ms)(const struct cc_clock *); /* never steps; for time-outs */
};

extern const struct cc_clock cc_system_clock;

int64_t cc_clock_wall_ms(const struct cc_clock *clock);
int64_t cc_clock_mono_ms(const struct cc_clock *clock);

/* A condition that goes by CLOCK_MONOTONIC, and for pthread_cond_timedwait with it the system's
 * time in so many milliseconds. */
void cc_cond_init(pthread_cond_t *cond);
struct timespec cc_deadline_in(int64_t wait_ms);

/* RFC 3339, UTC, with milliseconds: "2026-11-23T04:05:06.789Z". */
#define CC_TIME_TEXT_SIZE 25
struct cc_str cc_time_format(int64_t wall_ms, char out[CC_TIME_TEXT_SIZE]);

#endif
