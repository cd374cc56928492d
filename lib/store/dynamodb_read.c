#include "dynamodb.h"

#include "../base/arena.h"

#include <string.h>

#define BATCH_KEYS_MAX 100 /* of DynamoDB's */
#define BATCH_TRIES_MAX 8

/* --- one item --------------------------------------------------------------------------------- */

/* Each call has an arena of its own: an answer is several times what it becomes, and of that alone
 * the caller's arena is meant to hold. */
static enum cc_code get_with(struct dynamo_store *store, struct cc_arena *arena,
                             struct cc_arena *call, struct dynamo_row *out, struct cc_err *err)
{
    struct dynamo_request request;
    struct cc_json_reader r;
    struct cc_json_each each;
    enum cc_code rc;

    dynamo_request_begin_table(&request, call, store->table);
    cc_jw_key(&request.w, "Key");
    dynamo_key_write(&request.w, out->item.key);
    cc_jw_put_bool(&request.w, "ConsistentRead", true);
    rc = dynamo_call_read(store, call, "GetItem", &request, &r, err);
    if (rc != CC_OK)
        return rc;
    for (each = cc_json_each(&r, '{'); cc_json_next(&each);)
        each.broken = cc_str_eq(each.name, CC_STR("Item")) ? !dynamo_item_read(&r, arena, out)
                                                           : !cc_json_skip(&r);
    return each.broken ? dynamo_fail_answer("GetItem", err) : CC_OK;
}

enum cc_code dynamo_get(struct dynamo_store *store, struct cc_arena *arena, struct cc_key key,
                        struct dynamo_row *out, struct cc_err *err)
{
    struct cc_arena *call = dynamo_call_arena();
    struct dynamo_row row = { .item.key = key };
    enum cc_code rc = get_with(store, arena, call, &row, err);

    cc_arena_free(call);
    if (rc == CC_OK)
        *out = row;
    return rc;
}

/* --- many items ------------------------------------------------------------------------------- */

/* Some keys of which each is asked for once, and what is known of each: DynamoDB refuses a batch
 * that names one twice, and answers in any order. */
struct batch {
    struct cc_arena *arena; /* of the rows */
    const struct cc_key *keys;
    struct dynamo_row *rows;
    size_t count;
    bool pending[BATCH_KEYS_MAX];
};

static size_t first_of(const struct batch *batch, struct cc_key key)
{
    size_t i = 0;

    while (i < batch->count && !dynamo_key_eq(batch->keys[i], key))
        i++;
    return i;
}

static void write_batch(const struct dynamo_store *store, const struct batch *batch,
                        struct dynamo_request *request)
{
    cc_jw_key(&request->w, "RequestItems");
    cc_jw_object(&request->w);
    cc_jw_name(&request->w, store->table);
    cc_jw_object(&request->w);
    cc_jw_put_bool(&request->w, "ConsistentRead", true);
    cc_jw_key(&request->w, "Keys");
    cc_jw_array(&request->w);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->pending[i])
            dynamo_key_write(&request->w, batch->keys[i]);
    }
    cc_jw_array_end(&request->w);
    cc_jw_object_end(&request->w);
    cc_jw_object_end(&request->w);
}

/* An array of items, each of which was asked for. `found`: here they are; else they were left out
 * and are to be asked for again. */
static bool read_items(struct cc_json_reader *r, struct batch *batch, bool found)
{
    struct cc_json_each each;

    for (each = cc_json_each(r, '['); cc_json_next(&each);) {
        struct dynamo_row row;
        size_t i;

        each.broken = !dynamo_item_read(r, batch->arena, &row);
        if (each.broken)
            break;
        i = first_of(batch, row.item.key);
        each.broken = i == batch->count;
        if (each.broken)
            break;
        if (found)
            batch->rows[i] = row;
        else
            batch->pending[i] = true;
    }
    return !each.broken;
}

/* {"<table>": [...]}, or {"<table>": {"Keys": [...], ...}} of what was left out. */
static bool read_tables(struct cc_json_reader *r, struct batch *batch, bool found)
{
    struct cc_json_each table, each;

    for (table = cc_json_each(r, '{'); cc_json_next(&table);) {
        if (found) {
            table.broken = !read_items(r, batch, true);
            continue;
        }
        for (each = cc_json_each(r, '{'); cc_json_next(&each);)
            each.broken = cc_str_eq(each.name, CC_STR("Keys")) ? !read_items(r, batch, false)
                                                               : !cc_json_skip(r);
        table.broken = each.broken;
    }
    return !table.broken;
}

static bool read_batch(struct cc_json_reader *r, struct batch *batch)
{
    struct cc_json_each each;

    memset(batch->pending, 0, sizeof(batch->pending));
    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        if (cc_str_eq(each.name, CC_STR("Responses")))
            each.broken = !read_tables(r, batch, true);
        else if (cc_str_eq(each.name, CC_STR("UnprocessedKeys")))
            each.broken = !read_tables(r, batch, false);
        else
            each.broken = !cc_json_skip(r);
    }
    return !each.broken;
}

static size_t count_pending(const struct batch *batch)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        count += batch->pending[i];
    return count;
}

/* What is asked for twice is found once. */
static void fill_repeated(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const size_t first = first_of(batch, batch->keys[i]);

        if (first != i)
            batch->rows[i] = batch->rows[first];
    }
}

static enum cc_code ask_batch(struct dynamo_store *store, struct batch *batch, struct cc_err *err)
{
    struct cc_arena *call = dynamo_call_arena();
    struct dynamo_request request;
    struct cc_json_reader r;
    enum cc_code rc;

    dynamo_request_begin(&request, call);
    write_batch(store, batch, &request);
    rc = dynamo_call_read(store, call, "BatchGetItem", &request, &r, err);
    if (rc == CC_OK && !read_batch(&r, batch))
        rc = dynamo_fail_answer("BatchGetItem", err);
    cc_arena_free(call);
    return rc;
}

static enum cc_code get_batch(struct dynamo_store *store, struct batch *batch, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (size_t i = 0; i < batch->count; i++) {
        batch->rows[i] = (struct dynamo_row){ .item.key = batch->keys[i] };
        batch->pending[i] = first_of(batch, batch->keys[i]) == i;
    }
    for (unsigned tries = 0; rc == CC_OK && count_pending(batch) > 0; tries++) {
        if (tries == BATCH_TRIES_MAX)
            return cc_fail_retry(err, CC_UNAVAILABLE, 1, NULL,
                                 "dynamodb BatchGetItem: keys left out %u times", tries);
        if (tries > 0)
            dynamo_back_off(store, tries);
        rc = ask_batch(store, batch, err);
    }
    if (rc == CC_OK)
        fill_repeated(batch);
    return rc;
}

/* One of several batches, with an arena of its own that becomes part of the caller's. */
struct part {
    struct dynamo_store *store;
    struct batch batch;
    enum cc_code rc;
    struct cc_err err;
};

static void do_part(void *arg)
{
    struct part *part = arg;

    part->rc = get_batch(part->store, &part->batch, &part->err);
}

static void free_arena(void *arena)
{
    cc_arena_free(arena);
}

static enum cc_code get_parts(struct dynamo_store *store, struct cc_arena *arena,
                              const struct batch *whole, struct cc_err *err)
{
    const size_t count = (whole->count + BATCH_KEYS_MAX - 1) / BATCH_KEYS_MAX;
    struct dynamo_task *tasks = CC_NEW_ARRAY(arena, struct dynamo_task, count);
    struct part *parts = CC_NEW_ARRAY(arena, struct part, count);

    for (size_t i = 0; i < count; i++) {
        const size_t from = i * BATCH_KEYS_MAX;
        const size_t left = whole->count - from;

        parts[i].store = store;
        parts[i].batch = (struct batch){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES),
                                         .keys = whole->keys + from,
                                         .rows = whole->rows + from,
                                         .count = left < BATCH_KEYS_MAX ? left : BATCH_KEYS_MAX };
        cc_arena_defer(arena, free_arena, parts[i].batch.arena);
        tasks[i] = (struct dynamo_task){ .work = do_part, .arg = &parts[i] };
    }
    dynamo_pool_run(&store->pool, tasks, count);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].rc != CC_OK) {
            *err = parts[i].err;
            return parts[i].rc;
        }
    }
    return CC_OK;
}

enum cc_code dynamo_get_many(struct dynamo_store *store, struct cc_arena *arena,
                             const struct cc_key *keys, size_t count, struct dynamo_row *out,
                             struct cc_err *err)
{
    struct batch batch = { .arena = arena, .keys = keys, .rows = out, .count = count };

    if (count == 1)
        return dynamo_get(store, arena, keys[0], out, err);
    return count <= BATCH_KEYS_MAX ? get_batch(store, &batch, err)
                                   : get_parts(store, arena, &batch, err);
}

/* --- ranges ----------------------------------------------------------------------------------- */

void dynamo_rows_add(struct cc_arena *arena, struct dynamo_rows *rows, const struct dynamo_row *row)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room ? rows->room * 2 : 32;

        rows->at = cc_arena_grow(arena, rows->at, rows->room * sizeof(*rows->at),
                                 room * sizeof(*rows->at));
        rows->room = room;
    }
    rows->at[rows->count++] = *row;
}

static const char *condition_of(const struct dynamo_range *range)
{
    if (range->by_mrev)
        return "pk = :p AND mrev BETWEEN :a AND :z";
    if (range->from.at && range->to.at)
        return "pk = :p AND sk BETWEEN :a AND :z";
    if (range->from.at)
        return "pk = :p AND sk >= :a";
    return range->to.at ? "pk = :p AND sk <= :z" : "pk = :p";
}

static void write_bounds(const struct dynamo_range *range, struct cc_jw *w)
{
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_str(w, ":p", range->pk);
    if (range->by_mrev) {
        dynamo_put_i64(w, ":a", range->after + 1);
        dynamo_put_i64(w, ":z", range->up_to);
    } else {
        if (range->from.at)
            dynamo_put_str(w, ":a", range->from);
        if (range->to.at)
            dynamo_put_str(w, ":z", range->to);
    }
    cc_jw_object_end(w);
}

static void write_start(struct cc_str start, struct cc_jw *w)
{
    if (!start.at)
        return;
    cc_jw_key(w, "ExclusiveStartKey");
    cc_jw_raw(w, start);
}

static bool read_page_items(struct cc_json_reader *r, struct cc_arena *arena,
                            struct dynamo_rows *rows)
{
    struct cc_json_each each;

    for (each = cc_json_each(r, '['); cc_json_next(&each);) {
        struct dynamo_row row;

        each.broken = !dynamo_item_read(r, arena, &row);
        if (!each.broken)
            dynamo_rows_add(arena, rows, &row);
    }
    return !each.broken;
}

/* Where the next page begins is DynamoDB's own affair, and goes back as it came. */
static bool read_start(struct cc_json_reader *r, struct cc_arena *arena, struct cc_str *start)
{
    const char *from = r->at;

    if (!cc_json_skip(r))
        return false;
    *start = cc_str_copy(arena, (struct cc_str){ from, (size_t)(r->at - from) });
    if (cc_str_eq(*start, CC_STR("null")))
        *start = CC_STR_ABSENT;
    return true;
}

/* A page as it comes in. */
struct page {
    struct cc_arena *arena; /* of what it becomes */
    struct dynamo_rows *rows;
    struct cc_str *start; /* of the next one */
};

static bool read_page(struct cc_json_reader *r, const struct page *page)
{
    struct cc_json_each each;

    *page->start = CC_STR_ABSENT;
    for (each = cc_json_each(r, '{'); cc_json_next(&each);) {
        if (cc_str_eq(each.name, CC_STR("Items")))
            each.broken = !read_page_items(r, page->arena, page->rows);
        else if (cc_str_eq(each.name, CC_STR("LastEvaluatedKey")))
            each.broken = !read_start(r, page->arena, page->start);
        else
            each.broken = !cc_json_skip(r);
    }
    return !each.broken;
}

/* Makes the call, reads the page, and frees the arena of the call. */
static enum cc_code ask_page(struct dynamo_store *store, const char *operation,
                             struct dynamo_request *request, const struct page *page,
                             struct cc_err *err)
{
    struct cc_arena *call = request->buf.arena;
    struct cc_json_reader r;
    enum cc_code rc = dynamo_call_read(store, call, operation, request, &r, err);

    if (rc == CC_OK && !read_page(&r, page))
        rc = dynamo_fail_answer(operation, err);
    cc_arena_free(call);
    return rc;
}

enum cc_code dynamo_query_page(struct dynamo_store *store, struct cc_arena *arena,
                               struct dynamo_range *range, size_t limit, struct dynamo_rows *rows,
                               struct cc_err *err)
{
    const struct page page = { arena, rows, &range->start };
    struct dynamo_request request;

    dynamo_request_begin_table(&request, dynamo_call_arena(), store->table);
    if (range->by_mrev)
        cc_jw_put_str(&request.w, "IndexName", CC_STR(DYNAMO_INDEX));
    cc_jw_put_bool(&request.w, "ConsistentRead", true);
    cc_jw_put_bool(&request.w, "ScanIndexForward", !range->newest_first);
    cc_jw_put_i64(&request.w, "Limit", (int64_t)limit);
    cc_jw_put_str(&request.w, "KeyConditionExpression", cc_str_from(condition_of(range)));
    write_bounds(range, &request.w);
    write_start(range->start, &request.w);
    return ask_page(store, "Query", &request, &page, err);
}

static void write_only_expired(int64_t now_ms, struct cc_jw *w)
{
    cc_jw_put_str(w, "FilterExpression", CC_STR("#e <= :now"));
    cc_jw_key(w, "ExpressionAttributeNames");
    cc_jw_object(w);
    cc_jw_put_str(w, "#e", CC_STR("_expires_ms"));
    cc_jw_object_end(w);
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_i64(w, ":now", now_ms);
    cc_jw_object_end(w);
}

enum cc_code dynamo_scan_page(struct dynamo_store *store, struct cc_arena *arena,
                              int64_t expired_ms, struct cc_str *start, struct dynamo_rows *rows,
                              struct cc_err *err)
{
    const struct page page = { arena, rows, start };
    struct dynamo_request request;

    dynamo_request_begin_table(&request, dynamo_call_arena(), store->table);
    cc_jw_put_bool(&request.w, "ConsistentRead", true);
    if (expired_ms > 0)
        write_only_expired(expired_ms, &request.w);
    write_start(*start, &request.w);
    return ask_page(store, "Scan", &request, &page, err);
}

static void write_only_prefix(struct cc_str prefix, struct cc_jw *w)
{
    cc_jw_put_str(w, "FilterExpression", CC_STR("begins_with(pk, :p)"));
    cc_jw_key(w, "ExpressionAttributeValues");
    cc_jw_object(w);
    dynamo_put_str(w, ":p", prefix);
    cc_jw_object_end(w);
}

enum cc_code dynamo_walk_page(struct dynamo_store *store, struct cc_arena *arena,
                              struct cc_str prefix, struct cc_str *start, struct dynamo_rows *rows,
                              struct cc_err *err)
{
    const struct page page = { arena, rows, start };
    struct dynamo_request request;

    dynamo_request_begin_table(&request, dynamo_call_arena(), store->table);
    cc_jw_put_bool(&request.w, "ConsistentRead", true);
    write_only_prefix(prefix, &request.w);
    write_start(*start, &request.w);
    return ask_page(store, "Scan", &request, &page, err);
}
