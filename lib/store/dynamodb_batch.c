/* BatchWriteItem: 25 items a request at one write unit a kilobyte, where a transaction costs two.
 * Only for a table that nobody else reads or writes: nothing is checked. */
#include "dynamodb.h"

#include "meta.h"

#include "../base/arena.h"
#include "../base/id.h"

#include <stdatomic.h>
#include <string.h>

#define BATCH_ITEMS_MAX 25 /* of DynamoDB's */
#define PATIENCE_MS 30000
#define V_BYTES 9

struct batch {
    struct dynamo_store *store;
    struct cc_str v;
    const struct cc_item *items;
    size_t count;
    bool pending[BATCH_ITEMS_MAX];
    atomic_bool *given_up; /* by one of those beside it */
    enum cc_code rc;
    struct cc_err err;
};

/* --- one request ------------------------------------------------------------------------------ */

static void write_request(const struct batch *batch, const struct cc_item *item,
                          struct cc_arena *arena, struct cc_jw *w)
{
    cc_jw_object(w);
    cc_jw_key(w, item->body.at ? "PutRequest" : "DeleteRequest");
    cc_jw_object(w);
    cc_jw_key(w, item->body.at ? "Item" : "Key");
    if (item->body.at)
        dynamo_item_write(arena, w, item, batch->v);
    else
        dynamo_key_write(w, item->key);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
}

static struct cc_str write_batch(const struct batch *batch, struct cc_arena *arena)
{
    struct dynamo_request request;

    dynamo_request_begin(&request, arena);
    cc_jw_key(&request.w, "RequestItems");
    cc_jw_object(&request.w);
    cc_jw_name(&request.w, batch->store->table);
    cc_jw_array(&request.w);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->pending[i])
            write_request(batch, &batch->items[i], arena, &request.w);
    }
    cc_jw_array_end(&request.w);
    cc_jw_object_end(&request.w);
    return dynamo_request_end(&request);
}

static bool mark_left_out(struct batch *batch, struct cc_key key)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (dynamo_key_eq(batch->items[i].key, key)) {
            batch->pending[i] = true;
            return true;
        }
    }
    return false;
}

/* {"Item": {...}} or {"Key": {...}} */
static bool read_left_out(struct cc_json_reader *r, struct batch *batch)
{
    struct cc_json_each each;

    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        struct dynamo_row row;

        each.broken = !dynamo_item_read(r, r->arena, &row) || !mark_left_out(batch, row.item.key);
    }
    return !each.broken;
}

/* {"<table>": [{"PutRequest": ...}, {"DeleteRequest": ...}]} */
static bool read_unprocessed(struct cc_json_reader *r, struct batch *batch)
{
    struct cc_json_each table, request, each;

    for (table = cc_json_each(r, '{'); cc_json_next(&table);) {
        for (request = cc_json_each(r, '['); cc_json_next(&request);) {
            for (each = cc_json_each(r, '{'); cc_json_next(&each);)
                each.broken = !read_left_out(r, batch);
            request.broken = each.broken;
        }
        table.broken = request.broken;
    }
    return !table.broken;
}

static bool read_answer(struct cc_json_reader *r, struct batch *batch)
{
    struct cc_json_each each;

    memset(batch->pending, 0, sizeof(batch->pending));
    for (each = cc_json_each(r, '{'); cc_json_next(&each);)
        each.broken = cc_str_eq(each.name, CC_STR("UnprocessedItems")) ? !read_unprocessed(r, batch)
                                                                       : !cc_json_skip(r);
    return !each.broken;
}

static enum cc_code send(struct batch *batch, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_aws_answer answer;
    struct cc_json_reader r;
    enum cc_code rc = dynamo_call(batch->store->aws, arena, "BatchWriteItem", CC_AWS_REPEATABLE,
                                  write_batch(batch, arena), &answer, err);

    if (rc != CC_OK)
        return rc;
    if (answer.error.at)
        return dynamo_fail(&answer, "BatchWriteItem", err);
    r = cc_json_reader_of(arena, answer.body);
    return read_answer(&r, batch) ? CC_OK : dynamo_fail_answer("BatchWriteItem", err);
}

/* --- until all are taken ---------------------------------------------------------------------- */

static size_t count_pending(const struct batch *batch)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        count += batch->pending[i];
    return count;
}

/* What may pass by itself: it is busy, or the network is gone for a while. */
static bool may_pass(enum cc_code rc)
{
    return rc == CC_UNAVAILABLE || rc == CC_OUTCOME_UNKNOWN;
}

static enum cc_code fail_left_out(const struct batch *batch, struct cc_err *err)
{
    return cc_fail(err, CC_UNAVAILABLE, NULL, "dynamodb BatchWriteItem: %zu of %zu left out",
                   count_pending(batch), batch->count);
}

/* CC_OK: some got through. */
static enum cc_code try_batch(struct batch *batch, struct cc_arena *arena, struct cc_err *err)
{
    const size_t before = count_pending(batch);
    enum cc_code rc = send(batch, arena, err);

    return rc == CC_OK && count_pending(batch) == before ? fail_left_out(batch, err) : rc;
}

static enum cc_code write_all(struct batch *batch, struct cc_arena *arena, struct cc_err *err)
{
    int64_t since_ms = cc_clock_mono_ms(&cc_system_clock);

    for (unsigned tries = 0; count_pending(batch) > 0 && !atomic_load(batch->given_up); tries++) {
        struct cc_err why = { 0 };
        enum cc_code rc = try_batch(batch, arena, &why);
        const int64_t now_ms = cc_clock_mono_ms(&cc_system_clock);

        cc_arena_reset(arena);
        if (rc == CC_OK) {
            since_ms = now_ms;
            tries /= 2;
        } else if (!may_pass(rc) || now_ms - since_ms > PATIENCE_MS) {
            atomic_store(batch->given_up, true);
            /* That it may have been done is no news: it is done again. */
            return cc_fail(err, rc == CC_OUTCOME_UNKNOWN ? CC_UNAVAILABLE : rc,
                           rc == CC_OUTCOME_UNKNOWN ? NULL : why.detail, "%s", why.cause);
        }
        if (count_pending(batch) > 0)
            dynamo_back_off(batch->store, tries);
    }
    return CC_OK;
}

static void do_batch(void *arg)
{
    struct batch *batch = arg;
    struct cc_arena *arena = dynamo_call_arena();

    batch->rc = write_all(batch, arena, &batch->err);
    cc_arena_free(arena);
}

static void fill_batch(struct batch *batch, const struct cc_item *items, size_t left)
{
    batch->items = items;
    batch->count = left < BATCH_ITEMS_MAX ? left : BATCH_ITEMS_MAX;
    for (size_t i = 0; i < batch->count; i++)
        batch->pending[i] = true;
}

enum cc_code dynamo_write_many(struct dynamo_store *store, const struct cc_item *items,
                               size_t count, struct cc_err *err)
{
    const size_t batches = (count + BATCH_ITEMS_MAX - 1) / BATCH_ITEMS_MAX;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct dynamo_task *tasks = CC_NEW_ARRAY(arena, struct dynamo_task, batches);
    struct batch *all = CC_NEW_ARRAY(arena, struct batch, batches);
    const struct cc_str v = cc_id_random(arena, store->random, V_BYTES);
    atomic_bool given_up = false;
    enum cc_code rc = CC_OK;

    for (size_t i = 0; i < batches; i++) {
        all[i] = (struct batch){ .store = store, .v = v, .given_up = &given_up };
        fill_batch(&all[i], items + i * BATCH_ITEMS_MAX, count - i * BATCH_ITEMS_MAX);
        tasks[i] = (struct dynamo_task){ .work = do_batch, .arg = &all[i] };
    }
    if (batches > 0)
        dynamo_pool_run(&store->pool, tasks, batches);
    for (size_t i = 0; i < batches && rc == CC_OK; i++) {
        rc = all[i].rc;
        if (rc != CC_OK)
            *err = all[i].err;
    }
    cc_arena_free(arena);
    return rc;
}

/* There never is an item of that name. */
enum cc_code dynamo_write_probe(struct dynamo_store *store, struct cc_err *err)
{
    const struct cc_item nothing = { .key = CC_META_KEY("PROBE") };
    struct cc_arena *arena = dynamo_call_arena();
    struct batch batch = { .store = store };
    enum cc_code rc;

    fill_batch(&batch, &nothing, 1);
    rc = send(&batch, arena, err);
    cc_arena_free(arena);
    return rc;
}
