#include "rows.h"

#include "../base/id.h"

#include <string.h>

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

/* What a table gives is not of one instant: a cursor may have been moved by a message that came
 * after the HEAD that was read before it. Told beside that HEAD, it ends there. */
static void hold_back(struct cc_cursor_row *row, const struct cc_head *head)
{
    if (row->cursor.delivered_seq > head->seq)
        row->cursor.delivered_seq = head->seq;
    if (row->cursor.read_seq <= head->seq)
        return;
    row->cursor.read_seq = head->seq;
    row->read_count = head->count;
}

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

/* What a table shows while a room is being made. To all but its maker it is not there yet. */
static bool is_unfinished(const struct cc_head *head, const struct cc_item *parts)
{
    return head->seq == 0 && (!parts[PART_CURSOR].body.at || !parts[PART_OTHER_CURSOR].body.at);
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
    hold_back(&own, &from->head);
    hold_back(&other, &from->head);
    fill_room(by, from, room);
    room->cursor = own.cursor;
    room->other_cursor = other.cursor;
    room->unread = from->head.count - own.read_count;
    return CC_OK;
}

/* Who is no more is an id without a name. */
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
            rooms[i].other =
                (struct cc_profile){ .user = users[i], .name = CC_STR(""), .is_gone = true };
    }
    return rc;
}

/* All that a page of rooms is made of, at once. */
static enum cc_code expect_rooms(struct cc_txn *txn, const struct cc_caller *by,
                                 const struct cc_room_head *heads, size_t count,
                                 const struct cc_key *parts, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_key *keys = CC_NEW_ARRAY(arena, struct cc_key, count * (PART_COUNT + 1));

    memcpy(keys, parts, count * PART_COUNT * sizeof(*keys));
    for (size_t i = 0; i < count; i++)
        keys[count * PART_COUNT + i] = cc_key_profile(arena, other_of(&heads[i].head, by->user));
    return cc_txn_expect(txn, keys, count * (PART_COUNT + 1), err);
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
    if (*count == 0)
        return CC_OK;
    rc = expect_rooms(txn, by, heads, *count, keys, err);
    if (rc == CC_OK)
        rc = cc_txn_get_many(txn, keys, *count * PART_COUNT, parts, err);
    for (size_t i = 0; i < *count && rc == CC_OK; i++) {
        const struct cc_item *part = &parts[i * PART_COUNT];
        struct cc_member member;

        if (!part[PART_MEMBER].body.at || is_unfinished(&heads[i].head, part))
            continue;
        rc = cc_member_load(arena, &part[PART_MEMBER], &member, err);
        if (rc == CC_OK && member.state == CC_MEMBER_IN)
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
    struct cc_user_head heads[2];
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

/* All that is read of the two, at once. */
static enum cc_code expect_people(struct cc_txn *txn, const struct creation *c, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_key keys[] = {
        cc_key_profile(arena, c->users[0]),
        cc_key_profile(arena, c->users[1]),
        cc_key_user_head(arena, c->users[0]),
        cc_key_user_head(arena, c->users[1]),
    };

    return cc_txn_expect(txn, keys, CC_COUNT(keys), err);
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

/* Whether a user may have one more room. Asked for both before anything is written. */
static enum cc_code read_user_head(struct cc_txn *txn, const struct creation *c, struct cc_str user,
                                   struct cc_user_head *out, struct cc_err *err)
{
    enum cc_code rc =
        cc_row_get(txn, cc_key_user_head(cc_txn_arena(txn), user), cc_user_head_fields, out, err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    if (out->rooms >= c->by->chat->config.rooms_max)
        return cc_fail(err, CC_CONFLICT, "One of you has too many rooms.", "user has %lld rooms",
                       (long long)out->rooms);
    return CC_OK;
}

/* Counts one more room at a user; his HEAD guards his hints. */
static enum cc_code join(struct cc_txn *txn, struct creation *c, size_t which, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_str user = c->users[which];
    struct cc_user_head *head = &c->heads[which];
    const struct cc_item hint = { .key = cc_key_user_room(arena, user, c->made.id),
                                  .body = CC_STR("{}") };
    enum cc_code rc;

    head->rooms++;
    head->rev++;
    rc = cc_row_put(txn, cc_key_user_head(arena, user), cc_user_head_fields, head, err);
    return rc == CC_OK ? cc_txn_insert(txn, &hint, err) : rc;
}

static enum cc_code add_member(struct cc_txn *txn, struct creation *c, size_t which,
                               struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_str user = c->users[which];
    struct cc_room_head *room = &c->made;
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
    return rc == CC_OK ? join(txn, c, which, err) : rc;
}

static enum cc_code make(struct cc_txn *txn, struct creation *c, struct cc_err *err)
{
    const int64_t now_ms = cc_txn_now_ms(txn);
    struct cc_head *head = &c->made.head;
    struct cc_profile other;
    enum cc_code rc = expect_people(txn, c, err);

    if (rc == CC_OK)
        rc = read_people(txn, c, &other, err);
    for (size_t i = 0; i < CC_COUNT(c->users) && rc == CC_OK; i++) {
        c->heads[i] = (struct cc_user_head){ 0 };
        rc = read_user_head(txn, c, c->users[i], &c->heads[i], err);
    }
    if (rc != CC_OK)
        return rc;
    *head = (struct cc_head){ .kind = CC_ROOM_DIRECT,
                              .users = { c->users, CC_COUNT(c->users) },
                              .created_ms = now_ms,
                              .active_ms = now_ms,
                              .rev = 1,
                              .settings_rev = 1 };
    for (size_t i = 0; i < CC_COUNT(c->users) && rc == CC_OK; i++)
        rc = add_member(txn, c, i, err);
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
