#include "dynamodb.h"

#include "meta.h"

#include "../base/arena.h"
#include "../base/field.h"
#include "../base/id.h"

#include <unistd.h>

#define EPOCH_BYTES 9
#define CHECK_WAIT_MS 1000

static struct dynamo_store *store_of(const struct cc_store *store)
{
    return (struct dynamo_store *)store;
}

/* Neither the connections nor the threads that hold our locks are there in a child. */
static enum cc_code check_process(const struct dynamo_store *store, struct cc_err *err)
{
    if (store->pid == getpid())
        return CC_OK;
    return cc_fail(err, CC_INTERNAL, NULL, "store: opened by process %d, used by %d after a fork",
                   (int)store->pid, (int)getpid());
}

/* --- the interface ---------------------------------------------------------------------------- */

static enum cc_code run(struct cc_store *base, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                        struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    struct dynamo_job job = { .fn = fn, .arg = arg, .arena = arena, .err = err };
    enum cc_code rc = check_process(store, err);

    job.deadline_ms = cc_clock_mono_ms(&cc_system_clock) + store->wait_ms;
    return rc == CC_OK ? dynamo_group_run(store, &job) : rc;
}

static enum cc_code view(struct cc_store *base, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                         struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    struct dynamo_txn txn;
    enum cc_code rc = check_process(store, err);

    if (rc != CC_OK)
        return rc;
    dynamo_txn_init(&txn, store, arena, NULL, NULL);
    return cc_txn_call(&txn.base, fn, arg, err);
}

static struct cc_str epoch(const struct cc_store *base)
{
    return store_of(base)->epoch;
}

static enum cc_code sweep(struct cc_store *base, size_t limit, size_t *swept, struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    enum cc_code rc = check_process(store, err);

    return rc == CC_OK ? dynamo_sweep(store, limit, swept, err) : rc;
}

static enum cc_code walk(struct cc_store *base, struct cc_str prefix, cc_item_fn *fn, void *arg,
                         struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    enum cc_code rc = check_process(store, err);

    return rc == CC_OK ? dynamo_walk(store, prefix, &(struct cc_visit){ fn, arg }, err) : rc;
}

static enum cc_code ask_for_schema(struct dynamo_store *store, struct cc_arena *arena,
                                   int64_t timeout_ms, struct cc_err *err)
{
    struct dynamo_request body;
    struct cc_aws_request request;
    struct cc_aws_answer answer;
    enum cc_code rc;

    dynamo_request_begin_table(&body, arena, store->table);
    cc_jw_key(&body.w, "Key");
    dynamo_key_write(&body.w, CC_META_SCHEMA);
    cc_jw_put_bool(&body.w, "ConsistentRead", true);
    request = dynamo_call_make(arena, "GetItem", dynamo_request_end(&body));
    request.effect = CC_AWS_READS;
    request.timeout_ms = timeout_ms;
    rc = cc_aws_call(store->aws, arena, &request, &answer, err);
    return rc == CC_OK && answer.error.at ? dynamo_fail(&answer, "GetItem", err) : rc;
}

/* Who asks wants to know about now: that there is no answer soon is an answer. */
static enum cc_code check(struct cc_store *base, struct cc_arena *arena, struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    struct cc_arena *call = dynamo_call_arena();
    enum cc_code rc = check_process(store, err);

    (void)arena;
    if (rc == CC_OK)
        rc = ask_for_schema(store, call,
                            store->wait_ms < CHECK_WAIT_MS ? store->wait_ms : CHECK_WAIT_MS, err);
    cc_arena_free(call);
    return rc;
}

/* Every item must be one that we can read; the first one that is not ends it. Where the next page
 * begins lives in the one before. */
static enum cc_code verify(struct cc_store *base, struct cc_arena *arena, struct cc_err *err)
{
    struct dynamo_store *store = store_of(base);
    struct cc_arena *pages[] = { cc_arena_new(CC_ARENA_CEILING_BYTES),
                                 cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_str start = CC_STR_ABSENT;
    enum cc_code rc = check_process(store, err);

    if (rc == CC_OK)
        rc = dynamo_table_check(store->aws, arena, store->table, err);
    for (size_t i = 0; rc == CC_OK; i = !i) {
        struct dynamo_rows rows = { 0 };

        cc_arena_reset(pages[i]);
        rc = dynamo_scan_page(store, pages[i], 0, &start, &rows, err);
        if (!start.at)
            break;
    }
    cc_arena_free(pages[0]);
    cc_arena_free(pages[1]);
    return rc;
}

static enum cc_code copy(struct cc_store *base, const char *path, struct cc_progress *progress,
                         struct cc_err *err)
{
    (void)path;
    (void)progress;
    return cc_fail(err, CC_INVALID,
                   "A DynamoDB table is backed up by DynamoDB: point-in-time recovery, or "
                   "`cloudchat migrate` into a file.",
                   "store: no copy of the table %.*s", CC_STR_ARG(store_of(base)->table));
}

static void close_store(struct cc_store *base)
{
    struct dynamo_store *store = store_of(base);

    if (store->pid != getpid())
        return;
    dynamo_pool_close(&store->pool);
    pthread_mutex_destroy(&store->sweeping.mutex);
    dynamo_groups_close(&store->groups);
    cc_arena_free(store->arena);
}

static const struct cc_store_ops ops = { run,   view,   epoch, sweep,      walk,
                                         check, verify, copy,  close_store };

/* --- the layout and the name of the history ------------------------------------------------------
 */

struct meta {
    struct cc_str new_epoch; /* for a table in which nothing is yet */
    int64_t layout;          /* 0: nothing is in it */
    struct cc_str epoch;
    bool is_migrating;
};

static const struct cc_field layout_fields[] = {
    { .name = "layout", .type = CC_FIELD_I64, .offset = offsetof(struct meta, layout) },
    { .name = NULL },
};

static const struct cc_field epoch_fields[] = {
    { .name = "name", .type = CC_FIELD_STR, .offset = offsetof(struct meta, epoch) },
    { .name = NULL },
};

static enum cc_code read_meta(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_key keys[] = { CC_META_SCHEMA, CC_META_EPOCH, CC_META_MIGRATION };
    struct cc_arena *arena = cc_txn_arena(txn);
    struct meta *meta = arg;
    struct cc_item items[CC_COUNT(keys)];
    enum cc_code rc = cc_txn_get_many(txn, keys, CC_COUNT(keys), items, err);

    meta->layout = 0;
    meta->is_migrating = rc == CC_OK && items[2].body.at;
    if (rc == CC_OK && items[0].body.at)
        rc = cc_fields_load(arena, layout_fields, items[0].body, meta, err);
    if (rc == CC_OK && items[1].body.at)
        rc = cc_fields_load(arena, epoch_fields, items[1].body, meta, err);
    return rc;
}

static enum cc_code insert_meta(struct cc_txn *txn, struct cc_key key, struct cc_str body,
                                struct cc_err *err)
{
    const struct cc_item item = { .key = key, .body = body };

    return cc_txn_insert(txn, &item, err);
}

/* Several processes may find the table empty at the same time; one of them makes the items. */
static enum cc_code make_meta(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct meta *meta = arg;
    enum cc_code rc = read_meta(txn, meta, err);

    if (rc != CC_OK || meta->layout > 0 || meta->is_migrating)
        return rc;
    meta->layout = DYNAMO_LAYOUT;
    meta->epoch = meta->new_epoch;
    rc = insert_meta(txn, CC_META_SCHEMA, cc_str_format(arena, "{\"layout\":%d}", DYNAMO_LAYOUT),
                     err);
    if (rc == CC_OK)
        rc = insert_meta(txn, CC_META_EPOCH,
                         cc_str_format(arena, "{\"name\":\"%.*s\"}", CC_STR_ARG(meta->new_epoch)),
                         err);
    return rc;
}

/* Says what is wrong with the table, if that is why nothing can be read from it. */
static enum cc_code explain(struct dynamo_store *store, struct cc_arena *arena, struct cc_err *err)
{
    struct cc_err why = { 0 };

    if (dynamo_table_check(store->aws, arena, store->table, &why) == CC_INVALID)
        *err = why;
    return err->code;
}

static enum cc_code judge(struct dynamo_store *store, const struct meta *meta, struct cc_err *err)
{
    if (meta->is_migrating)
        return cc_fail(err, CC_INVALID,
                       "A migration into this table has not come to its end: run `cloudchat "
                       "migrate` again.",
                       "store: META MIGRATION in the table %.*s", CC_STR_ARG(store->table));
    if (meta->layout != DYNAMO_LAYOUT)
        return cc_fail(err, CC_INVALID,
                       "The table has the layout of another version of Cloud Chat.",
                       "store: layout %lld in the table %.*s", (long long)meta->layout,
                       CC_STR_ARG(store->table));
    if (!meta->epoch.at)
        return cc_fail(err, CC_INVALID, "The table is damaged: it has no epoch.",
                       "store: no META EPOCH in the table %.*s", CC_STR_ARG(store->table));
    store->epoch = cc_str_copy(store->arena, meta->epoch);
    return CC_OK;
}

enum cc_code dynamo_store_recognize(struct dynamo_store *store, struct cc_arena *arena,
                                    struct cc_err *err)
{
    struct meta meta = { 0 };
    /* No view: another process may be making the items at this instant. */
    enum cc_code rc = run(&store->base, arena, read_meta, &meta, err);

    if (rc != CC_OK)
        return explain(store, arena, err);
    if (meta.layout > 0 || meta.is_migrating)
        return judge(store, &meta, err);
    rc = dynamo_table_check(store->aws, arena, store->table, err);
    return rc == CC_OK ? CC_NOT_FOUND : rc;
}

static enum cc_code prepare(struct dynamo_store *store, struct cc_arena *arena, struct cc_err *err)
{
    struct meta meta = { .new_epoch = cc_id_random(arena, store->random, EPOCH_BYTES) };
    enum cc_code rc = dynamo_store_recognize(store, arena, err);

    if (rc != CC_NOT_FOUND)
        return rc;
    rc = run(&store->base, arena, make_meta, &meta, err);
    return rc == CC_OK ? judge(store, &meta, err) : rc;
}

struct dynamo_store *dynamo_store_make(const struct cc_dynamodb_config *config)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    struct dynamo_store *store = CC_NEW(arena, struct dynamo_store);

    store->base.ops = &ops;
    store->arena = arena;
    store->aws = config->aws;
    store->table = cc_str_copy(arena, config->table);
    store->wait_ms = config->wait_ms > 0 ? config->wait_ms : 5000;
    store->group_max = config->group_max > 0 ? config->group_max : DYNAMO_GROUP_MAX;
    if (store->group_max > DYNAMO_GROUP_MAX)
        store->group_max = DYNAMO_GROUP_MAX;
    store->clock = config->clock;
    store->random = config->random;
    store->pid = getpid();
    dynamo_pool_open(&store->pool);
    dynamo_groups_open(&store->groups);
    pthread_mutex_init(&store->sweeping.mutex, NULL);
    return store;
}

enum cc_code cc_store_open_dynamodb(const struct cc_dynamodb_config *config, struct cc_store **out,
                                    struct cc_err *err)
{
    struct dynamo_store *store = dynamo_store_make(config);
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = prepare(store, arena, err);

    cc_arena_free(arena);
    if (rc != CC_OK) {
        close_store(&store->base);
        return rc;
    }
    *out = &store->base;
    return CC_OK;
}
