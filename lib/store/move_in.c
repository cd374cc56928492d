/* From the table into a new file beside the one that is configured, which takes its place at the
 * end (sqlite_replace.c). Each page and the mark behind it are one transaction: what was killed
 * goes on with the page that it was at. */
#include "move_parts.h"

#include "../base/arena.h"

#include <unistd.h>

/* Pages come in the order of DynamoDB's hash: each writes all over the file. */
#define CACHE_BYTES ((int64_t)16 * 1024 * 1024)

/* --- the table -------------------------------------------------------------------------------- */

enum cc_code move_in_look_at_table(struct cc_move *self, struct cc_err *err)
{
    enum cc_code rc = dynamo_store_recognize(self->table, self->page, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_INVALID, "There is nothing in the table to move.",
                       "nothing in the table %.*s", CC_STR_ARG(self->table->table));
    if (rc == CC_OK)
        self->epoch = cc_str_copy(self->arena, cc_store_epoch(&self->table->base));
    return rc;
}

/* --- the new file ----------------------------------------------------------------------------- */

static enum cc_code connect_to(struct cc_move *self, struct cc_err *err)
{
    struct cc_replacing *replacing = self->replacing;
    enum cc_code rc = sqlite_conn_open(&replacing->fresh, true, &replacing->conn, err);

    if (rc == CC_OK)
        rc = sqlite_conn_set_journal(replacing->conn, replacing->fresh.network, err);
    if (rc == CC_OK)
        rc = sqlite_conn_execute(replacing->conn, "PRAGMA wal_autocheckpoint=2000", err);
    self->file = replacing->conn;
    return rc;
}

static enum cc_code put_mark(struct cc_move *self, struct cc_err *err)
{
    const struct cc_item item = move_mark_item(self->item, &self->mark);

    return sqlite_conn_put(self->file, &item, err);
}

/* The same history, and the mark that says so. */
static enum cc_code begin_history(struct cc_move *self, struct cc_err *err)
{
    const struct cc_item epoch = move_epoch_item(self->item, self->epoch);
    enum cc_code rc = sqlite_conn_do(self->file, SQLITE_STMT_BEGIN_WRITE, err);

    self->mark = (struct move_mark){ .epoch = self->epoch };
    if (rc == CC_OK)
        rc = sqlite_conn_put(self->file, &epoch, err);
    if (rc == CC_OK)
        rc = put_mark(self, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(self->file, SQLITE_STMT_COMMIT, err);
    sqlite_conn_rollback(self->file);
    return rc;
}

static enum cc_code begin_file(struct cc_move *self, struct cc_err *err)
{
    enum cc_code rc = sqlite_replacing_discard(self->replacing, err);

    self->file = NULL;
    if (rc == CC_OK)
        rc = sqlite_file_create(self->arena, self->replacing->fresh.path, err);
    if (rc == CC_OK)
        rc = connect_to(self, err);
    if (rc == CC_OK)
        rc = sqlite_schema_create(self->file, self->config.file->random, err);
    return rc == CC_OK ? begin_history(self, err) : rc;
}

/* What an earlier run has left, if it is of the same history. */
static bool find_begun(struct cc_move *self)
{
    struct cc_err ignored = { 0 };
    struct cc_item item;

    if (access(self->replacing->fresh.path, F_OK) != 0 || connect_to(self, &ignored) != CC_OK ||
        sqlite_schema_check(self->file, SQLITE_LAYOUT, &ignored) != CC_OK ||
        sqlite_conn_find(self->file, self->arena, CC_META_MIGRATION, SQLITE_EVER, &item,
                         &ignored) != CC_OK ||
        move_mark_load(self->arena, item.body, &self->mark, &ignored) != CC_OK)
        return false;
    return cc_str_eq(self->mark.epoch, self->epoch);
}

/* The name of the option that is there, for whom it is news. */
static enum cc_code check_replaces(const struct cc_move *self, struct cc_err *err)
{
    if (self->config.replaces || !cc_replacing_has_data(self->replacing))
        return CC_OK;
    return cc_fail(
        err, CC_CONFLICT,
        "There are people and messages in the file already: --replace puts what comes in "
        "their place, and keeps that file beside it.",
        "%s", self->replacing->old.path);
}

enum cc_code move_in_open_file(struct cc_move *self, struct cc_err *err)
{
    enum cc_code rc = sqlite_replacing_open(self->config.file, MOVE_SUFFIX, &self->replacing, err);

    if (rc != CC_OK)
        return rc;
    self->replacing->keeps_fresh = true;
    self->replacing->fresh.cache_bytes = CACHE_BYTES;
    return check_replaces(self, err);
}

enum cc_code move_in_open(struct cc_move *self, struct cc_err *err)
{
    enum cc_code rc = move_in_look_at_table(self, err);

    if (rc == CC_OK)
        rc = move_in_open_file(self, err);
    if (rc != CC_OK)
        return rc;
    self->total = -1;
    self->resumes = find_begun(self);
    return self->resumes ? CC_OK : begin_file(self, err);
}

/* --- copying ---------------------------------------------------------------------------------- */

static enum cc_code put_rows(struct cc_move *self, const struct dynamo_rows *rows,
                             struct cc_err *err)
{
    const int64_t now_ms = cc_clock_wall_ms(self->config.file->clock);
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < rows->count; i++) {
        const struct cc_item *item = &rows->at[i].item;

        if (cc_meta_holds(item->key) || !move_is_alive(item, now_ms))
            continue;
        rc = sqlite_conn_put(self->file, item, err);
        self->mark.done++;
    }
    return rc;
}

static enum cc_code put_page(struct cc_move *self, const struct move_scan *scan, struct cc_err *err)
{
    enum cc_code rc = sqlite_conn_do(self->file, SQLITE_STMT_BEGIN_WRITE, err);

    self->mark.start = scan->start;
    self->mark.copied = scan->at_end;
    cc_arena_reset(self->item);
    if (rc == CC_OK)
        rc = put_rows(self, &scan->rows, err);
    if (rc == CC_OK)
        rc = put_mark(self, err);
    if (rc == CC_OK)
        rc = sqlite_conn_do(self->file, SQLITE_STMT_COMMIT, err);
    sqlite_conn_rollback(self->file);
    return rc;
}

static enum cc_code copy_pages(struct cc_move *self, struct move_scan *scan, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    while (rc == CC_OK && !self->mark.copied) {
        rc = cc_progress_report(self->config.progress, "Copying the items", self->mark.done,
                                self->total, err);
        if (rc == CC_OK)
            rc = move_scan_next(self, scan, err);
        if (rc == CC_OK)
            rc = put_page(self, scan, err);
    }
    return rc;
}

enum cc_code move_in_copy(struct cc_move *self, struct cc_err *err)
{
    struct move_scan scan;
    enum cc_code rc;

    move_scan_begin(&scan, self->mark.start);
    rc = copy_pages(self, &scan, err);
    self->mark.start = CC_STR_ABSENT; /* it lived in the scan */
    move_scan_end(&scan);
    return rc;
}

/* --- the end ---------------------------------------------------------------------------------- */

static enum cc_code remove_mark(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    (void)arg;
    return cc_txn_delete(txn, CC_META_MIGRATION, err);
}

static enum cc_code check_file(struct cc_move *self, struct cc_err *err)
{
    struct sqlite_txn txn;

    sqlite_txn_init(&txn, self->file, self->page, 0, true);
    return sqlite_txn_verify(&txn.base, NULL, err);
}

enum cc_code move_in_commit(struct cc_move *self, struct cc_arena *arena, struct cc_str *kept,
                            struct cc_err *err)
{
    enum cc_code rc = check_file(self, err);

    if (rc == CC_OK)
        rc = cc_replacing_run(self->replacing, self->page, remove_mark, NULL, err);
    self->file = NULL;
    return rc == CC_OK ? cc_replacing_commit(self->replacing, arena, kept, err) : rc;
}
