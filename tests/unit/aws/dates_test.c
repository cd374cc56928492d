#include "tests/check.h"

#include "aws/dates.h"
#include "base/clock.h"

START_TEST(times_are_read_in_the_two_ways_that_aws_writes_them)
{
    static const struct {
        const char *text;
        int64_t http_ms, iso_ms; /* -1: not one */
    } rows[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000, -1 },
        { "Tue, 29 Feb 2000 00:00:00 GMT", 951782400000, -1 },
        { "Sun, 06 Nov 1994 08:49:37 CET", -1, -1 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", -1, -1 },
        { "Sun Nov  6 08:49:37 1994", -1, -1 },
        { "Sun, 06 Now 1994 08:49:37 GMT", -1, -1 },
        { "Sun, 06 Nov 1994 08:49:37 GMT ", -1, -1 },
        { "Sun, 06 Nov 1994 24:49:37 GMT", -1, -1 },
        { "Sun, 00 Nov 1994 08:49:37 GMT", -1, -1 },
        { "2026-11-23T04:05:06Z", -1, 1795406706000 },
        { "2026-11-23T04:05:06.789Z", -1, 1795406706000 },
        { "2026-11-23T04:05:06.Z", -1, 1795406706000 },
        { "2026-11-23T04:05:06", -1, -1 },
        { "2026-11-23T04:05:06+01:00", -1, -1 },
        { "2026-13-23T04:05:06Z", -1, -1 },
        { "1969-12-31T23:59:59Z", -1, -1 },
        { "2026-11-23", -1, -1 },
        { "", -1, -1 },
        { "Sun", -1, -1 },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        struct cc_str text = cc_check_guarded(cc_str_from(rows[i].text));
        int64_t http_ms = -1, iso_ms = -1;

        ck_assert_msg(aws_date_http(text, &http_ms) == (rows[i].http_ms >= 0), "%s", rows[i].text);
        ck_assert_msg(aws_date_iso(text, &iso_ms) == (rows[i].iso_ms >= 0), "%s", rows[i].text);
        ck_assert_int_eq(http_ms, rows[i].http_ms);
        ck_assert_int_eq(iso_ms, rows[i].iso_ms);
    }
}
END_TEST

START_TEST(every_day_is_read_back_as_it_was_written)
{
    for (int64_t day = 0; day < 146097; day++) {
        char out[CC_TIME_TEXT_SIZE];
        int64_t ms;

        ck_assert(aws_date_iso(cc_time_format(day * 86400000, out), &ms));
        ck_assert_int_eq(ms, day * 86400000);
    }
}
END_TEST

START_TEST(retry_after_is_seconds_or_a_date)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "3", 3000 },
        { "0", 0 },
        { "-1", 0 },
        { "3.5", 0 },
        { "soon", 0 },
        { "99999999999999999999", 0 },
        { NULL, 0 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 7000 },
        { "Sun, 06 Nov 1994 08:49:29 GMT", 0 },
        { "86400", 86400000 },
        { "86401", 0 },
        { "Fri, 06 Nov 9994 08:49:37 GMT", 86400000 },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++)
        ck_assert_int_eq(aws_date_retry_after_ms(cc_str_from(rows[i].text), 784111770000),
                         rows[i].ms);
}
END_TEST

CC_CHECK_MAIN("aws/dates", times_are_read_in_the_two_ways_that_aws_writes_them,
              every_day_is_read_back_as_it_was_written, retry_after_is_seconds_or_a_date)
