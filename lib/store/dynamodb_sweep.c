/* DynamoDB deletes by itself what has expired, for nothing and within days, where the table says
 * which attribute to go by. Only where it does not, the table is read through. */
#include "dynamodb.h"

#include "../base/arena.h"

#define SWEPT_AT_ONCE 25

/* {"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}} */
static bool read_ttl(struct cc_json_reader *r, bool *on)
{
    struct cc_str status = CC_STR_ABSENT, attribute = CC_STR_ABSENT;
    struct cc_json_each outer, each;

    for (outer = cc_json_each(r, '{'); cc_json_next(&outer);) {
        for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
            if (cc_str_eq(each.name, CC_STR("TimeToLiveStatus")))
                each.broken = !cc_json_take_str(r, &status);
            else if (cc_str_eq(each.name, CC_STR("AttributeName")))
                each.broken = !cc_json_take_str(r, &attribute);
            else
                each.broken = !cc_json_skip(r);
        }
        outer.broken = each.broken;
    }
    *on = cc_str_starts(status, CC_STR("ENABL")) && cc_str_eq(attribute, CC_STR(DYNAMO_EXPIRY));
    return !outer.broken;
}

enum cc_code dynamo_table_ttl(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                              bool *on, struct cc_err *err)
{
    struct dynamo_request request;
    struct cc_aws_answer answer;
    struct cc_json_reader r;
    enum cc_code rc;

    dynamo_request_begin_table(&request, arena, table);
    rc = dynamo_call(aws, arena, "DescribeTimeToLive", CC_AWS_READS, dynamo_request_end(&request),
                     &answer, err);
    if (rc != CC_OK)
        return rc;
    if (answer.error.at)
        return dynamo_fail(&answer, "DescribeTimeToLive", err);
    *on = false;
    r = cc_json_reader_of(arena, answer.body);
    return read_ttl(&r, on) ? CC_OK : dynamo_fail_answer("DescribeTimeToLive", err);
}

/* Asked until there is an answer: a table is not read through because a question was lost, or is
 * not allowed. A service that does not know the question deletes nothing by itself. */
static enum cc_code expires_by_itself(struct dynamo_store *store, struct cc_arena *arena, bool *out,
                                      struct cc_err *err)
{
    struct dynamo_sweep *sweeping = &store->sweeping;
    struct cc_err failure = { 0 };
    enum cc_code rc = CC_OK;
    bool on = false;

    pthread_mutex_lock(&sweeping->mutex);
    if (sweeping->ttl == DYNAMO_TTL_UNASKED)
        rc = dynamo_table_ttl(store->aws, arena, store->table, &on, &failure);
    if (sweeping->ttl == DYNAMO_TTL_UNASKED && rc != CC_UNAVAILABLE)
        sweeping->ttl = on ? DYNAMO_TTL_ON : DYNAMO_TTL_OFF;
    *out = sweeping->ttl == DYNAMO_TTL_ON;
    pthread_mutex_unlock(&sweeping->mutex);
    if (rc != CC_UNAVAILABLE)
        return CC_OK;
    *err = failure;
    return rc;
}

struct taking {
    const struct dynamo_row *rows;
    size_t count;
    size_t taken;
};

/* What has been written anew since it was found stays. */
static enum cc_code take_expired(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct taking *taking = arg;
    struct cc_key keys[SWEPT_AT_ONCE];
    struct cc_item items[SWEPT_AT_ONCE];
    enum cc_code rc;

    for (size_t i = 0; i < taking->count; i++)
        keys[i] = taking->rows[i].item.key;
    taking->taken = 0;
    rc = cc_txn_get_many(txn, keys, taking->count, items, err);
    for (size_t i = 0; i < taking->count && rc == CC_OK; i++) {
        if (items[i].body.at)
            continue;
        rc = cc_txn_delete(txn, keys[i], err);
        taking->taken++;
    }
    return rc;
}

static enum cc_code sweep_rows(struct dynamo_store *store, struct cc_arena *arena,
                               const struct dynamo_rows *rows, size_t limit, size_t *swept,
                               struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (size_t i = 0; i < rows->count && *swept < limit && rc == CC_OK; i += SWEPT_AT_ONCE) {
        struct taking taking = { .rows = rows->at + i, .count = rows->count - i };

        if (taking.count > SWEPT_AT_ONCE)
            taking.count = SWEPT_AT_ONCE;
        if (taking.count > limit - *swept)
            taking.count = limit - *swept;
        rc = cc_store_run(&store->base, arena, take_expired, &taking, err);
        if (rc == CC_OK)
            *swept += taking.taken;
    }
    return rc;
}

/* Where the next page begins lives in the one before. */
static enum cc_code sweep_table(struct dynamo_store *store, size_t limit, size_t *swept,
                                struct cc_err *err)
{
    struct cc_arena *pages[] = { cc_arena_new(CC_ARENA_CEILING_BYTES),
                                 cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_str start = CC_STR_ABSENT;
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && *swept < limit; i = !i) {
        struct dynamo_rows rows = { 0 };

        cc_arena_reset(pages[i]);
        rc = dynamo_scan_page(store, pages[i], cc_clock_wall_ms(store->clock), &start, &rows, err);
        if (rc == CC_OK)
            rc = sweep_rows(store, pages[i], &rows, limit, swept, err);
        if (!start.at)
            break;
    }
    cc_arena_free(pages[0]);
    cc_arena_free(pages[1]);
    return rc;
}

enum cc_code dynamo_sweep(struct dynamo_store *store, size_t limit, size_t *swept,
                          struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    bool by_itself;
    size_t count = 0;
    enum cc_code rc = expires_by_itself(store, arena, &by_itself, err);

    if (rc == CC_OK && !by_itself)
        rc = sweep_table(store, limit, &count, err);
    cc_arena_free(arena);
    if (rc == CC_OK)
        *swept = count;
    return rc;
}
