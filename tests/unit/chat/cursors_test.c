#include "house.h"

#include "store/keys.h"

static void move(const struct cc_caller *by, struct cc_str room, int64_t delivered, int64_t read)
{
    const struct cc_cursor_move to = { delivered, read };
    struct cc_err err = { 0 };

    ck_assert_msg(cc_cursor_move(by, room, &to, &err) == CC_OK, "%s", err.cause);
}

static void expect(const struct pair *p, const struct cc_caller *by, int64_t delivered,
                   int64_t read, int64_t unread)
{
    struct cc_room room = house_look(by, p->room);
    struct cc_room mirrored =
        house_look(by->user.at == p->ann.user.at ? &p->bob : &p->ann, p->room);

    ck_assert_int_eq(room.cursor.delivered_seq, delivered);
    ck_assert_int_eq(room.cursor.read_seq, read);
    ck_assert_int_eq(room.unread, unread);
    ck_assert_int_eq(mirrored.other_cursor.delivered_seq, delivered);
    ck_assert_int_eq(mirrored.other_cursor.read_seq, read);
    cc_check_str(mirrored.other_cursor.user, by->user);
}

START_TEST(unread_is_what_others_wrote_since)
{
    struct pair p;

    pair_open(&p, NULL);
    for (int i = 0; i < 5; i++)
        house_say(&p.ann, p.room, "hello");
    expect(&p, &p.ann, 5, 5, 0);
    expect(&p, &p.bob, 0, 0, 5);
    move(&p.bob, p.room, 0, 3);
    expect(&p, &p.bob, 3, 3, 2);
    house_say(&p.bob, p.room, "well");
    expect(&p, &p.bob, 6, 6, 0);
    expect(&p, &p.ann, 5, 5, 1);
    house_say(&p.ann, p.room, "so");
    expect(&p, &p.ann, 7, 7, 0);
    expect(&p, &p.bob, 6, 6, 1);
    move(&p.bob, p.room, 7, 7);
    expect(&p, &p.bob, 7, 7, 0);
    house_close(&p.h);
}
END_TEST

START_TEST(cursors_never_move_back_nor_beyond_the_newest_message)
{
    struct pair p;

    pair_open(&p, NULL);
    move(&p.bob, p.room, 9, 9);
    expect(&p, &p.bob, 0, 0, 0);
    for (int i = 0; i < 5; i++)
        house_say(&p.ann, p.room, "hello");
    move(&p.bob, p.room, 4, 2);
    expect(&p, &p.bob, 4, 2, 3);
    move(&p.bob, p.room, 1, 1);
    expect(&p, &p.bob, 4, 2, 3);
    move(&p.bob, p.room, 0, 0);
    expect(&p, &p.bob, 4, 2, 3);
    move(&p.bob, p.room, INT64_MAX, 0);
    expect(&p, &p.bob, 5, 2, 3);
    move(&p.bob, p.room, 0, INT64_MAX);
    expect(&p, &p.bob, 5, 5, 0);
    house_say(&p.ann, p.room, "more");
    expect(&p, &p.bob, 5, 5, 1);
    house_close(&p.h);
}
END_TEST

/* Ann's next message, of which her cursor is seen and the HEAD not yet. */
static enum cc_code move_ahead_of_head(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct pair *p = arg;
    struct cc_item cursor = { .key = cc_key_cursor(cc_txn_arena(txn), p->room, p->ann.user) };

    cursor.body = CC_STR("{\"delivered_seq\":3,\"read_seq\":3,\"read_count\":3}");
    return cc_txn_put(txn, &cursor, err);
}

START_TEST(a_cursor_that_is_newer_than_the_room_beside_it_ends_with_the_room)
{
    struct pair p;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "one");
    house_say(&p.ann, p.room, "two");
    ck_assert_int_eq(cc_store_run(p.h.store, p.ann.arena, move_ahead_of_head, &p, &err), CC_OK);
    expect(&p, &p.ann, 2, 2, 0);
    expect(&p, &p.bob, 0, 0, 2);
    house_close(&p.h);
}
END_TEST

START_TEST(what_is_read_is_delivered)
{
    struct pair p;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    house_say(&p.ann, p.room, "hello");
    move(&p.bob, p.room, 0, 1);
    expect(&p, &p.bob, 1, 1, 1);
    move(&p.bob, p.room, 2, 0);
    expect(&p, &p.bob, 2, 1, 1);
    house_close(&p.h);
}
END_TEST

START_TEST(a_cursor_takes_no_rev)
{
    struct pair p;
    int64_t rev;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    rev = house_look(&p.ann, p.room).rev;
    move(&p.bob, p.room, 1, 1);
    ck_assert_int_eq(house_look(&p.ann, p.room).rev, rev);
    house_close(&p.h);
}
END_TEST

START_TEST(everybodys_cursor_is_listed_for_members_alone)
{
    struct pair p;
    struct cc_cursors cursors;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(cc_cursor_list(&p.bob, p.room, &cursors, &(struct cc_err){ 0 }), CC_OK);
    ck_assert_uint_eq(cursors.count, 2);
    cc_check_str(cursors.at[0].user, CC_STR("ann"));
    ck_assert_int_eq(cursors.at[0].read_seq, 1);
    cc_check_str(cursors.at[1].user, CC_STR("bob"));
    ck_assert_int_eq(cursors.at[1].read_seq, 0);
    ck_assert_int_eq(cc_cursor_list(&p.eve, p.room, &cursors, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

START_TEST(a_stranger_has_no_cursor_to_move)
{
    static const char *const rooms[] = { "", "..", "nothing", "a.b" };
    const struct cc_cursor_move to = { 1, 1 };
    struct pair p;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(cc_cursor_move(&p.eve, p.room, &to, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    for (size_t i = 0; i < CC_COUNT(rooms); i++)
        ck_assert_int_eq(cc_cursor_move(&p.ann, cc_str_from(rooms[i]), &to, &(struct cc_err){ 0 }),
                         CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

enum { ROUNDS = 25 };

/* Ann talks and reads, Bob only reads, on several devices each. */
static void use(struct house_thread *t)
{
    struct cc_str room = *(struct cc_str *)t->arg;
    int64_t read = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct cc_room seen;

        if (t->number % 2 == 0)
            house_say(&t->by, room, "hello");
        seen = house_look(&t->by, room);
        ck_assert_int_ge(seen.cursor.read_seq, read);
        ck_assert_int_ge(seen.unread, 0);
        ck_assert_int_eq(seen.unread == 0, seen.cursor.read_seq == seen.seq);
        read = seen.cursor.read_seq;
        if (i % 3 == 0)
            move(&t->by, room, seen.seq, seen.seq - i % 2);
    }
}

START_TEST(unread_is_right_while_all_talk_and_read_at_once)
{
    struct pair p;
    struct cc_caller callers[12];

    pair_open(&p, NULL);
    for (size_t i = 0; i < CC_COUNT(callers); i++)
        callers[i] = i % 2 ? p.bob : p.ann;
    house_race(callers, CC_COUNT(callers), use, &p.room);
    move(&p.bob, p.room, INT64_MAX, INT64_MAX);
    expect(&p, &p.ann, 6 * ROUNDS, 6 * ROUNDS, 0);
    expect(&p, &p.bob, 6 * ROUNDS, 6 * ROUNDS, 0);
    house_close(&p.h);
}
END_TEST

CC_CHECK_MAIN("chat/cursors", unread_is_what_others_wrote_since,
              cursors_never_move_back_nor_beyond_the_newest_message, what_is_read_is_delivered,
              a_cursor_that_is_newer_than_the_room_beside_it_ends_with_the_room,
              a_cursor_takes_no_rev, everybodys_cursor_is_listed_for_members_alone,
              a_stranger_has_no_cursor_to_move, unread_is_right_while_all_talk_and_read_at_once)
