#include "timer.h"

#include "keys.h"

#include "../base/field.h"

/* What stands in the item. The body is a string that holds JSON: it is handed back byte for byte.
 */
struct row {
    struct cc_str kind;
    struct cc_str body;
    int64_t attempts;
};

static const struct cc_field row_fields[] = {
    { .name = "kind", .type = CC_FIELD_STR, .offset = offsetof(struct row, kind) },
    { .name = "body", .type = CC_FIELD_STR, .offset = offsetof(struct row, body) },
    { .name = "attempts", .type = CC_FIELD_I64, .offset = offsetof(struct row, attempts) },
    { .name = NULL },
};

static enum cc_code put_row(struct cc_txn *txn, struct cc_key key, const struct row *row,
                            struct cc_err *err)
{
    const struct cc_item item = { .key = key,
                                  .body = cc_fields_save(cc_txn_arena(txn), row_fields, row) };

    return cc_txn_put(txn, &item, err);
}

enum cc_code cc_timer_add(struct cc_txn *txn, int64_t due_ms, struct cc_str id, const char *kind,
                          struct cc_str body, struct cc_err *err)
{
    const struct row row = { .kind = cc_str_from(kind), .body = body };

    return put_row(txn, cc_key_timer(cc_txn_arena(txn), due_ms, id), &row, err);
}

enum cc_code cc_timer_remove(struct cc_txn *txn, int64_t due_ms, struct cc_str id,
                             struct cc_err *err)
{
    return cc_txn_delete(txn, cc_key_timer(cc_txn_arena(txn), due_ms, id), err);
}

struct taking {
    int64_t lease_ms;
    size_t limit;
    /* found by the view, then leased by the run */
    struct cc_key *due;
    size_t due_count;
    struct cc_jobs jobs;
};

static enum cc_code find_due(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct taking *taking = arg;
    struct cc_arena *arena = cc_txn_arena(txn);

    taking->due = CC_NEW_ARRAY(arena, struct cc_key, taking->limit);
    taking->due_count = 0;
    for (unsigned shard = 0; shard < CC_TIMER_SHARDS && taking->due_count < taking->limit;
         shard++) {
        struct cc_range range = cc_range_timers_due(arena, shard, cc_txn_now_ms(txn));
        struct cc_items found;
        enum cc_code rc;

        range.limit = taking->limit - taking->due_count;
        rc = cc_txn_query(txn, &range, &found, err);
        if (rc != CC_OK)
            return rc;
        for (size_t i = 0; i < found.count; i++)
            taking->due[taking->due_count++] = found.at[i].key;
    }
    return CC_OK;
}

/* Moves one job to the end of its lease. That it is gone means that another process took it: the
 * get decides, and the commit answers for it. */
static enum cc_code lease(struct cc_txn *txn, struct taking *taking, struct cc_key due,
                          struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_job *job = &taking->jobs.at[taking->jobs.count];
    struct cc_item item;
    struct row row;
    enum cc_code rc = cc_txn_get(txn, due, &item, err);

    if (rc == CC_NOT_FOUND)
        return CC_OK;
    if (rc == CC_OK)
        rc = cc_fields_load(arena, row_fields, item.body, &row, err);
    if (rc == CC_OK)
        rc = cc_txn_delete(txn, due, err);
    if (rc != CC_OK)
        return rc;
    row.attempts++;
    *job = (struct cc_job){ .key = cc_key_timer(arena, cc_txn_now_ms(txn) + taking->lease_ms,
                                                cc_key_tail(due.sk)),
                            .kind = row.kind,
                            .body = row.body,
                            .attempt = row.attempts };
    taking->jobs.count++;
    return put_row(txn, job->key, &row, err);
}

static enum cc_code lease_all(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct taking *taking = arg;
    enum cc_code rc = CC_OK;

    taking->jobs.at = CC_NEW_ARRAY(cc_txn_arena(txn), struct cc_job, taking->due_count);
    taking->jobs.count = 0;
    for (size_t i = 0; i < taking->due_count && rc == CC_OK; i++)
        rc = lease(txn, taking, taking->due[i], err);
    return rc;
}

enum cc_code cc_timer_take(struct cc_store *store, struct cc_arena *arena, int64_t lease_ms,
                           size_t limit, struct cc_jobs *out, struct cc_err *err)
{
    struct taking taking = { .lease_ms = lease_ms,
                             .limit = limit < CC_TIMER_TAKE_MAX ? limit : CC_TIMER_TAKE_MAX };
    enum cc_code rc = CC_OK;

    if (taking.limit > 0)
        rc = cc_store_view(store, arena, find_due, &taking, err);
    if (rc == CC_OK && taking.due_count > 0)
        rc = cc_store_run(store, arena, lease_all, &taking, err);
    if (rc != CC_OK)
        return rc;
    *out = taking.jobs;
    return CC_OK;
}

struct putting_off {
    const struct cc_job *job;
    int64_t due_ms;
};

static enum cc_code put_off(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct putting_off *p = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, p->job->key, &item, err);

    if (rc == CC_NOT_FOUND)
        return CC_OK;
    if (rc == CC_OK)
        rc = cc_txn_delete(txn, item.key, err);
    if (rc != CC_OK)
        return rc;
    item.key = cc_key_timer(arena, p->due_ms, cc_key_tail(p->job->key.sk));
    return cc_txn_put(txn, &item, err);
}

enum cc_code cc_timer_put_off(struct cc_store *store, struct cc_arena *arena,
                              const struct cc_job *job, int64_t due_ms, struct cc_err *err)
{
    struct putting_off p = { .job = job, .due_ms = due_ms };

    return cc_store_run(store, arena, put_off, &p, err);
}

static enum cc_code forget(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_job *job = arg;

    return cc_txn_delete(txn, job->key, err);
}

enum cc_code cc_timer_done(struct cc_store *store, struct cc_arena *arena, const struct cc_job *job,
                           struct cc_err *err)
{
    struct cc_job done = *job;

    return cc_store_run(store, arena, forget, &done, err);
}
