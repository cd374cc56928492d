#include "house.h"

#include "base/field.h"
#include "store/keys.h"

#include <stdio.h>
#include <string.h>

static struct cc_changes ask(const struct cc_caller *by, struct cc_str room, struct cc_str since,
                             int64_t limit)
{
    const struct cc_changes_ask in = { room, since, limit };
    struct cc_changes out;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_changes_read(by, &in, &out, &err) == CC_OK, "%s", err.cause);
    return out;
}

static struct cc_str tag(const struct cc_caller *by, struct cc_str room, struct cc_str since)
{
    const struct cc_changes_ask in = { room, since, 50 };
    struct cc_str out;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_changes_tag(by, &in, &out, &err) == CC_OK, "%s", err.cause);
    return out;
}

START_TEST(from_the_beginning_comes_everything)
{
    struct pair p;
    struct cc_changes c;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "one");
    house_say(&p.bob, p.room, "two");
    c = ask(&p.bob, p.room, CC_STR_ABSENT, 50);
    ck_assert(!c.more && !c.reset && c.has_room);
    cc_check_str(c.room.id, p.room);
    ck_assert_uint_eq(c.member_count, 2);
    cc_check_str(c.members[0].user, CC_STR("ann"));
    cc_check_str(c.members[1].user, CC_STR("bob"));
    ck_assert_int_eq(c.members[0].joined_ms, HOUSE_NOW_MS);
    ck_assert_int_lt(c.members[0].rev, c.members[1].rev);
    ck_assert_uint_eq(c.message_count, 2);
    cc_check_str(c.messages[0].text, CC_STR("one"));
    cc_check_str(c.messages[1].text, CC_STR("two"));
    ck_assert_uint_eq(c.cursors.count, 2);
    ck_assert_int_eq(c.cursors.at[1].read_seq, 2);
    cc_check_str(c.sync, house_look(&p.bob, p.room).sync);
    ck_assert_int_eq(c.rev, house_look(&p.bob, p.room).rev);
    house_close(&p.h);
}
END_TEST

START_TEST(since_a_token_comes_what_is_new_and_no_more)
{
    struct pair p;
    struct cc_changes c;
    struct cc_str sync;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "one");
    sync = house_look(&p.bob, p.room).sync;
    c = ask(&p.bob, p.room, sync, 50);
    ck_assert_uint_eq(c.message_count + c.member_count, 0);
    ck_assert(!c.has_room && !c.more);
    cc_check_str(c.sync, sync);
    ck_assert_uint_eq(c.cursors.count, 2);
    house_say(&p.ann, p.room, "two");
    c = ask(&p.bob, p.room, sync, 50);
    ck_assert_uint_eq(c.message_count, 1);
    cc_check_str(c.messages[0].text, CC_STR("two"));
    ck_assert_uint_eq(c.member_count, 0);
    ck_assert(!c.has_room);
    cc_check_str(c.sync, house_look(&p.bob, p.room).sync);
    house_close(&p.h);
}
END_TEST

START_TEST(the_longest_messages_come_in_more_pages_and_all_of_them)
{
    char text[CC_MESSAGE_CHARACTERS_MAX + 1];
    struct pair p;
    struct cc_changes c;
    struct cc_str sync;
    int64_t seen = 0;

    memset(text, 1, sizeof(text) - 1); /* 6 bytes each in JSON */
    text[0] = 'a';
    text[sizeof(text) - 1] = '\0';
    pair_open(&p, NULL);
    sync = house_look(&p.bob, p.room).sync;
    for (int i = 0; i < 110; i++)
        house_say(&p.ann, p.room, text);
    do {
        c = ask(&p.bob, p.room, sync, 100);
        ck_assert_uint_gt(c.message_count, 0);
        for (size_t i = 0; i < c.message_count; i++)
            ck_assert_int_eq(c.messages[i].seq, ++seen);
        sync = c.sync;
    } while (c.more);
    ck_assert_int_eq(seen, 110);
    cc_check_str(sync, house_look(&p.bob, p.room).sync);
    house_close(&p.h);
}
END_TEST

/* What later parts of the chat will do: a message changes, and takes the room's next rev. */
struct edit {
    struct cc_str room;
    int64_t seq;
    int64_t rev;
};

struct body {
    struct json_object *data, *author, *client_id, *created, *number, *type;
    int64_t seq, rev;
};

struct head {
    struct json_object *kind, *users, *created, *active, *count, *settings_rev, *last, *stamped;
    int64_t seq, rev;
};

#define RAW(of, member)                                                                            \
    {                                                                                              \
        .name = #member, .type = CC_FIELD_JSON, .flags = CC_FIELD_OMIT,                            \
        .offset = offsetof(struct of, member)                                                      \
    }
#define NUMBER(of, member)                                                                         \
    {                                                                                              \
        .name = #member, .type = CC_FIELD_I64, .offset = offsetof(struct of, member)               \
    }

static const struct cc_field body_fields[] = {
    RAW(body, data), RAW(body, author), RAW(body, client_id), RAW(body, created), RAW(body, number),
    RAW(body, type), NUMBER(body, seq), NUMBER(body, rev),    { .name = NULL },
};

static const struct cc_field head_fields[] = {
    RAW(head, kind),   RAW(head, users),  RAW(head, created), RAW(head, active),
    RAW(head, count),  RAW(head, last),   RAW(head, stamped), RAW(head, settings_rev),
    NUMBER(head, seq), NUMBER(head, rev), { .name = NULL },
};

static enum cc_code edit_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct edit *e = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item head_item, item;
    struct head head;
    struct body body;

    ck_assert_int_eq(cc_txn_get(txn, cc_key_room(arena, e->room), &head_item, err), CC_OK);
    ck_assert_int_eq(cc_fields_load(arena, head_fields, head_item.body, &head, err), CC_OK);
    ck_assert_int_eq(cc_txn_get(txn, cc_key_message(arena, e->room, e->seq), &item, err), CC_OK);
    ck_assert_int_eq(cc_fields_load(arena, body_fields, item.body, &body, err), CC_OK);
    body.rev = item.mrev = e->rev = ++head.rev;
    item.body = cc_fields_save(arena, body_fields, &body);
    head_item.body = cc_fields_save(arena, head_fields, &head);
    ck_assert_int_eq(cc_txn_put(txn, &item, err), CC_OK);
    return cc_txn_put(txn, &head_item, err);
}

static int64_t edit(struct pair *p, int64_t seq)
{
    struct edit e = { p->room, seq, 0 };
    struct cc_err err = { 0 };

    ck_assert_msg(cc_store_run(p->h.store, p->h.arena, edit_in, &e, &err) == CC_OK, "%s",
                  err.cause);
    return e.rev;
}

START_TEST(what_changed_comes_once_in_its_present_state)
{
    struct pair p;
    struct cc_changes c;
    struct cc_str sync;
    int64_t last;

    pair_open(&p, NULL);
    for (int i = 0; i < 4; i++)
        house_say(&p.ann, p.room, "hello");
    sync = house_look(&p.bob, p.room).sync;
    edit(&p, 3);
    edit(&p, 4);
    edit(&p, 1);
    last = edit(&p, 3);
    house_say(&p.bob, p.room, "new");
    edit(&p, 5);
    c = ask(&p.bob, p.room, sync, 50);
    ck_assert_uint_eq(c.message_count, 4);
    ck_assert_int_eq(c.messages[0].seq, 1);
    ck_assert_int_eq(c.messages[1].seq, 3);
    ck_assert_int_eq(c.messages[1].rev, last);
    ck_assert_int_eq(c.messages[2].seq, 4);
    ck_assert_int_eq(c.messages[3].seq, 5);
    ck_assert_int_eq(c.messages[3].rev, c.rev);
    house_close(&p.h);
}
END_TEST

/* What a client holds that does as it is told: the newest state of each message. */
struct client {
    int64_t rev_of[64];
    size_t members;
    struct cc_str sync;
};

static bool follow(struct client *client, const struct cc_caller *by, struct cc_str room,
                   int64_t limit)
{
    struct cc_changes c = ask(by, room, client->sync, limit);

    ck_assert_uint_le(c.message_count + c.member_count, (size_t)limit);
    for (size_t i = 0; i < c.message_count; i++) {
        ck_assert(i == 0 || c.messages[i].seq > c.messages[i - 1].seq);
        ck_assert_int_ge(c.messages[i].rev, client->rev_of[c.messages[i].seq]);
        client->rev_of[c.messages[i].seq] = c.messages[i].rev;
    }
    client->members += c.member_count;
    ck_assert_int_eq(c.has_room, client->sync.at == NULL);
    client->sync = c.sync;
    return c.more;
}

static void check_client(const struct client *client, const struct cc_caller *by,
                         struct cc_str room)
{
    struct cc_changes all = ask(by, room, CC_STR_ABSENT, 100);

    ck_assert(!all.more);
    for (size_t i = 0; i < all.message_count; i++)
        ck_assert_msg(client->rev_of[all.messages[i].seq] == all.messages[i].rev, "seq %d",
                      (int)all.messages[i].seq);
    ck_assert_uint_eq(client->members, 2);
    cc_check_str(client->sync, all.sync);
}

START_TEST(paging_ends_at_the_present_state_whatever_happens_meanwhile)
{
    struct pair p;

    pair_open(&p, NULL);
    for (int i = 0; i < 12; i++)
        house_say(&p.ann, p.room, "hello");
    for (int64_t limit = 1; limit <= 17; limit++) {
        struct client client = { .sync = CC_STR_ABSENT };
        int64_t changes = 6;
        bool more;

        do {
            more = follow(&client, &p.bob, p.room, limit);
            if (changes-- > 0)
                edit(&p, changes % 3 == 0 ? 1 : 5 + changes);
            if (changes == 2)
                house_say(&p.ann, p.room, "meanwhile");
        } while (more || changes > 0);
        while (follow(&client, &p.bob, p.room, limit))
            ;
        check_client(&client, &p.bob, p.room);
    }
    house_close(&p.h);
}
END_TEST

START_TEST(of_another_history_or_from_the_future_is_reset)
{
    struct pair p;
    struct cc_str epoch, present;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "one");
    epoch = cc_store_epoch(p.h.store);
    present = house_look(&p.bob, p.room).sync;
    const struct cc_str tokens[] = {
        cc_str_format(p.h.arena, "x%.*s.1.1", CC_STR_ARG(epoch)),
        cc_str_format(p.h.arena, "%.*s.5.1", CC_STR_ARG(epoch)),
        cc_str_format(p.h.arena, "%.*s.1.2", CC_STR_ARG(epoch)),
    };
    for (size_t i = 0; i < CC_COUNT(tokens); i++) {
        struct cc_changes c = ask(&p.bob, p.room, tokens[i], 50);

        ck_assert(c.reset && !c.more && !c.has_room);
        cc_check_str(c.sync, present);
        ck_assert_uint_eq(c.message_count + c.member_count + c.cursors.count, 0);
    }
    ck_assert(
        !ask(&p.bob, p.room, cc_str_format(p.h.arena, "%.*s.4.1", CC_STR_ARG(epoch)), 50).reset);
    house_close(&p.h);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
    static const char *const tokens[] = { "",
                                          ".",
                                          "a",
                                          "a.1",
                                          "a.1.",
                                          "a..1",
                                          ".1.1",
                                          "a.-1.1",
                                          "a.1.1.1",
                                          "a.01.1",
                                          "a.1.x",
                                          "a.1.1 ",
                                          "a.99999999999999999999.1" };
    struct pair p;
    struct cc_changes out;
    struct cc_str out_tag;

    pair_open(&p, NULL);
    for (size_t i = 0; i < CC_COUNT(tokens); i++) {
        const struct cc_changes_ask in = { p.room, cc_str_from(tokens[i]), 50 };
        struct cc_err err = { 0 };

        ck_assert_msg(cc_changes_read(&p.bob, &in, &out, &err) == CC_INVALID, "%s", tokens[i]);
        ck_assert_str_eq(err.invalid[0].pointer, "/since");
        cc_err_clear(&err);
        ck_assert_int_eq(cc_changes_tag(&p.bob, &in, &out_tag, &err), CC_INVALID);
    }
    house_close(&p.h);
}
END_TEST

/* --- a store whose reads are not one instant -------------------------------------------------- */

static enum cc_code set_ann(struct cc_txn *txn, struct pair *p, int64_t mrev, struct cc_err *err)
{
    const struct cc_item row = { .key = cc_key_member(cc_txn_arena(txn), p->room, p->ann.user),
                                 .body = CC_STR("{\"joined\":1}"),
                                 .mrev = mrev };

    return cc_txn_put(txn, &row, err);
}

static enum cc_code hide_ann(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct pair *p = arg;

    return cc_txn_delete(txn, cc_key_member(cc_txn_arena(txn), p->room, p->ann.user), err);
}

static enum cc_code age_ann(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return set_ann(txn, arg, 1, err);
}

static enum cc_code show_ann(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return set_ann(txn, arg, 2, err);
}

static enum cc_code ask_after(const struct pair *p, cc_txn_fn *change, struct cc_str since)
{
    const struct cc_changes_ask in = { p->room, since, 50 };
    struct cc_changes out;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_store_run(p->h.store, p->h.arena, change, (void *)(uintptr_t)p, &err),
                     CC_OK);
    return cc_changes_read(&p->bob, &in, &out, &err);
}

/* Whoever was given a token beyond her would never hear of her. */
START_TEST(a_member_whom_head_announces_and_who_is_not_there_is_waited_for)
{
    struct pair p;
    struct cc_str since;

    pair_open(&p, NULL);
    since = house_look(&p.bob, p.room).sync;
    ck_assert_int_eq(ask_after(&p, hide_ann, CC_STR_ABSENT), CC_UNAVAILABLE);
    ck_assert_int_eq(ask_after(&p, age_ann, CC_STR_ABSENT), CC_UNAVAILABLE);
    ck_assert_int_eq(ask_after(&p, age_ann, since), CC_OK);
    ck_assert_int_eq(ask_after(&p, show_ann, CC_STR_ABSENT), CC_OK);
    ck_assert_uint_eq(ask(&p.bob, p.room, CC_STR_ABSENT, 1).member_count, 1);
    house_close(&p.h);
}
END_TEST

START_TEST(only_members_see_changes)
{
    struct pair p;
    struct cc_changes out;
    struct cc_str out_tag;

    pair_open(&p, NULL);
    const struct cc_changes_ask in = { p.room, CC_STR_ABSENT, 50 };

    ck_assert_int_eq(cc_changes_read(&p.eve, &in, &out, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    ck_assert_int_eq(cc_changes_tag(&p.eve, &in, &out_tag, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

static void expect_new_tag(struct cc_str *before, struct cc_str now)
{
    ck_assert(!cc_str_eq(*before, now));
    *before = now;
}

START_TEST(the_tag_changes_with_the_answer_and_only_then)
{
    const struct cc_cursor_move read = { 1, 1 };
    const struct cc_profile_change rename = { .name = CC_STR("Ann") };
    struct pair p;
    struct cc_profile profile;
    struct cc_err err = { 0 };
    struct cc_str since, all, some;

    pair_open(&p, NULL);
    since = house_look(&p.bob, p.room).sync;
    all = tag(&p.bob, p.room, CC_STR_ABSENT);
    some = tag(&p.bob, p.room, since);
    ck_assert(!cc_str_eq(all, some));
    cc_check_str(tag(&p.bob, p.room, CC_STR_ABSENT), all);
    cc_check_str(tag(&p.bob, p.room, since), some);
    ck_assert(!cc_str_eq(tag(&p.ann, p.room, since), some));
    house_say(&p.ann, p.room, "hello");
    expect_new_tag(&all, tag(&p.bob, p.room, CC_STR_ABSENT));
    expect_new_tag(&some, tag(&p.bob, p.room, since));
    ck_assert_int_eq(cc_cursor_move(&p.bob, p.room, &read, &err), CC_OK);
    expect_new_tag(&all, tag(&p.bob, p.room, CC_STR_ABSENT));
    expect_new_tag(&some, tag(&p.bob, p.room, since));
    ck_assert_int_eq(cc_profile_change(&p.ann, &rename, &profile, &err), CC_OK);
    expect_new_tag(&all, tag(&p.bob, p.room, CC_STR_ABSENT));
    cc_check_str(tag(&p.bob, p.room, since), some);
    house_close(&p.h);
}
END_TEST

CC_CHECK_MAIN("chat/changes", from_the_beginning_comes_everything,
              since_a_token_comes_what_is_new_and_no_more,
              the_longest_messages_come_in_more_pages_and_all_of_them,
              what_changed_comes_once_in_its_present_state,
              paging_ends_at_the_present_state_whatever_happens_meanwhile,
              of_another_history_or_from_the_future_is_reset, what_is_no_token_is_refused,
              a_member_whom_head_announces_and_who_is_not_there_is_waited_for,
              only_members_see_changes, the_tag_changes_with_the_answer_and_only_then)
