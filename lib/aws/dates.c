#include "dates.h"

#include <string.h>

#define RETRY_AFTER_S_MAX INT64_C(86400)

struct date {
    int64_t year, month, day, hour, minute, second;
};

/* The inverse of what base/clock.c does: with March as the first month the leap day is the last of
 * its year, and the lengths of the months follow one line. */
static int64_t days_since_1970(const struct date *d)
{
    int64_t year = d->month > 2 ? d->year : d->year - 1;
    int64_t month = d->month > 2 ? d->month - 3 : d->month + 9;

    return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d->day - 1 -
           719468;
}

static bool to_ms(const struct date *d, int64_t *wall_ms)
{
    if (d->year < 1970 || d->month < 1 || d->month > 12 || d->day < 1 || d->day > 31 ||
        d->hour > 23 || d->minute > 59 || d->second > 60)
        return false;
    *wall_ms =
        (((days_since_1970(d) * 24 + d->hour) * 60 + d->minute) * 60 + d->second) * INT64_C(1000);
    return true;
}

/* So many digits at the beginning of `*rest`. */
static bool take_digits(struct cc_str *rest, size_t count, int64_t *out)
{
    int64_t value = 0;

    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        value = value * 10 + (rest->at[i] - '0');
    }
    *rest = cc_str_skip(*rest, count);
    *out = value;
    return true;
}

static bool take(struct cc_str *rest, const char *literal)
{
    if (!cc_str_starts(*rest, cc_str_from(literal)))
        return false;
    *rest = cc_str_skip(*rest, strlen(literal));
    return true;
}

static bool take_time(struct cc_str *rest, struct date *d)
{
    return take_digits(rest, 2, &d->hour) && take(rest, ":") && take_digits(rest, 2, &d->minute) &&
           take(rest, ":") && take_digits(rest, 2, &d->second);
}

static bool take_month(struct cc_str *rest, int64_t *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int64_t i = 0; i < 12 && rest->len >= 3; i++) {
        if (memcmp(rest->at, names + 3 * i, 3) == 0) {
            *rest = cc_str_skip(*rest, 3);
            *month = i + 1;
            return true;
        }
    }
    return false;
}

bool aws_date_http(struct cc_str text, int64_t *wall_ms)
{
    struct cc_str rest = cc_str_skip(text, 3); /* the day of the week says nothing new */
    struct date d = { 0 };

    return take(&rest, ", ") && take_digits(&rest, 2, &d.day) && take(&rest, " ") &&
           take_month(&rest, &d.month) && take(&rest, " ") && take_digits(&rest, 4, &d.year) &&
           take(&rest, " ") && take_time(&rest, &d) && take(&rest, " GMT") && rest.len == 0 &&
           to_ms(&d, wall_ms);
}

static void skip_fraction(struct cc_str *rest)
{
    int64_t digit;

    if (!take(rest, "."))
        return;
    while (take_digits(rest, 1, &digit))
        ;
}

bool aws_date_iso(struct cc_str text, int64_t *wall_ms)
{
    struct cc_str rest = text;
    struct date d = { 0 };

    if (!take_digits(&rest, 4, &d.year) || !take(&rest, "-") || !take_digits(&rest, 2, &d.month) ||
        !take(&rest, "-") || !take_digits(&rest, 2, &d.day) || !take(&rest, "T") ||
        !take_time(&rest, &d))
        return false;
    skip_fraction(&rest);
    return take(&rest, "Z") && rest.len == 0 && to_ms(&d, wall_ms);
}

int64_t aws_date_retry_after_ms(struct cc_str text, int64_t now_ms)
{
    int64_t seconds, at_ms;

    if (text.at && cc_str_to_i64(text, 0, RETRY_AFTER_S_MAX, &seconds))
        return seconds * 1000;
    if (!text.at || !aws_date_http(text, &at_ms) || at_ms <= now_ms)
        return 0;
    return at_ms - now_ms < RETRY_AFTER_S_MAX * 1000 ? at_ms - now_ms : RETRY_AFTER_S_MAX * 1000;
}
