#include "budget.h"

#include "login.h"

#include "../store/keys.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define KEPT_PART 10 /* a tenth, for known places */
#define LIMITS 3

#define ADDRESS "codes-address"
#define PLACE "codes-place"
#define NUMBER "codes-number"
#define SMS "codes-sms"
#define EMAIL "codes-email"

static bool is_phone(const char *kind)
{
    return strcmp(kind, "phone") == 0;
}

static bool has_prefix(const struct cc_strs *prefixes, struct cc_str number)
{
    for (size_t i = 0; i < prefixes->count; i++) {
        if (cc_str_starts(number, prefixes->at[i]))
            return true;
    }
    return prefixes->count == 0;
}

bool cc_budget_reaches(const struct cc_budget_config *config, const struct cc_identifier *login)
{
    if (!is_phone(login->kind))
        return !config->no_email;
    return !config->no_sms && has_prefix(&config->sms_prefixes, login->value);
}

/* "Codes go only to numbers that begin with +49, +43." As many as fit. */
static enum cc_code fail_prefix(const struct cc_strs *prefixes, struct cc_err *err)
{
    char detail[sizeof(err->invalid[0].detail)];
    int used =
        snprintf(detail, sizeof(detail), "Codes can be sent only to numbers that begin with");

    for (size_t i = 0; i < prefixes->count; i++) {
        const struct cc_str prefix = prefixes->at[i];

        if ((size_t)used + prefix.len + sizeof(", ...") > sizeof(detail)) {
            used += snprintf(detail + used, sizeof(detail) - (size_t)used, " ...");
            break;
        }
        used += snprintf(detail + used, sizeof(detail) - (size_t)used, "%s %.*s", i ? "," : "",
                         CC_STR_ARG(prefix));
    }
    snprintf(detail + used, sizeof(detail) - (size_t)used, ".");
    return cc_fail_field(err, "/phone_number", detail);
}

enum cc_code cc_budget_check(const struct cc_budget_config *config,
                             const struct cc_identifier *login, struct cc_err *err)
{
    if (cc_budget_reaches(config, login))
        return CC_OK;
    if (!is_phone(login->kind))
        return cc_fail_field(err, "/email", "This server cannot send codes by e-mail.");
    if (config->no_sms)
        return cc_fail_field(err, "/phone_number", "This server cannot send codes by SMS.");
    return fail_prefix(&config->sms_prefixes, err);
}

/* --- taking ----------------------------------------------------------------------------------- */

static int64_t day_max(const struct cc_budget_config *config, const struct cc_budget_use *use)
{
    return is_phone(use->kind) ? config->sms_day_max : config->email_day_max;
}

static struct cc_limit installation(const struct cc_budget_config *config,
                                    const struct cc_budget_use *use, bool whole)
{
    int64_t max = day_max(config, use);

    return (struct cc_limit){ .what = is_phone(use->kind) ? SMS : EMAIL,
                              .who = CC_STR("day"),
                              .max = whole ? max : max - max / KEPT_PART,
                              .window_ms = DAY_MS };
}

static void set_limits(const struct cc_budget_config *config, const struct cc_budget_use *use,
                       struct cc_limit limits[LIMITS])
{
    limits[0] = (struct cc_limit){ ADDRESS, use->address, config->address_day_max, DAY_MS };
    limits[1] = (struct cc_limit){ use->is_known ? PLACE : NUMBER, use->number,
                                   config->number_day_max, DAY_MS };
    limits[2] = installation(config, use, use->is_known);
}

/* All at once: a table that is far away answers what was read already at once. */
static enum cc_code fetch(struct cc_txn *txn, const struct cc_limit limits[LIMITS],
                          struct cc_err *err)
{
    struct cc_key keys[LIMITS];
    struct cc_item ignored[LIMITS];
    size_t count = 0;

    for (size_t i = 0; i < LIMITS; i++) {
        if (limits[i].max > 0)
            keys[count++] = cc_key_limit(cc_txn_arena(txn), limits[i].what, limits[i].who);
    }
    return count > 0 ? cc_txn_get_many(txn, keys, count, ignored, err) : CC_OK;
}

static enum cc_code look(struct cc_txn *txn, const struct cc_limit limits[LIMITS],
                         struct cc_budget_use *use, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    use->retry_after_s = 0;
    for (size_t i = 0; i < LIMITS && rc == CC_OK && use->retry_after_s == 0; i++) {
        use->what = limits[i].what;
        if (limits[i].max > 0)
            rc = cc_limit_look(txn, &limits[i], 1, &use->retry_after_s, err);
    }
    return rc;
}

/* Whether as many are gone now as the limit lets go, neither more nor fewer. */
static enum cc_code is_at(struct cc_txn *txn, const struct cc_limit *limit, bool *out,
                          struct cc_err *err)
{
    struct cc_limit one_more = *limit;
    int64_t full_s, over_s;
    enum cc_code rc = cc_limit_look(txn, limit, 1, &full_s, err);

    one_more.max++;
    if (rc == CC_OK)
        rc = cc_limit_look(txn, &one_more, 1, &over_s, err);
    if (rc == CC_OK)
        *out = full_s > 0 && over_s == 0;
    return rc;
}

static enum cc_code look_at_day(struct cc_txn *txn, const struct cc_budget_config *config,
                                struct cc_budget_use *use, struct cc_err *err)
{
    const struct cc_limit most = installation(config, use, false),
                          all = installation(config, use, true);
    bool most_gone = false, all_gone = false;
    enum cc_code rc;

    if (all.max == 0)
        return CC_OK;
    rc = is_at(txn, &most, &most_gone, err);
    if (rc == CC_OK)
        rc = is_at(txn, &all, &all_gone, err);
    use->was_last = rc == CC_OK && (most_gone || all_gone);
    return rc;
}

enum cc_code cc_budget_take(struct cc_txn *txn, const struct cc_budget_config *config,
                            struct cc_budget_use *use, struct cc_err *err)
{
    struct cc_limit limits[LIMITS];
    int64_t enough;
    enum cc_code rc;

    use->was_last = false;
    set_limits(config, use, limits);
    rc = fetch(txn, limits, err);
    if (rc == CC_OK)
        rc = look(txn, limits, use, err);
    if (rc != CC_OK || use->retry_after_s > 0)
        return rc;
    for (size_t i = 0; i < LIMITS && rc == CC_OK; i++) {
        if (limits[i].max > 0)
            rc = cc_limit_take(txn, &limits[i], 1, &enough, err);
    }
    return rc == CC_OK ? look_at_day(txn, config, use, err) : rc;
}

/* --- saying so -------------------------------------------------------------------------------- */

enum cc_code cc_budget_fail(const struct cc_budget_config *config, const struct cc_budget_use *use,
                            struct cc_err *err)
{
    char detail[sizeof(err->detail)];

    if (strcmp(use->what, ADDRESS) == 0)
        snprintf(detail, sizeof(detail), "At most %lld codes a day from one place.",
                 (long long)config->address_day_max);
    else if (strcmp(use->what, SMS) == 0 || strcmp(use->what, EMAIL) == 0)
        snprintf(detail, sizeof(detail),
                 "At most %lld codes a day can be sent by %s to all people.",
                 (long long)day_max(config, use), is_phone(use->kind) ? "SMS" : "e-mail");
    else
        snprintf(detail, sizeof(detail), "At most %lld codes a day for one number or address.",
                 (long long)config->number_day_max);
    return cc_fail_retry(err, CC_TOO_MANY, (int)use->retry_after_s, detail, "identity: %s",
                         use->what);
}

void cc_budget_note(const struct cc_budget_config *config, const struct cc_budget_use *use,
                    const struct cc_log *log)
{
    if (!use->was_last)
        return;
    cc_log_warn(log, "the day's codes are used up",
                CC_LOG_Z("channel", is_phone(use->kind) ? "sms" : "email"),
                CC_LOG_I64("day_max", day_max(config, use)),
                CC_LOG_Z("left", "a tenth, for people at places from which they signed in"));
}
