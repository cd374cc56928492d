/* aws/dates.h - the two ways in which AWS writes a time, read strictly. Pure. */
#ifndef CC_AWS_DATES_H
#define CC_AWS_DATES_H

#include "../base/str.h"

/* "Mon, 23 Nov 2026 04:05:06 GMT" (RFC 9110 5.6.7, the fixed form). false if it is not one. */
bool aws_date_http(struct cc_str text, int64_t *wall_ms);

/* "2026-11-23T04:05:06Z", with or without a fraction of the second. false if it is not one. */
bool aws_date_iso(struct cc_str text, int64_t *wall_ms);

/* "Retry-After" as milliseconds from `now_ms`: seconds or an HTTP date; a day at most. 0: absent or
 * neither. */
int64_t aws_date_retry_after_ms(struct cc_str text, int64_t now_ms);

#endif
