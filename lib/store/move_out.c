/* From the file into the table. The mark comes first and takes the place of schema and epoch, so
 * that no program serves what is half there; schema and epoch come last, in the transaction in
 * which the mark goes. */
#include "move_parts.h"

#include "../base/arena.h"

#include <unistd.h>

/* --- the file --------------------------------------------------------------------------------- */

static enum cc_code check_there(const char *path, struct cc_err *err)
{
    if (access(path, F_OK) == 0)
        return CC_OK;
    return cc_fail(err, CC_INVALID, "There is no database to move.", "no %s", path);
}

/* With the lock of a writer nobody writes while we read, not even who knows nothing of our lock
 * file, and all that we read is of one instant. Nothing is written. */
static enum cc_code begin_reading(struct cc_move *self, bool alone, struct cc_err *err)
{
    enum cc_code rc = sqlite_schema_check(self->file, SQLITE_LAYOUT, err);

    if (rc == CC_OK)
        rc = sqlite_schema_epoch(self->file, self->arena, &self->epoch, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(self->file, alone ? SQLITE_STMT_BEGIN_WRITE : SQLITE_STMT_BEGIN_READ,
                            err);
    return rc;
}

static enum cc_code lock_file(struct cc_move *self, const char *path, bool alone,
                              struct cc_err *err)
{
    enum cc_code rc;

    if (alone)
        return sqlite_lock_alone(&self->lock, self->arena, path, err);
    rc = sqlite_lock_open(&self->lock, cc_str_format(self->arena, "%s.lock", path).at, false, err);
    if (rc == CC_OK)
        sqlite_lock_begin_snapshot(&self->lock);
    return rc;
}

enum cc_code move_out_open_file(struct cc_move *self, bool alone, struct cc_err *err)
{
    const struct cc_store_config *config = self->config.file;
    struct sqlite_settings settings = { .durability = 1,
                                        .cache_bytes = 2 * 1024 * 1024,
                                        .wait_ms = 1000,
                                        .network = config->network_filesystem,
                                        .examining = true };
    enum cc_code rc = sqlite_file_resolve(self->arena, config->path, &settings.path, err);

    if (rc == CC_OK)
        rc = check_there(settings.path, err);
    if (rc == CC_OK && !settings.network)
        rc = sqlite_file_check_place(self->arena, settings.path, err);
    if (rc == CC_OK)
        rc = lock_file(self, settings.path, alone, err);
    if (rc == CC_OK)
        rc = sqlite_conn_open(&settings, alone, &self->file, err);
    return rc == CC_OK ? begin_reading(self, alone, err) : rc;
}

/* --- the table, before ------------------------------------------------------------------------ */

static enum cc_code fail_taken(const struct cc_move *self, const char *detail, const char *cause,
                               struct cc_err *err)
{
    return cc_fail(err, CC_CONFLICT, detail, "the table %.*s: %s", CC_STR_ARG(self->table->table),
                   cause);
}

static enum cc_code check_empty(struct cc_move *self, struct cc_err *err)
{
    struct move_scan scan;
    enum cc_code rc;

    move_scan_begin(&scan, CC_STR_ABSENT);
    rc = move_scan_next(self, &scan, err);
    for (size_t i = 0; rc == CC_OK && i < scan.rows.count; i++)
        if (!cc_meta_holds(scan.rows.at[i].item.key))
            rc = fail_taken(self,
                            "There is something in the table already: name another one, and make "
                            "it with `cloudchat aws create-table`.",
                            scan.rows.at[i].item.key.pk.at, err);
    move_scan_end(&scan);
    return rc;
}

static enum cc_code check_not_done(struct cc_move *self, struct cc_err *err)
{
    struct cc_str epoch;
    struct cc_item item;
    enum cc_code rc = move_table_find(self, self->page, CC_META_EPOCH, &item, err);

    if (rc != CC_OK || !item.body.at)
        return rc;
    rc = move_epoch_load(self->page, item.body, &epoch, err);
    if (rc == CC_OK && cc_str_eq(epoch, self->epoch))
        rc = fail_taken(self, "This database is in the table already, whole.", "the same epoch",
                        err);
    return rc;
}

static enum cc_code take_mark(struct cc_move *self, struct cc_str body, struct cc_err *err)
{
    enum cc_code rc = move_mark_load(self->arena, cc_str_copy(self->arena, body), &self->mark, err);

    if (rc == CC_OK && !cc_str_eq(self->mark.epoch, self->epoch))
        rc = fail_taken(self,
                        "The table holds the beginning of another database's migration: name "
                        "another table.",
                        "another epoch", err);
    self->resumes = rc == CC_OK;
    return rc;
}

enum cc_code move_out_look_at_table(struct cc_move *self, struct cc_err *err)
{
    struct cc_item item;
    enum cc_code rc = dynamo_table_check(self->table->aws, self->page, self->table->table, err);

    if (rc == CC_OK)
        rc = move_table_find(self, self->page, CC_META_MIGRATION, &item, err);
    if (rc == CC_OK)
        rc = dynamo_write_probe(self->table, err);
    if (rc != CC_OK)
        return rc;
    if (item.body.at)
        return take_mark(self, item.body, err);
    rc = check_not_done(self, err);
    return rc == CC_OK ? check_empty(self, err) : rc;
}

/* --- the mark --------------------------------------------------------------------------------- */

enum cc_code move_out_put_mark(struct cc_move *self, const struct move_mark *mark,
                               struct cc_err *err)
{
    struct cc_item item;

    cc_arena_reset(self->item);
    item = move_mark_item(self->item, mark);
    return dynamo_write_many(self->table, &item, 1, err);
}

static enum cc_code claim_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item *mark = arg;
    enum cc_code rc = cc_txn_delete(txn, CC_META_SCHEMA, err);

    if (rc == CC_OK)
        rc = cc_txn_delete(txn, CC_META_EPOCH, err);
    if (rc == CC_OK)
        rc = cc_txn_insert(txn, mark, err);
    return rc == CC_EXISTS
               ? cc_fail(err, CC_CONFLICT, "Another migration into this table has begun.",
                         "META MIGRATION is there")
               : rc;
}

static enum cc_code claim(struct cc_move *self, struct cc_str sum, struct cc_err *err)
{
    struct cc_item item;

    self->mark = (struct move_mark){ .epoch = self->epoch, .sum = sum };
    cc_arena_reset(self->page);
    cc_arena_reset(self->item);
    item = move_mark_item(self->item, &self->mark);
    return cc_store_run(&self->table->base, self->page, claim_in, &item, err);
}

enum cc_code move_out_forget(struct cc_move *self, struct cc_err *err)
{
    self->mark = (struct move_mark){ .epoch = self->epoch, .sum = self->mark.sum, .stale = true };
    return move_out_put_mark(self, &self->mark, err);
}

/* The file may have served in the meantime. */
static enum cc_code settle_mark(struct cc_move *self, struct cc_str sum, struct cc_err *err)
{
    if (!self->resumes)
        return claim(self, sum, err);
    if (cc_str_eq(self->mark.sum, sum))
        return CC_OK;
    self->mark.sum = sum;
    return move_out_forget(self, err);
}

enum cc_code move_out_open(struct cc_move *self, struct cc_err *err)
{
    const int64_t now_ms = cc_clock_wall_ms(self->config.file->clock);
    struct cc_tally all, alive;
    enum cc_code rc = move_out_open_file(self, true, err);

    if (rc == CC_OK)
        rc = move_out_look_at_table(self, err);
    if (rc == CC_OK)
        rc = move_survey_file(self, now_ms, &all, &alive, err);
    if (rc != CC_OK)
        return rc;
    self->total = alive.bytes;
    return settle_mark(self, cc_tally_text(self->arena, &all), err);
}

/* --- the end ---------------------------------------------------------------------------------- */

static enum cc_code commit_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_move *self = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_item schema = { .key = CC_META_SCHEMA,
                                    .body =
                                        cc_str_format(arena, "{\"layout\":%d}", DYNAMO_LAYOUT) };
    const struct cc_item epoch = move_epoch_item(arena, self->epoch);
    enum cc_code rc = cc_txn_put(txn, &schema, err);

    if (rc == CC_OK)
        rc = cc_txn_put(txn, &epoch, err);
    return rc == CC_OK ? cc_txn_delete(txn, CC_META_MIGRATION, err) : rc;
}

enum cc_code move_out_commit(struct cc_move *self, struct cc_err *err)
{
    cc_arena_reset(self->page);
    return cc_store_run(&self->table->base, self->page, commit_in, self, err);
}
