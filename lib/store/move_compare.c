/* The table is read from its beginning to its end, and each of its items looked for in the file. As
 * each is there and is the same, and there are as many here as there, there is nothing in the file
 * that is not in the table. Only where some have expired meanwhile and are gone, the file's are
 * looked for one by one, too. */
#include "move_parts.h"

#include "../base/arena.h"

#include <string.h>

#define ASKED_AT_ONCE 100

static int64_t now(const struct cc_move *self)
{
    return cc_clock_wall_ms(self->config.file->clock);
}

static enum cc_code fail_differs(const struct cc_move *self, struct cc_key key, const char *how,
                                 struct cc_err *err)
{
    return cc_fail(err, CC_CONFLICT,
                   self->config.to_table
                       ? "The table is not what the database is: run it again, it begins anew."
                       : "The table has been written to meanwhile: stop every program that uses "
                         "it, and run it again, it begins anew.",
                   "%.*s %.*s: %s", CC_STR_ARG(cc_str_take(key.pk, 80)),
                   CC_STR_ARG(cc_str_take(key.sk, 80)), how);
}

/* --- each item of the table ------------------------------------------------------------------- */

struct comparing {
    int64_t now_ms;        /* when it began */
    struct cc_tally table; /* of what was alive then */
    struct cc_tally file;
};

static enum cc_code compare_item(struct cc_move *self, struct comparing *c,
                                 const struct cc_item *item, struct cc_err *err)
{
    unsigned char digest[CC_SHA256_SIZE], other[CC_SHA256_SIZE];
    struct cc_item found;
    enum cc_code rc;

    cc_arena_reset(self->item);
    rc = sqlite_conn_find(self->file, self->item, item->key, SQLITE_EVER, &found, err);
    if (rc == CC_NOT_FOUND && !move_is_alive(item, now(self)))
        return CC_OK;
    if (rc == CC_NOT_FOUND)
        return fail_differs(self, item->key, "is in the table alone", err);
    if (rc != CC_OK)
        return rc;
    cc_item_digest(self->item, item, digest);
    cc_item_digest(self->item, &found, other);
    if (memcmp(digest, other, sizeof(digest)) != 0)
        return fail_differs(self, item->key, "is not the same on both sides", err);
    if (move_is_alive(item, c->now_ms))
        cc_tally_add(&c->table, item, digest);
    return CC_OK;
}

static enum cc_code compare_page(struct cc_move *self, struct comparing *c,
                                 const struct dynamo_rows *rows, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < rows->count; i++)
        if (!cc_meta_holds(rows->at[i].item.key))
            rc = compare_item(self, c, &rows->at[i].item, err);
    return rc;
}

static enum cc_code compare_table(struct cc_move *self, struct comparing *c, struct cc_err *err)
{
    struct move_scan scan;
    enum cc_code rc = CC_OK;

    move_scan_begin(&scan, CC_STR_ABSENT);
    while (rc == CC_OK && !scan.at_end) {
        rc = cc_progress_report(self->config.progress, "Verifying", c->table.bytes, c->file.bytes,
                                err);
        if (rc == CC_OK)
            rc = move_scan_next(self, &scan, err);
        if (rc == CC_OK)
            rc = compare_page(self, c, &scan.rows, err);
    }
    move_scan_end(&scan);
    return rc;
}

/* --- each item of the file -------------------------------------------------------------------- */

struct asking {
    struct cc_item items[ASKED_AT_ONCE];
    size_t count;
    bool at_end;
};

static enum cc_code read_some(struct cc_move *self, struct sqlite_rows *rows, struct asking *some,
                              struct cc_err *err)
{
    cc_arena_reset(self->page);
    some->count = 0;
    while (some->count < ASKED_AT_ONCE && !some->at_end) {
        struct cc_item *item = &some->items[some->count];
        enum cc_code rc = sqlite_rows_next(rows, self->page, item, err);

        some->at_end = rc == CC_NOT_FOUND;
        if (rc == CC_OK)
            some->count += !cc_meta_holds(item->key) && move_is_alive(item, now(self));
        else if (rc != CC_NOT_FOUND)
            return rc;
    }
    return CC_OK;
}

static enum cc_code find_some(struct cc_move *self, const struct asking *some, struct cc_err *err)
{
    struct cc_key keys[ASKED_AT_ONCE];
    struct dynamo_row rows[ASKED_AT_ONCE];
    enum cc_code rc = CC_OK;

    for (size_t i = 0; i < some->count; i++)
        keys[i] = some->items[i].key;
    if (some->count > 0)
        rc = dynamo_get_many(self->table, self->page, keys, some->count, rows, err);
    for (size_t i = 0; rc == CC_OK && i < some->count; i++)
        if (!rows[i].v.at && move_is_alive(&some->items[i], now(self)))
            rc = fail_differs(self, keys[i], "is not in the table", err);
    return rc;
}

static enum cc_code find_missing(struct cc_move *self, struct cc_err *err)
{
    struct asking *some = CC_NEW(self->arena, struct asking);
    struct sqlite_rows rows;
    enum cc_code rc = sqlite_rows_open(self->file, (struct cc_key){ 0 }, &rows, err);
    int64_t seen = 0;

    if (rc != CC_OK)
        return rc;
    while (rc == CC_OK && !some->at_end) {
        rc =
            cc_progress_report(self->config.progress, "Looking for what is missing", seen, -1, err);
        if (rc == CC_OK)
            rc = read_some(self, &rows, some, err);
        if (rc == CC_OK)
            rc = find_some(self, some, err);
        seen += (int64_t)some->count;
    }
    sqlite_rows_close(&rows);
    return rc;
}

/* --- both ------------------------------------------------------------------------------------- */

enum cc_code move_compare(struct cc_move *self, struct cc_tally *out, struct cc_err *err)
{
    struct comparing c = { .now_ms = now(self) };
    struct cc_tally all;
    enum cc_code rc = move_survey_file(self, c.now_ms, &all, &c.file, err);

    if (rc == CC_OK)
        rc = compare_table(self, &c, err);
    if (rc == CC_OK && !cc_tally_eq(&c.table, &c.file))
        rc = find_missing(self, err);
    if (rc == CC_OK)
        *out = c.table;
    return rc;
}
