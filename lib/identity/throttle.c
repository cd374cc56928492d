#include "throttle.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../store/keys.h"
#include "../store/row.h"

#include <arpa/inet.h>
#include <string.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define HOUR_MS ((int64_t)3600 * 1000)
#define NAME_BYTES 16
#define DELAY_STEPS_MAX 20 /* 2^20 s is more than any maximum */
#define IPV6_PREFIX_BYTES 8

struct cc_str cc_throttle_name(struct cc_arena *arena, struct cc_str secret,
                               const struct cc_str *parts, size_t count)
{
    unsigned char mac[CC_SHA256_SIZE];

    cc_hmac_sha256(secret, parts, count, mac);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)mac, NAME_BYTES });
}

struct cc_str cc_throttle_address(struct cc_arena *arena, struct cc_str address)
{
    const char *text = cc_str_z(arena, address);
    struct in6_addr v6;
    struct in_addr v4;

    if (text && inet_pton(AF_INET, text, &v4) == 1)
        return cc_hex_encode(arena, (struct cc_str){ (const char *)&v4, sizeof(v4) });
    if (!text || inet_pton(AF_INET6, text, &v6) != 1)
        return CC_STR("-");
    if (IN6_IS_ADDR_V4MAPPED(&v6)) /* ::ffff:a.b.c.d */
        return cc_hex_encode(arena, (struct cc_str){ (const char *)&v6.s6_addr[12], sizeof(v4) });
    return cc_hex_encode(arena, (struct cc_str){ (const char *)&v6, IPV6_PREFIX_BYTES });
}

/* --- the delay of one place ------------------------------------------------------------------- */

struct delay {
    int64_t wrong;
    int64_t until_ms;
};

static const struct cc_field delay_fields[] = {
    { .name = "wrong", .type = CC_FIELD_I64, .offset = offsetof(struct delay, wrong) },
    { .name = "until", .type = CC_FIELD_I64, .offset = offsetof(struct delay, until_ms) },
    { .name = NULL },
};

static struct cc_key delay_key(struct cc_txn *txn, struct cc_str place)
{
    return cc_key_limit(cc_txn_arena(txn), "sign-in-place", place);
}

static enum cc_code delay_get(struct cc_txn *txn, const struct cc_attempt *attempt,
                              struct delay *out, struct cc_err *err)
{
    int64_t latest = cc_txn_now_ms(txn) + attempt->delay_max_s * 1000;
    enum cc_code rc = cc_row_get(txn, delay_key(txn, attempt->place), delay_fields, out, err);

    if (rc == CC_NOT_FOUND) {
        *out = (struct delay){ 0, 0 };
        return CC_OK;
    }
    if (rc == CC_OK && out->until_ms > latest) /* the clock was set back */
        out->until_ms = latest;
    return rc;
}

static int64_t delay_s(const struct cc_attempt *attempt, int64_t wrong)
{
    int64_t delay = (int64_t)1 << (wrong > DELAY_STEPS_MAX ? DELAY_STEPS_MAX : wrong - 1);

    return delay < attempt->delay_max_s ? delay : attempt->delay_max_s;
}

static enum cc_code delay_more(struct cc_txn *txn, const struct cc_attempt *attempt,
                               struct cc_err *err)
{
    int64_t now_ms = cc_txn_now_ms(txn), wrong = attempt->wrong + 1;
    struct delay delay = { wrong, now_ms + delay_s(attempt, wrong) * 1000 };

    return cc_row_put_until(txn, delay_key(txn, attempt->place), delay_fields, &delay,
                            now_ms + DAY_MS, err);
}

/* --- places that are known -------------------------------------------------------------------- */

static struct cc_key known_key(struct cc_txn *txn, struct cc_str place)
{
    return cc_key_limit(cc_txn_arena(txn), "sign-in-known", place);
}

enum cc_code cc_throttle_is_known(struct cc_txn *txn, struct cc_str place, bool *is_known,
                                  struct cc_err *err)
{
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, known_key(txn, place), &item, err);

    *is_known = rc == CC_OK;
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code know(struct cc_txn *txn, const struct cc_attempt *attempt, struct cc_err *err)
{
    return cc_txn_put(
        txn,
        &(struct cc_item){ .key = known_key(txn, attempt->place),
                           .body = CC_STR("{}"),
                           .expires_ms = cc_txn_now_ms(txn) + attempt->known_s * 1000 },
        err);
}

/* --- attempts --------------------------------------------------------------------------------- */

static struct cc_limit day_of(const struct cc_attempt *attempt)
{
    return (struct cc_limit){ "sign-in-day", attempt->account, attempt->wrong_day, DAY_MS };
}

static struct cc_limit hour_of(const struct cc_attempt *attempt)
{
    return (struct cc_limit){ "sign-in-address", attempt->address, attempt->wrong_hour, HOUR_MS };
}

/* A known place is none the better for it when its address is closed: else that would tell a
 * neighbour who signs in from there. */
static enum cc_code look_at_limits(struct cc_txn *txn, const struct cc_attempt *attempt,
                                   int64_t *retry_after_s, struct cc_err *err)
{
    const struct cc_limit day = day_of(attempt), hour = hour_of(attempt);
    int64_t day_left_s = 0, hour_left_s = 0;
    enum cc_code rc = CC_OK;

    if (attempt->account.at)
        rc = cc_limit_look(txn, &day, 1, &day_left_s, err);
    if (rc == CC_OK && attempt->address.at)
        rc = cc_limit_look(txn, &hour, 1, &hour_left_s, err);
    if (attempt->is_known || day_left_s < hour_left_s)
        day_left_s = hour_left_s;
    *retry_after_s = day_left_s;
    return rc;
}

enum cc_code cc_throttle_look(struct cc_txn *txn, struct cc_attempt *attempt,
                              int64_t *retry_after_s, struct cc_err *err)
{
    int64_t delay_left_s, limits_left_s = 0;
    struct delay delay;
    enum cc_code rc = delay_get(txn, attempt, &delay, err);

    if (rc == CC_OK)
        rc = cc_throttle_is_known(txn, attempt->place, &attempt->is_known, err);
    if (rc == CC_OK)
        rc = look_at_limits(txn, attempt, &limits_left_s, err);
    if (rc != CC_OK)
        return rc;
    attempt->wrong = delay.wrong;
    delay_left_s = (delay.until_ms - cc_txn_now_ms(txn) + 999) / 1000;
    if (limits_left_s < delay_left_s)
        limits_left_s = delay_left_s;
    *retry_after_s = limits_left_s > 0 ? limits_left_s : 0;
    return CC_OK;
}

/* Whether the answer to an attempt may still be given. */
static enum cc_code look_again(struct cc_txn *txn, const struct cc_attempt *attempt,
                               int64_t *retry_after_s, struct cc_err *err)
{
    struct cc_attempt now = *attempt;
    enum cc_code rc = cc_throttle_look(txn, &now, retry_after_s, err);

    if (rc == CC_OK && *retry_after_s == 0 && now.wrong > attempt->wrong)
        *retry_after_s = 1;
    return rc;
}

enum cc_code cc_throttle_wrong(struct cc_txn *txn, const struct cc_attempt *attempt,
                               int64_t *retry_after_s, struct cc_err *err)
{
    const struct cc_limit day = day_of(attempt), hour = hour_of(attempt);
    int64_t is_full;
    enum cc_code rc = look_again(txn, attempt, retry_after_s, err);

    if (rc != CC_OK || *retry_after_s > 0)
        return rc;
    rc = delay_more(txn, attempt, err);
    if (rc == CC_OK && attempt->account.at)
        rc = cc_limit_take(txn, &day, 1, &is_full, err);
    if (rc == CC_OK && attempt->address.at)
        rc = cc_limit_take(txn, &hour, 1, &is_full, err);
    return rc;
}

enum cc_code cc_throttle_right(struct cc_txn *txn, const struct cc_attempt *attempt,
                               int64_t *retry_after_s, struct cc_err *err)
{
    enum cc_code rc = look_again(txn, attempt, retry_after_s, err);

    if (rc != CC_OK || *retry_after_s > 0)
        return rc;
    if (attempt->wrong > 0)
        rc = cc_txn_delete(txn, delay_key(txn, attempt->place), err);
    return rc == CC_OK ? know(txn, attempt, err) : rc;
}

enum cc_code cc_throttle_half(struct cc_txn *txn, const struct cc_attempt *attempt,
                              int64_t *retry_after_s, struct cc_err *err)
{
    return look_again(txn, attempt, retry_after_s, err);
}

enum cc_code cc_throttle_forgive(struct cc_txn *txn, const struct cc_attempt *attempt,
                                 struct cc_err *err)
{
    enum cc_code rc = cc_txn_delete(txn, delay_key(txn, attempt->place), err);

    return rc == CC_OK ? know(txn, attempt, err) : rc;
}
