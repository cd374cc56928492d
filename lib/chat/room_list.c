/* The rooms of one user, by last activity. There is no index for that order: a user has at most
 * CC_USER_ROOMS_MAX rooms, whose heads are read and sorted; the rest is read for one page alone. */
#include "rows.h"

#include <stdlib.h>

/* What a cursor of this list is sealed for. */
static const char list_name[] = "rooms";

struct place {
    int64_t active_ms;
    struct cc_str id;
};

struct listing {
    const struct cc_caller *by;
    const struct cc_room_query *query;
    struct place after; /* id absent: from the top */
    struct cc_room *rooms;
    size_t count;
    struct place last; /* id absent: no more */
};

/* The last to be active first; ids break ties, so that a page ends at one place only. */
static int order(struct place a, struct place b)
{
    if (a.active_ms != b.active_ms)
        return a.active_ms > b.active_ms ? -1 : 1;
    return cc_str_cmp(b.id, a.id);
}

static struct place place_of(const struct cc_room_head *room)
{
    return (struct place){ room->head.active_ms, room->id };
}

static int compare(const void *a, const void *b)
{
    return order(place_of(a), place_of(b));
}

static enum cc_code read_heads(struct cc_txn *txn, struct cc_str user, struct cc_room_head **out,
                               size_t *count, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_range range = cc_range_user_rooms(arena, user);
    struct cc_room_head *heads;
    struct cc_items hints, items = { 0 };
    struct cc_key *keys;
    enum cc_code rc = cc_txn_query(txn, &range, &hints, err);

    if (rc != CC_OK)
        return rc;
    heads = CC_NEW_ARRAY(arena, struct cc_room_head, hints.count);
    keys = CC_NEW_ARRAY(arena, struct cc_key, hints.count);
    items.at = CC_NEW_ARRAY(arena, struct cc_item, hints.count);
    for (size_t i = 0; i < hints.count; i++) {
        heads[i].id = cc_key_tail(hints.at[i].key.sk);
        keys[i] = cc_key_room(arena, heads[i].id);
    }
    rc = cc_txn_get_many(txn, keys, hints.count, items.at, err);
    *count = 0;
    for (size_t i = 0; i < hints.count && rc == CC_OK; i++) {
        if (!items.at[i].body.at)
            continue;
        heads[*count].id = heads[i].id;
        rc = cc_fields_load(arena, cc_head_fields, items.at[i].body, &heads[(*count)++].head, err);
    }
    *out = heads;
    return rc;
}

static enum cc_code list_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct listing *l = arg;
    const size_t limit = (size_t)l->query->limit;
    struct cc_room_head *heads;
    size_t total, from = 0;
    enum cc_code rc = read_heads(txn, l->by->user, &heads, &total, err);

    if (rc != CC_OK)
        return rc;
    qsort(heads, total, sizeof(*heads), compare);
    while (l->after.id.at && from < total && order(place_of(&heads[from]), l->after) <= 0)
        from++;
    l->count = total - from < limit ? total - from : limit;
    l->last.id = CC_STR_ABSENT;
    if (from + l->count < total)
        l->last = place_of(&heads[from + l->count - 1]);
    l->rooms = CC_NEW_ARRAY(cc_txn_arena(txn), struct cc_room, l->count);
    return cc_rooms_load(txn, l->by, heads + from, l->rooms, &l->count, err);
}

static enum cc_code open_cursor(const struct cc_caller *by, struct cc_str cursor, struct place *out,
                                struct cc_err *err)
{
    struct cc_str rest = cc_seal_open(by, list_name, cursor);
    struct cc_str active = cc_str_cut(&rest, '.');

    if (!rest.at || !cc_str_to_i64(active, 0, INT64_MAX, &out->active_ms))
        return cc_fail_field(err, "/cursor", "is not one that you were given for this list");
    out->id = rest;
    return CC_OK;
}

static struct cc_str make_cursor(const struct cc_caller *by, const struct place *last)
{
    if (!last->id.at)
        return CC_STR_ABSENT;
    return cc_seal(
        by, list_name,
        cc_str_format(by->arena, "%lld.%.*s", (long long)last->active_ms, CC_STR_ARG(last->id)));
}

enum cc_code cc_room_list(const struct cc_caller *by, const struct cc_room_query *query,
                          struct cc_room_page *out, struct cc_err *err)
{
    struct listing l = { .by = by, .query = query };
    enum cc_code rc = query->cursor.at ? open_cursor(by, query->cursor, &l.after, err) : CC_OK;

    if (rc == CC_OK)
        rc = cc_store_view(by->chat->store, by->arena, list_in, &l, err);
    if (rc == CC_OK)
        *out = (struct cc_room_page){ l.rooms, l.count, make_cursor(by, &l.last) };
    return rc;
}
