#include "house.h"

#include "base/field.h"
#include "store/keys.h"

#include <stdio.h>

static enum cc_code create(const struct cc_caller *by, const char *a, const char *b,
                           struct cc_room_made *out)
{
    const struct cc_str users[] = { cc_str_from(a), cc_str_from(b) };
    const struct cc_room_draft draft = { { users, CC_COUNT(users) } };
    struct cc_err err = { 0 };

    return cc_room_create(by, &draft, out, &err);
}

START_TEST(two_people_have_one_room_whoever_asks)
{
    struct house h;
    struct cc_caller ann, bob;
    struct cc_room_made first, second, third;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    ck_assert_int_eq(create(&ann, "ann", "bob", &first), CC_OK);
    ck_assert(first.is_new);
    ck_assert_int_eq(create(&ann, "bob", "ann", &second), CC_OK);
    ck_assert(!second.is_new);
    ck_assert_int_eq(create(&bob, "ann", "bob", &third), CC_OK);
    ck_assert(!third.is_new);
    cc_check_str(second.room.id, first.room.id);
    cc_check_str(third.room.id, first.room.id);
    cc_check_str(first.room.other.user, CC_STR("bob"));
    cc_check_str(third.room.other.user, CC_STR("ann"));
    house_close(&h);
}
END_TEST

START_TEST(a_new_room_looks_as_it_does_when_it_is_read_again)
{
    struct house h;
    struct cc_caller ann;
    struct cc_room_made made;
    struct cc_room read;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    house_user(&h, "bob", "+4915100000002");
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    read = house_look(&ann, made.room.id);
    cc_check_str(made.room.sync, read.sync);
    cc_check_str(made.room.other.name, read.other.name);
    cc_check_str(made.room.cursor.user, read.cursor.user);
    cc_check_str(made.room.other_cursor.user, read.other_cursor.user);
    ck_assert_int_eq(made.room.created_ms, read.created_ms);
    ck_assert_int_eq(made.room.active_ms, HOUSE_NOW_MS);
    ck_assert_int_eq(made.room.rev, read.rev);
    ck_assert_int_eq(read.seq, 0);
    ck_assert_int_eq(read.last.seq, 0);
    ck_assert_int_eq(read.unread, 0);
    house_close(&h);
}
END_TEST

struct race {
    atomic_int made, found, other;
};

static void create_one(struct house_thread *t)
{
    struct race *race = t->arg;
    struct cc_room_made made;

    if (create(&t->by, "ann", "bob", &made) != CC_OK)
        race->other++;
    else if (made.is_new)
        race->made++;
    else
        race->found++;
}

START_TEST(of_64_who_race_for_a_room_one_makes_it)
{
    struct house h;
    struct cc_caller ann, bob, callers[64];
    struct race race = { 0 };
    struct cc_room_page page;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    for (size_t i = 0; i < CC_COUNT(callers); i++)
        callers[i] = i % 2 ? ann : bob;
    house_race(callers, CC_COUNT(callers), create_one, &race);
    ck_assert_int_eq(race.made, 1);
    ck_assert_int_eq(race.found, 63);
    ck_assert_int_eq(cc_room_list(&ann, &(struct cc_room_query){ .limit = 50 }, &page, &err),
                     CC_OK);
    ck_assert_uint_eq(page.count, 1);
    house_close(&h);
}
END_TEST

START_TEST(a_direct_room_has_two_people_of_whom_one_is_oneself)
{
    static const struct cc_str three[] = { { "ann", 3 }, { "bob", 3 }, { "cid", 3 } };
    struct house h;
    struct cc_caller ann;
    struct cc_room_made made;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    house_user(&h, "bob", "+4915100000002");
    house_user(&h, "cid", "+4915100000003");
    ck_assert_int_eq(create(&ann, "bob", "cid", &made), CC_INVALID);
    ck_assert_int_eq(create(&ann, "ann", "ann", &made), CC_INVALID);
    ck_assert_int_eq(cc_room_create(&ann, &(struct cc_room_draft){ { three, 3 } }, &made, &err),
                     CC_INVALID);
    ck_assert_str_eq(err.invalid[0].pointer, "/participants");
    house_close(&h);
}
END_TEST

START_TEST(who_cannot_be_found_by_number_cannot_be_written_to)
{
    const bool no = false;
    const struct cc_profile_change hide = { .discoverable = &no };
    struct house h;
    struct cc_caller ann, bob;
    struct cc_room_made made;
    struct cc_profile profile;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    house_user(&h, "eve", NULL);
    ck_assert_int_eq(create(&ann, "ann", "nobody", &made), CC_NOT_FOUND);
    ck_assert_int_eq(create(&ann, "ann", "not an id", &made), CC_NOT_FOUND);
    ck_assert_int_eq(create(&ann, "ann", "../../x", &made), CC_NOT_FOUND);
    ck_assert_int_eq(create(&ann, "ann", "eve", &made), CC_NOT_FOUND);
    ck_assert_int_eq(cc_profile_change(&bob, &hide, &profile, &err), CC_OK);
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_NOT_FOUND);
    ck_assert_int_eq(create(&bob, "ann", "bob", &made), CC_OK);
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    ck_assert(!made.is_new);
    house_close(&h);
}
END_TEST

START_TEST(a_room_of_others_is_not_found)
{
    static const char *const ids[] = { "", ".", "..", "nothing", "a/b", "x y", "a.b", "R#x" };
    struct house h;
    struct cc_caller ann, bob, eve;
    struct cc_room room;
    struct cc_str id;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    eve = house_user(&h, "eve", "+4915100000003");
    id = house_room(&ann, &bob);
    for (size_t i = 0; i < CC_COUNT(ids); i++) {
        struct cc_err err = { 0 };

        ck_assert_int_eq(cc_room_get(&ann, cc_str_from(ids[i]), &room, &err), CC_NOT_FOUND);
    }
    ck_assert_int_eq(cc_room_get(&eve, id, &room, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    ck_assert_int_eq(cc_room_get(&bob, id, &room, &(struct cc_err){ 0 }), CC_OK);
    house_close(&h);
}
END_TEST

struct filling {
    struct cc_str user;
    int64_t rooms;
};

static const struct cc_field user_head_fields[] = {
    { .name = "rooms", .type = CC_FIELD_I64, .offset = offsetof(struct filling, rooms) },
    { .name = NULL },
};

static enum cc_code set_rooms(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct filling *f = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_item item = { .key = cc_key_user_head(arena, f->user),
                                  .body = cc_fields_save(arena, user_head_fields, f) };

    return cc_txn_put(txn, &item, err);
}

START_TEST(nobody_has_more_than_a_thousand_rooms)
{
    struct filling almost = { CC_STR("bob"), CC_USER_ROOMS_MAX - 1 };
    struct house h;
    struct cc_caller ann, bob;
    struct cc_room_made made;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    house_user(&h, "cid", "+4915100000003");
    ck_assert_int_eq(cc_store_run(h.store, h.arena, set_rooms, &almost, &err), CC_OK);
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    ck_assert_int_eq(create(&bob, "bob", "cid", &made), CC_CONFLICT);
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    ck_assert_int_eq(create(&ann, "ann", "cid", &made), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(an_operator_may_allow_fewer_rooms)
{
    const struct house_config config = { .rooms_max = 1 };
    struct house h;
    struct cc_caller ann, cid;
    struct cc_room_made made;

    house_open(&h, &config);
    ann = house_user(&h, "ann", "+4915100000001");
    house_user(&h, "bob", "+4915100000002");
    cid = house_user(&h, "cid", "+4915100000003");
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    ck_assert_int_eq(create(&ann, "ann", "cid", &made), CC_CONFLICT);
    ck_assert_int_eq(create(&cid, "cid", "bob", &made), CC_CONFLICT);
    ck_assert_int_eq(create(&ann, "ann", "bob", &made), CC_OK);
    house_close(&h);
}
END_TEST

/* --- the list --------------------------------------------------------------------------------- */

static struct cc_room_page list(const struct cc_caller *by, int64_t limit, struct cc_str cursor)
{
    const struct cc_room_query query = { cursor, limit };
    struct cc_room_page page;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_room_list(by, &query, &page, &err) == CC_OK, "%s", err.cause);
    return page;
}

static struct cc_caller numbered_user(struct house *h, int number)
{
    return house_user(h, cc_str_format(h->arena, "u%d", number).at,
                      cc_str_format(h->arena, "+49151000001%02d", number).at);
}

START_TEST(rooms_are_listed_by_last_activity)
{
    struct house h;
    struct cc_caller ann, others[3];
    struct cc_str rooms[3];
    struct cc_room_page page;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    for (int i = 0; i < 3; i++) {
        others[i] = numbered_user(&h, i);
        house_turn(&h, 1000);
        rooms[i] = house_room(&ann, &others[i]);
    }
    page = list(&ann, 50, CC_STR_ABSENT);
    cc_check_str(page.at[0].id, rooms[2]);
    cc_check_str(page.at[2].id, rooms[0]);
    house_turn(&h, 1000);
    house_say(&others[0], rooms[0], "hello");
    page = list(&ann, 50, CC_STR_ABSENT);
    ck_assert_uint_eq(page.count, 3);
    ck_assert(!page.next.at);
    cc_check_str(page.at[0].id, rooms[0]);
    cc_check_str(page.at[1].id, rooms[2]);
    cc_check_str(page.at[2].id, rooms[1]);
    cc_check_str(page.at[0].last.text, CC_STR("hello"));
    cc_check_str(page.at[0].last.author, CC_STR("u0"));
    cc_check_str(page.at[0].other.name, CC_STR("u0"));
    ck_assert_int_eq(page.at[0].unread, 1);
    ck_assert_int_eq(page.at[1].unread, 0);
    ck_assert_uint_eq(list(&others[1], 50, CC_STR_ABSENT).count, 1);
    house_close(&h);
}
END_TEST

/* All rooms were made at one instant, so that pages end among equals. */
START_TEST(pages_of_rooms_hold_each_room_once)
{
    enum { ROOMS = 23 };
    struct house h;
    struct cc_caller ann, other;
    int seen[ROOMS] = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    for (int i = 0; i < ROOMS; i++) {
        other = numbered_user(&h, i);
        house_room(&ann, &other);
    }
    for (int64_t limit = 1; limit <= ROOMS + 1; limit++) {
        struct cc_str cursor = CC_STR_ABSENT;
        int64_t pages = 0;

        do {
            struct cc_room_page page = list(&ann, limit, cursor);

            for (size_t i = 0; i < page.count; i++)
                seen[strtol(page.at[i].other.name.at + 1, NULL, 10)]++;
            cursor = page.next;
            pages++;
        } while (cursor.at);
        ck_assert_int_eq(pages, (ROOMS + limit - 1) / limit);
    }
    for (int i = 0; i < ROOMS; i++)
        ck_assert_int_eq(seen[i], ROOMS + 1);
    house_close(&h);
}
END_TEST

static void refuse_cursor(const struct cc_caller *by, struct cc_str cursor)
{
    const struct cc_room_query query = { cursor, 1 };
    struct cc_room_page page;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_room_list(by, &query, &page, &err), CC_INVALID);
    ck_assert_str_eq(err.invalid[0].pointer, "/cursor");
}

START_TEST(a_list_cursor_of_somebody_else_or_forged_is_refused)
{
    struct house h;
    struct cc_caller ann, bob, cid;
    struct cc_str next;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    cid = house_user(&h, "cid", "+4915100000003");
    house_room(&ann, &bob);
    house_room(&ann, &cid);
    house_room(&bob, &cid);
    next = list(&ann, 1, CC_STR_ABSENT).next;
    ck_assert_uint_eq(list(&ann, 1, next).count, 1);
    refuse_cursor(&bob, next);
    for (size_t i = 0; i < next.len; i++) {
        char *forged = (char *)cc_arena_alloc(h.arena, next.len);

        memcpy(forged, next.at, next.len);
        refuse_cursor(&ann, (struct cc_str){ forged, i });
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        refuse_cursor(&ann, (struct cc_str){ forged, next.len });
    }
    house_close(&h);
}
END_TEST

static enum cc_code remove_bob(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    (void)arg;
    return cc_txn_delete(txn, cc_key_profile(cc_txn_arena(txn), CC_STR("bob")), err);
}

START_TEST(who_is_no_more_leaves_an_id_without_a_name)
{
    struct house h;
    struct cc_caller ann, bob;
    struct cc_room_page page;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    house_room(&ann, &bob);
    ck_assert_int_eq(cc_store_run(h.store, h.arena, remove_bob, NULL, &err), CC_OK);
    page = list(&ann, 50, CC_STR_ABSENT);
    cc_check_str(page.at[0].other.user, CC_STR("bob"));
    cc_check_str(page.at[0].other.name, CC_STR(""));
    house_close(&h);
}
END_TEST

static enum cc_code hide_cursor(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_delete(
        txn, cc_key_cursor(cc_txn_arena(txn), *(struct cc_str *)arg, CC_STR("ann")), err);
}

/* A table shows it while it is being made. */
START_TEST(a_new_room_that_is_there_in_part_is_not_there_yet)
{
    struct house h;
    struct cc_caller ann, bob, eve;
    struct cc_str made, used;
    struct cc_room out;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    eve = house_user(&h, "eve", "+4915100000003");
    used = house_room(&bob, &eve);
    made = house_room(&ann, &bob);
    ck_assert_uint_eq(list(&bob, 50, CC_STR_ABSENT).count, 2);
    ck_assert_int_eq(cc_store_run(h.store, h.arena, hide_cursor, &made, &err), CC_OK);
    ck_assert_uint_eq(list(&bob, 50, CC_STR_ABSENT).count, 1);
    cc_check_str(list(&bob, 50, CC_STR_ABSENT).at[0].id, used);
    ck_assert_int_eq(cc_room_get(&bob, made, &out, &err), CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

static enum cc_code damage_head(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item head = { .key = cc_key_room(cc_txn_arena(txn), *(struct cc_str *)arg),
                                  .body = CC_STR("[]") };

    return cc_txn_put(txn, &head, err);
}

/* Whether two people have a room is for them to know: their ids tell its id to whoever has met
 * both, so that he can ask for it, and time the answer. */
START_TEST(a_room_of_others_is_not_even_read)
{
    struct house h;
    struct cc_room out;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    const struct cc_caller ann = house_user(&h, "ann", "+4915100000001");
    const struct cc_caller bob = house_user(&h, "bob", "+4915100000002");
    const struct cc_caller eve = house_user(&h, "eve", "+4915100000003");
    struct cc_str room = house_room(&ann, &bob);

    ck_assert_int_eq(cc_store_run(h.store, h.arena, damage_head, &room, &err), CC_OK);
    ck_assert_int_eq(cc_room_get(&ann, room, &out, &err), CC_INTERNAL);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_room_get(&eve, room, &out, &err), CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("chat/rooms", two_people_have_one_room_whoever_asks,
              a_new_room_looks_as_it_does_when_it_is_read_again,
              of_64_who_race_for_a_room_one_makes_it,
              a_direct_room_has_two_people_of_whom_one_is_oneself,
              who_cannot_be_found_by_number_cannot_be_written_to, a_room_of_others_is_not_found,
              a_room_of_others_is_not_even_read, nobody_has_more_than_a_thousand_rooms,
              an_operator_may_allow_fewer_rooms, rooms_are_listed_by_last_activity,
              pages_of_rooms_hold_each_room_once,
              a_list_cursor_of_somebody_else_or_forged_is_refused,
              who_is_no_more_leaves_an_id_without_a_name,
              a_new_room_that_is_there_in_part_is_not_there_yet)
