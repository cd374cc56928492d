#include "rows.h"

#include "../base/id.h"

#include <stdlib.h>

/* --- rooms as somebody sees them -------------------------------------------------------------- */

static struct cc_str other_of(const struct cc_head *head, struct cc_str user)
{
    for (size_t i = 0; i < head->users.count; i++) {
        if (!cc_str_eq(head->users.at[i], user))
            return head->users.at[i];
    }
    return CC_STR_ABSENT;
}

/* What the caller's view of one room is made of, besides its HEAD. */
enum part { PART_MEMBER, PART_CURSOR, PART_OTHER_CURSOR, PART_COUNT };

static enum cc_code load_cursor(struct cc_arena *arena, const struct cc_item *item,
                                struct cc_str user, struct cc_cursor_row *out, struct cc_err *err)
{
    enum cc_code rc;

    if (!item->body.at)
        return cc_fail(err, CC_INTERNAL, NULL, "a member without a cursor");
    rc = cc_fields_load(arena, cc_cursor_fields, item->body, out, err);
    out->cursor.user = user;
    return rc;
}

static void fill_room(const struct cc_caller *by, const struct cc_room_head *from,
                      struct cc_room *room)
{
    const struct cc_head *head = &from->head;

    room->id = from->id;
    room->kind = head->kind;
    room->created_ms = head->created_ms;
    room->active_ms = head->active_ms;
    room->seq = head->seq;
    room->rev = head->rev;
    room->sync = cc_sync_format(by, head->rev, head->seq);
    room->last = head->last;
    room->last.room = from->id;
    if (room->last.seq > 0)
        room->last.id = cc_message_id(by->arena, from->id, room->last.seq);
}

static enum cc_code load_room(struct cc_arena *arena, const struct cc_caller *by,
                              const struct cc_room_head *from, const struct cc_item *parts,
                              struct cc_room *room, struct cc_err *err)
{
    struct cc_cursor_row own, other;
    enum cc_code rc = load_cursor(arena, &parts[PART_CURSOR], by->user, &own, err);

    if (rc == CC_OK)
        rc = load_cursor(arena, &parts[PART_OTHER_CURSOR], other_of(&from->head, by->user), &other,
                         err);
    if (rc != CC_OK)
        return rc;
    fill_room(by, from, room);
    room->cursor = own.cursor;
    room->other_cursor = other.cursor;
    room->unread = from->head.count - own.read_count;
    return CC_OK;
}

/* One profile stands for who is no more: an id without a name. */
static enum cc_code load_others(struct cc_txn *txn, struct cc_room *rooms, size_t count,
                                struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_str *users = CC_NEW_ARRAY(arena, struct cc_str, count);
    struct cc_profile *profiles = CC_NEW_ARRAY(arena, struct cc_profile, count);
    enum cc_code rc;

    for (size_t i = 0; i < count; i++)
        users[i] = rooms[i].other_cursor.user;
    rc = cc_profile_get_many(txn, users, count, profiles, err);
    for (size_t i = 0; i < count && rc == CC_OK; i++) {
        rooms[i].other = profiles[i];
        if (!profiles[i].user.at)
            rooms[i].other = (struct cc_profile){ .user = users[i], .name = CC_STR("") };
    }
    return rc;
}

static bool is_in(struct cc_arena *arena, const struct cc_item *item, struct cc_err *err)
{
    struct cc_member member;

    return item->body.at && cc_member_load(arena, item, &member, err) == CC_OK &&
           member.state == CC_MEMBER_IN;
}

enum cc_code cc_rooms_load(struct cc_txn *txn, const struct cc_caller *by,
                           const struct cc_room_head *heads, struct cc_room *out, size_t *count,
                           struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_key *keys = CC_NEW_ARRAY(arena, struct cc_key, *count * PART_COUNT);
    struct cc_item *parts = CC_NEW_ARRAY(arena, struct cc_item, *count * PART_COUNT);
    size_t kept = 0;
    enum cc_code rc;

    for (size_t i = 0; i < *count; i++) {
        struct cc_key *key = &keys[i * PART_COUNT];

        key[PART_MEMBER] = cc_key_member(arena, heads[i].id, by->user);
        key[PART_CURSOR] = cc_key_cursor(arena, heads[i].id, by->user);
        key[PART_OTHER_CURSOR] =
            cc_key_cursor(arena, heads[i].id, other_of(&heads[i].head, by->user));
    }
    rc = cc_txn_get_many(txn, keys, *count * PART_COUNT, parts, err);
    for (size_t i = 0; i < *count && rc == CC_OK; i++) {
        const struct cc_item *part = &parts[i * PART_COUNT];

        if (is_in(arena, &part[PART_MEMBER], err))
            rc = load_room(arena, by, &heads[i], part, &out[kept++], err);
    }
    *count = kept;
    return rc == CC_OK ? load_others(txn, out, kept, err) : rc;
}

static enum cc_code load_one(struct cc_txn *txn, const struct cc_caller *by,
                             const struct cc_room_head *head, struct cc_room *out,
                             struct cc_err *err)
{
    size_t count = 1;
    enum cc_code rc = cc_rooms_load(txn, by, head, out, &count, err);

    return rc == CC_OK && count == 0 ? CC_NOT_FOUND : rc;
}

/* --- one room --------------------------------------------------------------------------------- */

struct getting {
    const struct cc_caller *by;
    struct cc_room_head found;
    struct cc_room room;
};

static enum cc_code get_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct getting *g = arg;
    enum cc_code rc = cc_room_enter(txn, g->by, g->found.id, &g->found.head, err);

    return rc == CC_OK ? load_one(txn, g->by, &g->found, &g->room, err) : rc;
}

enum cc_code cc_room_get(const struct cc_caller *by, struct cc_str id, struct cc_room *out,
                         struct cc_err *err)
{
    struct getting g = { .by = by, .found.id = id };
    enum cc_code rc = cc_store_view(by->chat->store, by->arena, get_in, &g, err);

    if (rc == CC_OK)
        *out = g.room;
    return rc;
}

/* --- creation --------------------------------------------------------------------------------- */

struct creation {
    const struct cc_caller *by;
    struct cc_str users[2]; /* the caller and the other */
    struct cc_room_head made;
    struct cc_room_made out;
};

static enum cc_code check_participants(const struct cc_caller *by, const struct cc_strs *users,
                                       struct cc_str *other, struct cc_err *err)
{
    size_t mine;

    if (users->count != 2 || cc_str_eq(users->at[0], users->at[1]))
        return cc_fail_field(err, "/participants", "must be two different people");
    for (mine = 0; mine < 2; mine++) {
        if (cc_str_eq(users->at[mine], by->user))
            break;
    }
    if (mine == 2)
        return cc_fail_field(err, "/participants", "must contain yourself");
    *other = users->at[1 - mine];
    if (!cc_id_is_wellformed(*other))
        return cc_fail(err, CC_NOT_FOUND, NULL, "not the id of a user");
    return CC_OK;
}

static enum cc_code read_people(struct cc_txn *txn, const struct creation *c,
                                struct cc_profile *other, struct cc_err *err)
{
    struct cc_profile own;
    enum cc_code rc = cc_profile_get(txn, c->users[1], other, err);

    if (rc == CC_OK && !cc_profile_is_discoverable(other))
        rc = CC_NOT_FOUND;
    if (rc == CC_OK)
        rc = cc_profile_get(txn, c->users[0], &own, err);
    return rc;
}

/* Counts one more room at a user; his HEAD guards his hints. */
static enum cc_code join(struct cc_txn *txn, struct cc_str user, struct cc_str room,
                         struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_item hint = { .key = cc_key_user_room(arena, user, room),
                                  .body = CC_STR("{}") };
    struct cc_user_head head = { 0 };
    enum cc_code rc =
        cc_row_get(txn, cc_key_user_head(arena, user), cc_user_head_fields, &head, err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    if (head.rooms >= CC_USER_ROOMS_MAX)
        return cc_fail(err, CC_CONFLICT, "One of you has too many rooms.", "user has %lld rooms",
                       (long long)head.rooms);
    head.rooms++;
    head.rev++;
    rc = cc_row_put(txn, cc_key_user_head(arena, user), cc_user_head_fields, &head, err);
    return rc == CC_OK ? cc_txn_insert(txn, &hint, err) : rc;
}

static enum cc_code add_member(struct cc_txn *txn, struct cc_room_head *room, struct cc_str user,
                               struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_member member = { .user = user, .joined_ms = cc_txn_now_ms(txn) };
    const struct cc_cursor_row cursor = { .read_count = room->head.count };
    struct cc_item item =
        cc_row_item(txn, cc_key_member(arena, room->id, user), cc_member_fields, &member);
    enum cc_code rc;

    item.mrev = ++room->head.rev;
    cc_head_stamp(arena, &room->head, item.mrev, item.key.sk);
    rc = cc_txn_insert(txn, &item, err);
    if (rc == CC_OK)
        rc = cc_row_insert(txn, cc_key_cursor(arena, room->id, user), cc_cursor_fields, &cursor,
                           err);
    return rc == CC_OK ? join(txn, user, room->id, err) : rc;
}

static enum cc_code make(struct cc_txn *txn, struct creation *c, struct cc_err *err)
{
    const int64_t now_ms = cc_txn_now_ms(txn);
    struct cc_head *head = &c->made.head;
    struct cc_profile other;
    enum cc_code rc = read_people(txn, c, &other, err);

    *head = (struct cc_head){ .kind = CC_ROOM_DIRECT,
                              .users = { c->users, CC_COUNT(c->users) },
                              .created_ms = now_ms,
                              .active_ms = now_ms,
                              .rev = 1,
                              .settings_rev = 1 };
    for (size_t i = 0; i < CC_COUNT(c->users) && rc == CC_OK; i++)
        rc = add_member(txn, &c->made, c->users[i], err);
    if (rc == CC_OK)
        rc = cc_row_insert(txn, cc_key_room(cc_txn_arena(txn), c->made.id), cc_head_fields, head,
                           err);
    c->out = (struct cc_room_made){ .is_new = true };
    fill_room(c->by, &c->made, &c->out.room);
    c->out.room.other = other;
    c->out.room.cursor.user = c->users[0];
    c->out.room.other_cursor.user = c->users[1];
    return rc;
}

static enum cc_code create_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct creation *c = arg;
    enum cc_code rc = cc_room_enter(txn, c->by, c->made.id, &c->made.head, err);

    if (rc == CC_NOT_FOUND)
        return make(txn, c, err);
    c->out.is_new = false;
    return rc == CC_OK ? load_one(txn, c->by, &c->made, &c->out.room, err) : rc;
}

enum cc_code cc_room_create(const struct cc_caller *by, const struct cc_room_draft *draft,
                            struct cc_room_made *out, struct cc_err *err)
{
    struct creation c = { .by = by, .users[0] = by->user };
    enum cc_code rc = check_participants(by, &draft->participants, &c.users[1], err);

    if (rc != CC_OK)
        return rc;
    c.made.id = cc_room_id_direct(by->arena, c.users[0], c.users[1]);
    rc = cc_store_run(by->chat->store, by->arena, create_in, &c, err);
    if (rc == CC_OK)
        *out = c.out;
    return rc;
}

/* --- the list --------------------------------------------------------------------------------- */

#define LIST "rooms"

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
    struct cc_str rest = cc_seal_open(by, LIST, cursor);
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
        by, LIST,
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
