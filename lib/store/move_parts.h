/* store/move_parts.h - a move as its files share it; nobody else includes it.
 *
 *   move.c          the interface
 *   move_mark.c     how far it is, kept in the target
 *   move_read.c     reading a side from its beginning to its end
 *   move_out.c      from the file into the table: its beginning and its end
 *   move_out_copy.c what stands between them
 *   move_in.c       from the table into the file
 *   move_compare.c  both sides, item by item
 *   move_look.c     what would be moved */
#ifndef CC_STORE_MOVE_PARTS_H
#define CC_STORE_MOVE_PARTS_H

#include "dynamodb.h"
#include "meta.h"
#include "move.h"
#include "sqlite_replace.h"

#define MOVE_SUFFIX ".migrating" /* of the new file as long as it is made */

/* --- how far it is ---------------------------------------------------------------------------- */

/* META MIGRATION of the target. */
struct move_mark {
    struct cc_str epoch;  /* of what is moved */
    struct cc_str sum;    /* out: of the file when it began, so that the next run sees a change */
    struct cc_str pk, sk; /* out: everything up to here is in the table */
    struct cc_str start;  /* in: where the next page of the table begins */
    int64_t done;         /* for people: out, bytes; in, items */
    bool copied;          /* all of them are there */
    bool stale;           /* out: the table may hold what the file does not */
};

struct cc_move {
    struct cc_arena *arena; /* holds this struct */
    struct cc_arena *page;  /* of what is in hand */
    struct cc_arena *item;  /* of one item that is looked at */
    struct cc_move_config config;
    struct dynamo_store *table;
    struct sqlite_conn *file;       /* the source in one snapshot, or the new one */
    struct sqlite_lock lock;        /* out: nobody else opens the file */
    struct cc_replacing *replacing; /* in: the new one is its, too */
    struct cc_str epoch;
    struct move_mark mark;
    int64_t total; /* bytes to be copied; -1: not known */
    bool resumes;
    bool has_read; /* a page of the table */
};

enum cc_code move_mark_load(struct cc_arena *arena, struct cc_str body, struct move_mark *out,
                            struct cc_err *err) CC_NODISCARD;
struct cc_item move_mark_item(struct cc_arena *arena, const struct move_mark *mark);
/* {"name": "..."} of META EPOCH. CC_INVALID: there is none in it. */
enum cc_code move_epoch_load(struct cc_arena *arena, struct cc_str body, struct cc_str *out,
                             struct cc_err *err) CC_NODISCARD;
struct cc_item move_epoch_item(struct cc_arena *arena, struct cc_str name);

/* --- reading ---------------------------------------------------------------------------------- */

static inline bool move_is_alive(const struct cc_item *item, int64_t now_ms)
{
    return item->expires_ms == 0 || item->expires_ms > now_ms;
}

/* Sums up what is in the file: `all`, and what is alive. CC_INVALID: there is an item that no table
 * takes. Uses self->item. */
enum cc_code move_survey_file(struct cc_move *self, int64_t now_ms, struct cc_tally *all,
                              struct cc_tally *alive, struct cc_err *err) CC_NODISCARD;

/* The next page of the table, into self->page, which is emptied before; `start` as in
 * dynamo_scan_page, kept outside of it. Goes on asking for a while where the table is busy. */
struct move_scan {
    struct cc_arena *place; /* of start */
    struct cc_str start;
    struct dynamo_rows rows;
    bool at_end;
};
void move_scan_begin(struct move_scan *scan, struct cc_str start);
enum cc_code move_scan_next(struct cc_move *self, struct move_scan *scan,
                            struct cc_err *err) CC_NODISCARD;
void move_scan_end(struct move_scan *scan);

/* An absent item has an absent body. */
enum cc_code move_table_find(struct cc_move *self, struct cc_arena *arena, struct cc_key key,
                             struct cc_item *out, struct cc_err *err) CC_NODISCARD;

/* --- the parts -------------------------------------------------------------------------------- */

/* A move that has nothing open but what both directions need. */
struct cc_move *move_make(const struct cc_move_config *config);

/* Connects to the file, which is there, and begins a transaction. */
enum cc_code move_out_open_file(struct cc_move *self, bool alone, struct cc_err *err) CC_NODISCARD;
/* Whether the table is free for what is in the file; finds the mark of an earlier run. */
enum cc_code move_out_look_at_table(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_out_open(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_out_copy(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_out_commit(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_out_put_mark(struct cc_move *self, const struct move_mark *mark,
                               struct cc_err *err) CC_NODISCARD;
/* The next run begins anew. */
enum cc_code move_out_forget(struct cc_move *self, struct cc_err *err) CC_NODISCARD;

enum cc_code move_in_look_at_table(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
/* The place of the file: nobody else's, and nothing in it, or something that gives way. */
enum cc_code move_in_open_file(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_in_open(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_in_copy(struct cc_move *self, struct cc_err *err) CC_NODISCARD;
enum cc_code move_in_commit(struct cc_move *self, struct cc_arena *arena, struct cc_str *kept,
                            struct cc_err *err) CC_NODISCARD;

/* `out`: what is alive in both. CC_CONFLICT: they are not the same. */
enum cc_code move_compare(struct cc_move *self, struct cc_tally *out,
                          struct cc_err *err) CC_NODISCARD;

#endif
