#include "move_parts.h"

#include "../base/arena.h"
#include "../base/text.h"

#include <sys/stat.h>

#define REPORT_ROWS 500
#define PATIENCE_MS 30000

/* --- the file --------------------------------------------------------------------------------- */

/* What the rules of the store let in can be moved; who has written with the shell may have broken
 * them. */
static enum cc_code check_item(const struct cc_item *item, struct cc_err *err)
{
    const char *wrong = NULL;

    if (cc_item_size(item) > CC_ITEM_BYTES_MAX)
        wrong = "is larger than 180 KB";
    else if (item->key.pk.len == 0 || item->key.sk.len == 0)
        wrong = "has an empty key";
    else if (!cc_text_is_utf8(item->key.pk) || !cc_text_is_utf8(item->key.sk) ||
             !cc_text_is_utf8(item->body))
        wrong = "is not UTF-8";
    if (wrong == NULL)
        return CC_OK;
    return cc_fail(err, CC_INVALID, "There is an item in the database that no table takes.",
                   "%.*s %.*s %s", CC_STR_ARG(cc_str_take(item->key.pk, 80)),
                   CC_STR_ARG(cc_str_take(item->key.sk, 80)), wrong);
}

static int64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

struct survey {
    int64_t now_ms;
    int64_t total; /* bytes, about */
    struct cc_tally all, alive;
};

static enum cc_code survey_item(struct cc_move *self, struct survey *survey,
                                const struct cc_item *item, struct cc_err *err)
{
    const int64_t done = survey->all.bytes < survey->total ? survey->all.bytes : survey->total;
    unsigned char digest[CC_SHA256_SIZE];
    enum cc_code rc = CC_OK;

    if (survey->all.items % REPORT_ROWS == 0)
        rc = cc_progress_report(self->config.progress, "Counting", done, survey->total, err);
    if (rc == CC_OK && self->config.to_table)
        rc = check_item(item, err);
    if (rc != CC_OK)
        return rc;
    cc_item_digest(self->item, item, digest);
    cc_tally_add(&survey->all, item, digest);
    if (move_is_alive(item, survey->now_ms))
        cc_tally_add(&survey->alive, item, digest);
    return CC_OK;
}

static enum cc_code survey_rows(struct cc_move *self, struct sqlite_rows *rows,
                                struct survey *survey, struct cc_err *err)
{
    struct cc_item item;
    enum cc_code rc = CC_OK;

    while (rc == CC_OK) {
        cc_arena_reset(self->item);
        rc = sqlite_rows_next(rows, self->item, &item, err);
        if (rc == CC_OK && !cc_meta_holds(item.key))
            rc = survey_item(self, survey, &item, err);
    }
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code move_survey_file(struct cc_move *self, int64_t now_ms, struct cc_tally *all,
                              struct cc_tally *alive, struct cc_err *err)
{
    struct survey survey = { .now_ms = now_ms, .total = size_of(self->file->path) };
    struct sqlite_rows rows;
    enum cc_code rc = sqlite_rows_open(self->file, (struct cc_key){ 0 }, &rows, err);

    if (rc != CC_OK)
        return rc;
    rc = survey_rows(self, &rows, &survey, err);
    sqlite_rows_close(&rows);
    *all = survey.all;
    *alive = survey.alive;
    return rc;
}

/* --- the table -------------------------------------------------------------------------------- */

void move_scan_begin(struct move_scan *scan, struct cc_str start)
{
    *scan =
        (struct move_scan){ .place = cc_arena_new((size_t)1024 * 1024), .start = CC_STR_ABSENT };
    if (start.at)
        scan->start = cc_str_copy(scan->place, start);
}

void move_scan_end(struct move_scan *scan)
{
    cc_arena_free(scan->place);
}

/* One try has eight seconds already. What never answered is not waited for: the rights may be
 * missing. */
static enum cc_code ask(struct cc_move *self, struct cc_str *start, struct dynamo_rows *rows,
                        struct cc_err *err)
{
    const int64_t until_ms = cc_clock_mono_ms(&cc_system_clock) + PATIENCE_MS;

    for (unsigned tries = 0;; tries++) {
        const struct cc_str from = *start;
        struct cc_err why = { 0 };
        enum cc_code rc;

        cc_arena_reset(self->page);
        *rows = (struct dynamo_rows){ 0 };
        rc = dynamo_scan_page(self->table, self->page, 0, start, rows, &why);
        self->has_read |= rc == CC_OK;
        if (rc == CC_OK)
            return CC_OK;
        *start = from;
        if (rc != CC_UNAVAILABLE || !self->has_read ||
            cc_clock_mono_ms(&cc_system_clock) > until_ms) {
            *err = why;
            return rc;
        }
        rc = cc_progress_report(self->config.progress, "Waiting for the table", 0, -1, err);
        if (rc != CC_OK)
            return rc;
        dynamo_back_off(self->table, tries);
    }
}

enum cc_code move_scan_next(struct cc_move *self, struct move_scan *scan, struct cc_err *err)
{
    struct cc_str next = scan->start;
    enum cc_code rc = ask(self, &next, &scan->rows, err);

    if (rc != CC_OK)
        return rc;
    scan->at_end = !next.at;
    cc_arena_reset(scan->place);
    scan->start = next.at ? cc_str_copy(scan->place, next) : next;
    return CC_OK;
}

enum cc_code move_table_find(struct cc_move *self, struct cc_arena *arena, struct cc_key key,
                             struct cc_item *out, struct cc_err *err)
{
    struct dynamo_row row;
    enum cc_code rc = dynamo_get(self->table, arena, key, &row, err);

    if (rc == CC_OK)
        *out = row.item;
    return rc;
}
