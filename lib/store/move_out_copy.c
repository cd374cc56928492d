/* From the file into the table: what is sent. Batches go side by side, wave by wave, in the order
 * of the keys, so that one key says how far it is. */
#include "move_parts.h"

#include "../base/arena.h"

/* What is sent side by side: some 16 batches. */
#define WAVE_ITEMS_MAX 400
#define WAVE_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* --- what the file does not hold any more ----------------------------------------------------- */

static enum cc_code is_unknown(struct cc_move *self, const struct cc_item *item, bool *out,
                               struct cc_err *err)
{
    const int64_t now_ms = cc_clock_wall_ms(self->config.file->clock);
    struct cc_item found;
    enum cc_code rc;

    cc_arena_reset(self->item);
    rc = sqlite_conn_find(self->file, self->item, item->key, now_ms, &found, err);
    *out = rc == CC_NOT_FOUND;
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

static enum cc_code prune_page(struct cc_move *self, const struct dynamo_rows *rows,
                               struct cc_err *err)
{
    struct cc_item *gone = CC_NEW_ARRAY(self->page, struct cc_item, rows->count);
    enum cc_code rc = CC_OK;
    size_t count = 0;

    for (size_t i = 0; rc == CC_OK && i < rows->count; i++) {
        const struct cc_item *item = &rows->at[i].item;
        bool unknown = false;

        if (!cc_meta_holds(item->key))
            rc = is_unknown(self, item, &unknown, err);
        if (unknown)
            gone[count++] = (struct cc_item){ .key = item->key };
    }
    return rc == CC_OK ? dynamo_write_many(self->table, gone, count, err) : rc;
}

static enum cc_code prune(struct cc_move *self, struct cc_err *err)
{
    struct move_scan scan;
    enum cc_code rc = CC_OK;
    int64_t seen = 0;

    move_scan_begin(&scan, CC_STR_ABSENT);
    while (rc == CC_OK && !scan.at_end) {
        rc = cc_progress_report(self->config.progress, "Looking at what is in the table", seen, -1,
                                err);
        if (rc == CC_OK)
            rc = move_scan_next(self, &scan, err);
        if (rc == CC_OK)
            rc = prune_page(self, &scan.rows, err);
        seen += (int64_t)scan.rows.count;
    }
    move_scan_end(&scan);
    if (rc != CC_OK)
        return rc;
    self->mark.stale = false;
    return move_out_put_mark(self, &self->mark, err);
}

/* --- copying ---------------------------------------------------------------------------------- */

/* Some items, in self->page, and where they end. */
struct wave {
    struct cc_item items[WAVE_ITEMS_MAX + 1]; /* and a mark */
    size_t count, bytes;
    struct cc_key last; /* also of what was passed over */
    bool at_end;
};

static enum cc_code read_wave(struct cc_move *self, struct sqlite_rows *rows, struct wave *wave,
                              struct cc_err *err)
{
    const int64_t now_ms = cc_clock_wall_ms(self->config.file->clock);

    cc_arena_reset(self->page);
    *wave = (struct wave){ .count = 0 };
    while (wave->count < WAVE_ITEMS_MAX && wave->bytes < WAVE_BYTES_MAX) {
        struct cc_item *item = &wave->items[wave->count];
        enum cc_code rc = sqlite_rows_next(rows, self->page, item, err);

        wave->at_end = rc == CC_NOT_FOUND;
        if (wave->at_end)
            return CC_OK;
        if (rc != CC_OK)
            return rc;
        wave->last = item->key;
        if (cc_meta_holds(item->key) || !move_is_alive(item, now_ms))
            continue;
        wave->bytes += cc_item_size(item);
        wave->count++;
    }
    return CC_OK;
}

struct copying {
    struct sqlite_rows rows;
    struct wave wave;
    struct cc_item
        mark; /* up to the last wave all is there, in self->item; absent: none was sent */
};

static void note_wave(struct cc_move *self, struct copying *c)
{
    struct move_mark mark;

    self->mark.done += (int64_t)c->wave.bytes;
    self->mark.copied = c->wave.at_end;
    mark = self->mark;
    mark.pk = c->wave.last.pk;
    mark.sk = c->wave.last.sk;
    cc_arena_reset(self->item);
    c->mark = move_mark_item(self->item, &mark);
}

/* The mark behind a wave travels with the next one: no further way there and back. */
static enum cc_code copy_wave(struct cc_move *self, struct copying *c, struct cc_err *err)
{
    enum cc_code rc = read_wave(self, &c->rows, &c->wave, err);
    size_t count = c->wave.count;

    if (c->mark.body.at)
        c->wave.items[count++] = c->mark;
    if (rc == CC_OK)
        rc = dynamo_write_many(self->table, c->wave.items, count, err);
    if (rc == CC_OK)
        note_wave(self, c);
    return rc;
}

static enum cc_code report(struct cc_move *self, struct cc_err *err)
{
    return cc_progress_report(self->config.progress, "Copying the items", self->mark.done,
                              self->total, err);
}

static enum cc_code copy_rows(struct cc_move *self, struct copying *c, struct cc_err *err)
{
    struct cc_err ignored = { 0 };
    enum cc_code rc = report(self, err);

    while (rc == CC_OK && !self->mark.copied) {
        rc = copy_wave(self, c, err);
        if (rc != CC_OK)
            return rc;
        rc = report(self, err);
    }
    if (rc == CC_OK)
        return dynamo_write_many(self->table, &c->mark, 1, err);
    if (c->mark.body.at) /* interrupted: the next run need not send the last wave again */
        (void)!dynamo_write_many(self->table, &c->mark, 1, &ignored);
    return rc;
}

static enum cc_code copy(struct cc_move *self, struct cc_err *err)
{
    const struct cc_key after = { self->mark.pk, self->mark.sk };
    struct copying *c = CC_NEW(self->arena, struct copying);
    enum cc_code rc = sqlite_rows_open(self->file, after, &c->rows, err);

    if (rc != CC_OK)
        return rc;
    rc = copy_rows(self, c, err);
    sqlite_rows_close(&c->rows);
    return rc;
}

enum cc_code move_out_copy(struct cc_move *self, struct cc_err *err)
{
    enum cc_code rc = self->mark.stale ? prune(self, err) : CC_OK;

    return rc == CC_OK && !self->mark.copied ? copy(self, err) : rc;
}
