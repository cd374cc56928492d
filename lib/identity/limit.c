#include "limit.h"

#include "../store/keys.h"
#include "../store/row.h"

struct used {
    int64_t count;
    int64_t until_ms;
};

static const struct cc_field fields[] = {
    { .name = "count", .type = CC_FIELD_I64, .offset = offsetof(struct used, count) },
    { .name = "until", .type = CC_FIELD_I64, .offset = offsetof(struct used, until_ms) },
    { .name = NULL },
};

/* A window that has not begun is an empty one that begins now. */
static enum cc_code load(struct cc_txn *txn, struct cc_key key, int64_t window_ms, struct used *out,
                         struct cc_err *err)
{
    int64_t latest = cc_txn_now_ms(txn) + window_ms;
    enum cc_code rc = cc_row_get(txn, key, fields, out, err);

    if (rc == CC_NOT_FOUND) {
        *out = (struct used){ 0, latest };
        return CC_OK;
    }
    if (rc == CC_OK && out->until_ms > latest) /* the clock was set back */
        out->until_ms = latest;
    return rc;
}

static int64_t retry_after(struct cc_txn *txn, const struct cc_limit *limit,
                           const struct used *used, int64_t count)
{
    if (used->count <= limit->max - count)
        return 0;
    return (used->until_ms - cc_txn_now_ms(txn) + 999) / 1000;
}

enum cc_code cc_limit_take(struct cc_txn *txn, const struct cc_limit *limit, int64_t count,
                           int64_t *retry_after_s, struct cc_err *err)
{
    struct cc_key key = cc_key_limit(cc_txn_arena(txn), limit->what, limit->who);
    struct used used;
    enum cc_code rc = load(txn, key, limit->window_ms, &used, err);

    if (rc != CC_OK)
        return rc;
    *retry_after_s = retry_after(txn, limit, &used, count);
    if (*retry_after_s > 0)
        return CC_OK;
    used.count += count;
    return cc_row_put_until(txn, key, fields, &used, used.until_ms, err);
}

enum cc_code cc_limit_look(struct cc_txn *txn, const struct cc_limit *limit, int64_t count,
                           int64_t *retry_after_s, struct cc_err *err)
{
    struct cc_key key = cc_key_limit(cc_txn_arena(txn), limit->what, limit->who);
    struct used used;
    enum cc_code rc = load(txn, key, limit->window_ms, &used, err);

    if (rc == CC_OK)
        *retry_after_s = retry_after(txn, limit, &used, count);
    return rc;
}
