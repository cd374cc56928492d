#include "tests/check.h"

#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static void check_time(int64_t wall_ms, const char *expected)
{
    char out[CC_TIME_TEXT_SIZE];

    cc_check_str(cc_time_format(wall_ms, out), cc_str_from(expected));
    ck_assert_int_eq(out[CC_TIME_TEXT_SIZE - 1], '\0');
}

START_TEST(known_times)
{
    check_time(0, "1970-01-01T00:00:00.000Z");
    check_time(951782399999, "2000-02-28T23:59:59.999Z");
    check_time(951782400000, "2000-02-29T00:00:00.000Z");
    check_time(1795406706789, "2026-11-23T04:05:06.789Z");
    check_time(-1, "1969-12-31T23:59:59.999Z");
}
END_TEST

START_TEST(what_does_not_fit_four_digits_is_clamped)
{
    check_time(INT64_MIN, "0000-01-01T00:00:00.000Z");
    check_time(-62167219200000, "0000-01-01T00:00:00.000Z");
    check_time(253402300799999, "9999-12-31T23:59:59.999Z");
    check_time(INT64_MAX, "9999-12-31T23:59:59.999Z");
}
END_TEST

/* Each noon of four hundred years, which is the whole cycle, as the C library has it. */
START_TEST(every_day_of_a_cycle_agrees_with_the_c_library)
{
    for (int64_t day = -25567; day < -25567 + 146097; day++) {
        time_t at = (time_t)(day * 86400 + 43200);
        char expected[40], out[CC_TIME_TEXT_SIZE];
        struct tm tm;

        gmtime_r(&at, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        cc_check_str(cc_time_format((int64_t)at * 1000, out), cc_str_from(expected));
    }
}
END_TEST

/* Not time(): it reads a clock that is up to a tick behind, and so a second behind at times. */
static int64_t wall_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

START_TEST(the_system_clock_runs)
{
    int64_t before_s = wall_s();
    int64_t wall = cc_clock_wall_ms(&cc_system_clock);
    int64_t mono = cc_clock_mono_ms(&cc_system_clock);

    ck_assert_int_ge(wall / 1000, before_s);
    ck_assert_int_le(wall / 1000, wall_s());
    ck_assert_int_ge(cc_clock_mono_ms(&cc_system_clock), mono);
}
END_TEST

CC_CHECK_MAIN("base/clock", known_times, what_does_not_fit_four_digits_is_clamped,
              every_day_of_a_cycle_agrees_with_the_c_library, the_system_clock_runs)
