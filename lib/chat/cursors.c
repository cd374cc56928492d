#include "rows.h"

struct move {
    const struct cc_caller *by;
    struct cc_str room;
    struct cc_cursor_move to;
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The number of the message at `seq`: HEAD knows that of the newest. */
static enum cc_code number_at(struct cc_txn *txn, const struct move *move, struct cc_key guard,
                              int64_t seq, int64_t *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_message_row row;
    struct cc_item item;
    enum cc_code rc = cc_txn_peek(txn, cc_key_message(arena, move->room, seq), guard, &item, err);

    if (rc == CC_OK)
        rc = cc_fields_load(arena, cc_message_row_fields, item.body, &row, err);
    if (rc == CC_OK)
        *out = row.number;
    return rc == CC_NOT_FOUND
               ? cc_fail(err, CC_INTERNAL, NULL, "room without message %lld", (long long)seq)
               : rc;
}

/* All that is read, at once. */
static enum cc_code expect(struct cc_txn *txn, const struct move *move, struct cc_key cursor,
                           struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_key keys[] = { cursor, cc_key_room(arena, move->room),
                                   cc_key_member(arena, move->room, move->by->user) };

    return cc_txn_expect(txn, keys, CC_COUNT(keys), err);
}

/* CURSOR is what the commit checks. HEAD is only looked at: it grows, so a move that is clamped to
 * an older one is right, and need not contend with everybody who sends. */
static enum cc_code peek_head(struct cc_txn *txn, const struct move *move, struct cc_key guard,
                              struct cc_head *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    enum cc_code rc = cc_txn_peek(txn, cc_key_room(arena, move->room), guard, &item, err);

    if (rc == CC_OK)
        rc = cc_member_check(txn, guard, move->room, move->by->user, err);
    return rc == CC_OK ? cc_fields_load(arena, cc_head_fields, item.body, out, err) : rc;
}

static enum cc_code move_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct move *move = arg;
    struct cc_key key = cc_key_cursor(cc_txn_arena(txn), move->room, move->by->user);
    struct cc_cursor_row row, was;
    struct cc_head head;
    enum cc_code rc = expect(txn, move, key, err);

    if (rc == CC_OK)
        rc = cc_row_get(txn, key, cc_cursor_fields, &row, err);
    if (rc == CC_OK)
        rc = peek_head(txn, move, key, &head, err);
    if (rc != CC_OK)
        return rc;
    was = row;
    row.cursor.read_seq = larger(was.cursor.read_seq, smaller(move->to.read_seq, head.seq));
    row.cursor.delivered_seq =
        larger(was.cursor.delivered_seq,
               larger(row.cursor.read_seq, smaller(move->to.delivered_seq, head.seq)));
    if (row.cursor.read_seq == head.seq)
        row.read_count = head.count;
    else if (row.cursor.read_seq > was.cursor.read_seq)
        rc = number_at(txn, move, key, row.cursor.read_seq, &row.read_count, err);
    if (rc != CC_OK || (row.cursor.read_seq == was.cursor.read_seq &&
                        row.cursor.delivered_seq == was.cursor.delivered_seq))
        return rc;
    return cc_row_put(txn, key, cc_cursor_fields, &row, err);
}

enum cc_code cc_cursor_move(const struct cc_caller *by, struct cc_str room,
                            const struct cc_cursor_move *move, struct cc_err *err)
{
    struct move arg = { by, room, *move };

    if (!cc_room_id_is_wellformed(room))
        return cc_fail(err, CC_NOT_FOUND, NULL, "not the id of a room");
    return cc_store_run(by->chat->store, by->arena, move_in, &arg, err);
}

enum cc_code cc_cursors_load(struct cc_txn *txn, struct cc_str room, struct cc_cursors *out,
                             struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_range range = cc_range_cursors(arena, room);
    struct cc_cursor *cursors;
    struct cc_cursor_row row;
    struct cc_items items;
    enum cc_code rc;

    range.guard = cc_key_room(arena, room);
    rc = cc_txn_query(txn, &range, &items, err);
    if (rc != CC_OK)
        return rc;
    cursors = CC_NEW_ARRAY(arena, struct cc_cursor, items.count);
    for (size_t i = 0; i < items.count && rc == CC_OK; i++) {
        rc = cc_fields_load(arena, cc_cursor_fields, items.at[i].body, &row, err);
        cursors[i] = row.cursor;
        cursors[i].user = cc_key_tail(items.at[i].key.sk);
    }
    if (rc == CC_OK)
        *out = (struct cc_cursors){ cursors, items.count };
    return rc;
}

struct list {
    const struct cc_caller *by;
    struct cc_str room;
    struct cc_cursors cursors;
};

static enum cc_code list_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct list *list = arg;
    struct cc_head head;
    enum cc_code rc = cc_room_enter(txn, list->by, list->room, &head, err);

    return rc == CC_OK ? cc_cursors_load(txn, list->room, &list->cursors, err) : rc;
}

enum cc_code cc_cursor_list(const struct cc_caller *by, struct cc_str room, struct cc_cursors *out,
                            struct cc_err *err)
{
    struct list arg = { by, room, { NULL, 0 } };
    enum cc_code rc = cc_store_view(by->chat->store, by->arena, list_in, &arg, err);

    if (rc == CC_OK)
        *out = arg.cursors;
    return rc;
}
