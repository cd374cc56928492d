/* A table is read by its partitions: there is no other way to all of one kind. What is of one
 * partition key stands together, in the order of the sort keys. */
#include "dynamodb.h"

#include "../base/arena.h"

#define TRIES_MAX 8

/* A table that is busy is asked again, from the second page on: before that the rights may be
 * missing. */
static enum cc_code ask(struct dynamo_store *store, struct cc_arena *arena, struct cc_str prefix,
                        struct cc_str *start, struct dynamo_rows *rows, struct cc_err *err)
{
    const struct cc_str from = *start;
    const unsigned tries_max = from.at ? TRIES_MAX : 1;

    for (unsigned tries = 1;; tries++) {
        struct cc_err why = { 0 };
        enum cc_code rc;

        *rows = (struct dynamo_rows){ 0 };
        *start = from;
        rc = dynamo_walk_page(store, arena, prefix, start, rows, &why);
        if (rc == CC_OK)
            return rc;
        if (rc != CC_UNAVAILABLE || tries == tries_max) {
            *err = why;
            return rc;
        }
        dynamo_back_off(store, tries);
    }
}

static bool is_alive(const struct cc_item *item, int64_t now_ms)
{
    return item->expires_ms <= 0 || item->expires_ms > now_ms;
}

static enum cc_code visit_rows(struct dynamo_store *store, const struct dynamo_rows *rows,
                               const struct cc_visit *visit, struct cc_err *err)
{
    const int64_t now_ms = cc_clock_wall_ms(store->clock);
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < rows->count; i++) {
        if (is_alive(&rows->at[i].item, now_ms))
            rc = visit->fn(&rows->at[i].item, visit->arg, err);
    }
    return rc;
}

/* Where the next page begins lives in the one before. */
enum cc_code dynamo_walk(struct dynamo_store *store, struct cc_str prefix,
                         const struct cc_visit *visit, struct cc_err *err)
{
    struct cc_arena *pages[] = { cc_arena_new(CC_ARENA_CEILING_BYTES),
                                 cc_arena_new(CC_ARENA_CEILING_BYTES) };
    struct cc_str start = CC_STR_ABSENT;
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK; i = !i) {
        struct dynamo_rows rows;

        cc_arena_reset(pages[i]);
        rc = ask(store, pages[i], prefix, &start, &rows, err);
        if (rc == CC_OK)
            rc = visit_rows(store, &rows, visit, err);
        if (!start.at)
            break;
    }
    cc_arena_free(pages[0]);
    cc_arena_free(pages[1]);
    return rc;
}
