#include "clock.h"

static int64_t read_ms(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(const struct cc_clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(const struct cc_clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_MONOTONIC);
}

const struct cc_clock cc_system_clock = { system_wall_ms, system_mono_ms };

int64_t cc_clock_wall_ms(const struct cc_clock *clock)
{
    return clock->wall_ms(clock);
}

int64_t cc_clock_mono_ms(const struct cc_clock *clock)
{
    return clock->mono_ms(clock);
}

void cc_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

struct timespec cc_deadline_in(int64_t wait_ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += wait_ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

struct date {
    int64_t year, month, day;
};

/* The Gregorian calendar repeats every 400 years of 146,097 days. Counted from a first of March,
 * the leap day is the last of its year and the lengths of the months follow one line: month m
 * starts at day (153 m + 2) / 5. Not gmtime_r: glibc's takes a lock that all threads share. */
static struct date date_of(int64_t days_since_1970)
{
    int64_t days = days_since_1970 + 719468 + 146097; /* -400-03-01: the year 0 starts later */
    int64_t era = days / 146097;
    int64_t in_era = days % 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; /* 0 = March */
    int64_t day = in_year - (153 * month + 2) / 5 + 1;

    return (struct date){ (era - 1) * 400 + year + (month >= 10),
                          month < 10 ? month + 3 : month - 9, day };
}

/* `digits` decimal digits and the byte that follows them. */
static char *put(char *at, int64_t value, int digits, char after)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = after;
    return at + digits + 1;
}

#define DAY_MS INT64_C(86400000)
#define YEAR_0_MS INT64_C(-62167219200000)
#define YEAR_9999_MS INT64_C(253402300799999)

struct cc_str cc_time_format(int64_t wall_ms, char out[CC_TIME_TEXT_SIZE])
{
    int64_t since_year_0, in_day;
    struct date date;
    char *at = out;

    if (wall_ms < YEAR_0_MS)
        wall_ms = YEAR_0_MS;
    if (wall_ms > YEAR_9999_MS)
        wall_ms = YEAR_9999_MS;
    since_year_0 = wall_ms - YEAR_0_MS;
    in_day = since_year_0 % DAY_MS;
    date = date_of((wall_ms - in_day) / DAY_MS);
    at = put(at, date.year, 4, '-');
    at = put(at, date.month, 2, '-');
    at = put(at, date.day, 2, 'T');
    at = put(at, in_day / 3600000, 2, ':');
    at = put(at, in_day / 60000 % 60, 2, ':');
    at = put(at, in_day / 1000 % 60, 2, '.');
    at = put(at, in_day % 1000, 3, 'Z');
    *at = '\0';
    return (struct cc_str){ out, CC_TIME_TEXT_SIZE - 1 };
}
