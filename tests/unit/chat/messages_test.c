#include "house.h"

#include "base/text.h"
#include "store/keys.h"

#include <stdio.h>
#include <string.h>

static enum cc_code try_send(const struct cc_caller *by, struct cc_str room, const char *client_id,
                             struct cc_str text, struct cc_sent *out)
{
    const struct cc_message_draft draft = { .room = room,
                                            .client_id = cc_str_from(client_id),
                                            .data.text = text };
    struct cc_err err = { 0 };

    return cc_message_send(by, &draft, out, &err);
}

/* --- sending ---------------------------------------------------------------------------------- */

START_TEST(messages_are_numbered_from_one_without_a_hole)
{
    struct pair p;
    int64_t rev;

    pair_open(&p, NULL);
    rev = house_look(&p.ann, p.room).rev;
    for (int64_t seq = 1; seq <= 5; seq++) {
        struct cc_message m = house_say(seq % 2 ? &p.ann : &p.bob, p.room, "hello");

        ck_assert_int_eq(m.seq, seq);
        ck_assert_int_eq(m.rev, rev + seq);
        ck_assert_int_eq(m.created_ms, HOUSE_NOW_MS);
    }
    ck_assert_int_eq(house_look(&p.bob, p.room).seq, 5);
    house_close(&p.h);
}
END_TEST

START_TEST(a_message_is_read_as_it_was_sent)
{
    struct pair p;
    struct cc_sent sent;
    struct cc_message read;
    struct cc_err err = { 0 };
    const struct cc_str text = CC_STR("Gr\xc3\xbc\xc3\x9f \"dich\" \\ \x01\t\n \xf0\x9f\x98\x80 ");

    pair_open(&p, NULL);
    ck_assert_int_eq(try_send(&p.ann, p.room, "A-z_0.9", text, &sent), CC_OK);
    ck_assert_int_eq(cc_message_get(&p.bob, sent.message.id, &read, &err), CC_OK);
    cc_check_str(read.text, text);
    cc_check_str(read.id, sent.message.id);
    cc_check_str(read.room, p.room);
    cc_check_str(read.author, CC_STR("ann"));
    cc_check_str(read.client_id, CC_STR("A-z_0.9"));
    ck_assert_int_eq(read.seq, 1);
    ck_assert_int_eq(read.rev, sent.message.rev);
    house_close(&p.h);
}
END_TEST

START_TEST(the_same_client_id_and_body_are_the_same_message)
{
    struct pair p;
    struct cc_sent first, again, other;

    pair_open(&p, NULL);
    ck_assert_int_eq(try_send(&p.ann, p.room, "one", CC_STR("hello"), &first), CC_OK);
    house_say(&p.bob, p.room, "between");
    house_turn(&p.h, (int64_t)400 * 24 * 3600 * 1000);
    ck_assert_int_eq(try_send(&p.ann, p.room, "one", CC_STR("hello"), &again), CC_OK);
    ck_assert(first.is_new && !again.is_new);
    cc_check_str(again.message.id, first.message.id);
    cc_check_str(again.message.text, CC_STR("hello"));
    ck_assert_int_eq(again.message.rev, first.message.rev);
    ck_assert_int_eq(again.message.created_ms, first.message.created_ms);
    ck_assert_int_eq(house_look(&p.ann, p.room).seq, 2);
    ck_assert_int_eq(try_send(&p.ann, p.room, "one", CC_STR("hello "), &other),
                     CC_CLIENT_ID_REUSED);
    ck_assert_int_eq(try_send(&p.bob, p.room, "one", CC_STR("other"), &other), CC_OK);
    ck_assert(other.is_new);
    house_close(&p.h);
}
END_TEST

START_TEST(only_members_send)
{
    static const char *const rooms[] = { "", "..", "a.b", "nothing", "x/y" };
    struct pair p;
    struct cc_sent sent;

    pair_open(&p, NULL);
    ck_assert_int_eq(try_send(&p.eve, p.room, "one", CC_STR("hello"), &sent), CC_NOT_FOUND);
    for (size_t i = 0; i < CC_COUNT(rooms); i++)
        ck_assert_int_eq(try_send(&p.ann, cc_str_from(rooms[i]), "one", CC_STR("hello"), &sent),
                         CC_NOT_FOUND);
    ck_assert_int_eq(house_look(&p.ann, p.room).seq, 0);
    house_close(&p.h);
}
END_TEST

static struct cc_str repeat(struct cc_arena *arena, const char *part, size_t count)
{
    size_t len = strlen(part);
    char *at = cc_arena_alloc(arena, len * count);

    for (size_t i = 0; i < count; i++)
        memcpy(at + i * len, part, len);
    return (struct cc_str){ at, len * count };
}

START_TEST(a_text_has_1_to_10000_characters_of_which_one_can_be_seen)
{
    struct pair p;
    struct cc_sent sent;
    const struct cc_str refused[] = {
        CC_STR_ABSENT,
        CC_STR(""),
        CC_STR(" \t\r\n"),
        CC_STR("\xc2\xa0\xe3\x80\x80\xe2\x80\x8b\xef\xbb\xbf"), /* NBSP, U+3000, ZWSP, BOM */
        CC_STR("a\0b"),
        CC_STR("\xff"),
        CC_STR("\xed\xa0\x80"), /* a surrogate */
        CC_STR("cut \xf0\x9f\x98"),
    };

    pair_open(&p, NULL);
    for (size_t i = 0; i < CC_COUNT(refused); i++)
        ck_assert_msg(try_send(&p.ann, p.room, "r", refused[i], &sent) == CC_INVALID, "%zu", i);
    ck_assert_int_eq(
        try_send(&p.ann, p.room, "long", repeat(p.h.arena, "\xf0\x9f\x98\x80", 10001), &sent),
        CC_INVALID);
    ck_assert_int_eq(
        try_send(&p.ann, p.room, "full", repeat(p.h.arena, "\xf0\x9f\x98\x80", 10000), &sent),
        CC_OK);
    ck_assert_int_eq(try_send(&p.ann, p.room, "worst",
                              repeat(p.h.arena,
                                     "\x01"
                                     "a",
                                     5000),
                              &sent),
                     CC_OK);
    ck_assert_int_eq(try_send(&p.ann, p.room, "one", CC_STR("."), &sent), CC_OK);
    house_close(&p.h);
}
END_TEST

START_TEST(an_operator_may_allow_shorter_texts)
{
    const struct house_config config = { .message_characters_max = 3 };
    struct pair p;
    struct cc_sent sent;

    pair_open(&p, &config);
    ck_assert_int_eq(try_send(&p.ann, p.room, "a", CC_STR("\xc3\xa4\xc3\xb6\xc3\xbc"), &sent),
                     CC_OK);
    ck_assert_int_eq(try_send(&p.ann, p.room, "b", CC_STR("abcd"), &sent), CC_INVALID);
    house_close(&p.h);
}
END_TEST

START_TEST(a_client_id_is_1_to_64_plain_characters)
{
    struct pair p;
    struct cc_sent sent;
    char longest[66];

    pair_open(&p, NULL);
    memset(longest, 'x', sizeof(longest));
    longest[65] = '\0';
    ck_assert_int_eq(try_send(&p.ann, p.room, longest, CC_STR("a"), &sent), CC_INVALID);
    longest[64] = '\0';
    ck_assert_int_eq(try_send(&p.ann, p.room, longest, CC_STR("a"), &sent), CC_OK);
    ck_assert_int_eq(try_send(&p.ann, p.room, "", CC_STR("a"), &sent), CC_INVALID);
    ck_assert_int_eq(try_send(&p.ann, p.room, "a#b", CC_STR("a"), &sent), CC_INVALID);
    ck_assert_int_eq(try_send(&p.ann, p.room, "a b", CC_STR("a"), &sent), CC_INVALID);
    house_close(&p.h);
}
END_TEST

struct race {
    struct cc_str room;
    atomic_int is_new, again, other;
    atomic_llong seq_sum;
};

static void send_the_same(struct house_thread *t)
{
    struct race *race = t->arg;
    struct cc_sent sent;

    if (try_send(&t->by, race->room, "one", CC_STR("hello"), &sent) != CC_OK)
        race->other++;
    else if (sent.is_new)
        race->is_new++;
    else
        race->again++;
}

START_TEST(of_64_who_race_one_client_id_one_makes_a_message)
{
    struct pair p;
    struct cc_caller callers[64];
    struct race race = { 0 };

    pair_open(&p, NULL);
    race.room = p.room;
    for (size_t i = 0; i < CC_COUNT(callers); i++)
        callers[i] = p.ann;
    house_race(callers, CC_COUNT(callers), send_the_same, &race);
    ck_assert_int_eq(race.is_new, 1);
    ck_assert_int_eq(race.again, 63);
    ck_assert_int_eq(house_look(&p.ann, p.room).seq, 1);
    house_close(&p.h);
}
END_TEST

enum { TALKERS = 16, SENTENCES = 15 };

static void talk(struct house_thread *t)
{
    struct race *race = t->arg;

    for (int i = 0; i < SENTENCES; i++)
        race->seq_sum += house_say(&t->by, race->room, "hello").seq;
}

START_TEST(many_who_talk_at_once_leave_no_hole_and_no_double)
{
    struct pair p;
    struct cc_caller callers[TALKERS];
    struct race race = { 0 };
    struct cc_message_page page;
    struct cc_err err = { 0 };
    const int64_t total = TALKERS * SENTENCES;
    int64_t seq = 0, rev = 0;

    pair_open(&p, NULL);
    race.room = p.room;
    for (size_t i = 0; i < CC_COUNT(callers); i++)
        callers[i] = i % 2 ? p.ann : p.bob;
    house_race(callers, CC_COUNT(callers), talk, &race);
    ck_assert_int_eq(race.seq_sum, total * (total + 1) / 2);
    do {
        const struct cc_message_query query = { p.room, CC_PAGE_AFTER, seq, 100 };

        ck_assert_int_eq(cc_message_list(&p.ann, &query, &page, &err), CC_OK);
        for (size_t i = page.count; i-- > 0;) {
            ck_assert_int_eq(page.at[i].seq, ++seq);
            ck_assert_int_gt(page.at[i].rev, rev);
            rev = page.at[i].rev;
        }
    } while (page.has_after);
    ck_assert_int_eq(seq, total);
    ck_assert_int_eq(house_look(&p.ann, p.room).rev, rev);
    house_close(&p.h);
}
END_TEST

/* --- the preview ------------------------------------------------------------------------------ */

static struct cc_str preview_of(struct pair *p, struct cc_str text)
{
    static int number;
    char client_id[16];
    struct cc_sent sent;

    snprintf(client_id, sizeof(client_id), "p%d", number++);
    ck_assert_int_eq(try_send(&p->ann, p->room, client_id, text, &sent), CC_OK);
    return house_look(&p->bob, p->room).last.text;
}

START_TEST(a_preview_is_cut_to_200_characters_and_never_within_a_grapheme)
{
    /* A family of four is seven code points, of which a cut must not make a family of two. */
    static const char family[] = "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
                                 "\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6";
    struct pair p;
    struct cc_str families, cut, marks;

    pair_open(&p, NULL);
    cc_check_str(preview_of(&p, CC_STR("short")), CC_STR("short"));
    cc_check_str(preview_of(&p, repeat(p.h.arena, "x", 200)), repeat(p.h.arena, "x", 200));
    cc_check_str(preview_of(&p, repeat(p.h.arena, "x", 201)), repeat(p.h.arena, "x", 200));
    families = repeat(p.h.arena, family, 40);
    cut = preview_of(&p, families);
    ck_assert_uint_eq(cc_text_length(cut), 28 * 7);
    cc_check_str(cut, cc_str_take(families, 28 * (sizeof(family) - 1)));
    marks = cc_str_format(p.h.arena, "a%.*s", CC_STR_ARG(repeat(p.h.arena, "\xcc\x81", 5000)));
    ck_assert_uint_le(cc_text_length(preview_of(&p, marks)), 200);
    house_close(&p.h);
}
END_TEST

/* --- reading ---------------------------------------------------------------------------------- */

START_TEST(a_message_of_another_room_or_with_a_malformed_id_is_not_found)
{
    static const char *const tails[] = { "",
                                         ".",
                                         ".0",
                                         ".-1",
                                         ".01",
                                         ".1.",
                                         ".1 ",
                                         ".2",
                                         ".x",
                                         ".1x",
                                         "..1",
                                         ".9223372036854775807",
                                         ".9223372036854775808",
                                         "#1",
                                         "/1" };
    struct pair p;
    struct cc_message m, read;

    pair_open(&p, NULL);
    m = house_say(&p.ann, p.room, "hello");
    for (size_t i = 0; i < CC_COUNT(tails); i++) {
        struct cc_str id = cc_str_format(p.h.arena, "%.*s%s", CC_STR_ARG(p.room), tails[i]);

        ck_assert_msg(cc_message_get(&p.ann, id, &read, &(struct cc_err){ 0 }) == CC_NOT_FOUND,
                      "%s", tails[i]);
    }
    ck_assert_int_eq(cc_message_get(&p.eve, m.id, &read, &(struct cc_err){ 0 }), CC_NOT_FOUND);
    ck_assert_int_eq(cc_message_get(&p.bob, m.id, &read, &(struct cc_err){ 0 }), CC_OK);
    house_close(&p.h);
}
END_TEST

/* What a page should hold, found by looking at each seq in turn. */
struct expected {
    int64_t newest, oldest;
    size_t count;
    bool has_before, has_after;
};

static bool is_wanted(enum cc_page_from from, int64_t seq, int64_t candidate)
{
    return from == CC_PAGE_BEFORE ? candidate < seq : from != CC_PAGE_AFTER || candidate > seq;
}

/* How far a candidate is from where one asked. Around, older goes before newer. */
static int64_t distance(enum cc_page_from from, int64_t seq, int64_t total, int64_t candidate)
{
    if (from == CC_PAGE_NEWEST || seq > total)
        seq = total;
    return candidate <= seq ? 2 * (seq - candidate) : 2 * (candidate - seq) + 1;
}

static struct expected expect(enum cc_page_from from, int64_t seq, int64_t limit, int64_t total)
{
    struct expected e = { 0 };
    bool taken[32] = { false };

    for (int64_t round = 0; round < limit; round++) {
        int64_t best = 0;

        for (int64_t c = 1; c <= total; c++) {
            if (!taken[c] && is_wanted(from, seq, c) &&
                (best == 0 || distance(from, seq, total, c) < distance(from, seq, total, best)))
                best = c;
        }
        if (best == 0)
            break;
        taken[best] = true;
        e.count++;
        e.newest = best > e.newest ? best : e.newest;
        e.oldest = e.oldest == 0 || best < e.oldest ? best : e.oldest;
    }
    for (int64_t c = 1; c <= total; c++) {
        if (taken[c])
            continue;
        e.has_before = e.has_before || (e.count ? c < e.oldest : from == CC_PAGE_AFTER);
        e.has_after = e.has_after || (e.count ? c > e.newest : from == CC_PAGE_BEFORE);
    }
    return e;
}

static void check_page(const struct pair *p, enum cc_page_from from, int64_t seq, int64_t limit,
                       int64_t total)
{
    const struct cc_message_query query = { p->room, from, seq, limit };
    const struct expected e = expect(from, seq, limit, total);
    struct cc_message_page page;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_message_list(&p->bob, &query, &page, &err), CC_OK);
    ck_assert_msg(page.count == e.count && page.has_before == e.has_before &&
                      page.has_after == e.has_after && page.seq == total,
                  "from %d seq %d limit %d of %d: %zu (%zu) %d (%d) %d (%d)", from, (int)seq,
                  (int)limit, (int)total, page.count, e.count, page.has_before, e.has_before,
                  page.has_after, e.has_after);
    for (size_t i = 0; i < page.count; i++)
        ck_assert_msg(page.at[i].seq == e.newest - (int64_t)i,
                      "from %d seq %d limit %d of %d: [%zu] is %d, not %d", from, (int)seq,
                      (int)limit, (int)total, i, (int)page.at[i].seq, (int)(e.newest - (int64_t)i));
}

START_TEST(pages_hold_what_is_nearest)
{
    struct pair p;

    pair_open(&p, NULL);
    for (int64_t total = 0; total <= 8; total++) {
        for (int64_t limit = 1; limit <= 10; limit++) {
            check_page(&p, CC_PAGE_NEWEST, 0, limit, total);
            for (int64_t seq = 0; seq <= 10; seq++) {
                check_page(&p, CC_PAGE_BEFORE, seq, limit, total);
                check_page(&p, CC_PAGE_AFTER, seq, limit, total);
                check_page(&p, CC_PAGE_AROUND, seq > 0 ? seq : 1, limit, total);
            }
            check_page(&p, CC_PAGE_BEFORE, INT64_MAX, limit, total);
            check_page(&p, CC_PAGE_AFTER, INT64_MAX, limit, total);
            check_page(&p, CC_PAGE_AROUND, INT64_MAX, limit, total);
        }
        house_say(&p.ann, p.room, "hello");
    }
    house_close(&p.h);
}
END_TEST

/* 9,999 characters that take 6 bytes each in JSON, and one that can be seen. */
static void say_the_longest(struct pair *p, int64_t times)
{
    char text[CC_MESSAGE_CHARACTERS_MAX + 1];

    memset(text, 1, sizeof(text) - 1);
    text[0] = 'a';
    text[sizeof(text) - 1] = '\0';
    for (int64_t i = 0; i < times; i++)
        house_say(&p->ann, p->room, text);
}

START_TEST(a_page_of_the_longest_messages_holds_fewer_and_says_so)
{
    static const enum cc_page_from from[] = { CC_PAGE_NEWEST, CC_PAGE_BEFORE, CC_PAGE_AFTER,
                                              CC_PAGE_AROUND };
    static const int64_t seq[] = { 0, 101, 0, 60 };
    static const int64_t first[] = { 89, 89, 1, 54 };
    struct pair p;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    say_the_longest(&p, 100);
    for (size_t i = 0; i < CC_COUNT(from); i++) {
        const struct cc_message_query query = { p.room, from[i], seq[i], 100 };
        const size_t before = cc_arena_used(p.bob.arena);
        struct cc_message_page page;

        ck_assert_msg(cc_message_list(&p.bob, &query, &page, &err) == CC_OK, "%s", err.cause);
        ck_assert_uint_eq(page.count, 12);
        ck_assert_int_eq(page.at[11].seq, first[i]);
        ck_assert_int_eq(page.at[0].seq, first[i] + 11);
        ck_assert_int_eq(page.has_before, first[i] > 1);
        ck_assert_int_eq(page.has_after, first[i] + 11 < 100);
        ck_assert_uint_lt(cc_arena_used(p.bob.arena) - before, 6 << 20);
        ck_assert_uint_eq(page.at[0].text.len, CC_MESSAGE_CHARACTERS_MAX);
    }
    house_close(&p.h);
}
END_TEST

START_TEST(only_members_list)
{
    struct pair p;
    struct cc_message_page page;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(cc_message_list(&p.eve,
                                     &(struct cc_message_query){ .room = p.room, .limit = 10 },
                                     &page, &err),
                     CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

static enum cc_code list_newest(const struct cc_caller *by, struct cc_str room, int64_t known_rev,
                                struct cc_message_page *page)
{
    struct cc_err err = { 0 };
    const struct cc_message_query query = { .room = room, .limit = 10, .known_rev = known_rev };

    return cc_message_list(by, &query, page, &err);
}

START_TEST(who_has_the_newest_page_is_told_so_until_the_room_changes)
{
    struct pair p;
    struct cc_message_page page;
    int64_t rev;

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(list_newest(&p.bob, p.room, 0, &page), CC_OK);
    ck_assert(!page.unchanged && page.count == 1 && page.rev > 0);
    rev = page.rev;
    ck_assert_int_eq(list_newest(&p.ann, p.room, rev, &page), CC_OK);
    ck_assert(page.unchanged && page.rev == rev);
    house_say(&p.ann, p.room, "again");
    ck_assert_int_eq(list_newest(&p.bob, p.room, rev, &page), CC_OK);
    ck_assert(!page.unchanged && page.count == 2 && page.rev > rev);
    /* One from the future, as after a restore, is not ours. */
    ck_assert_int_eq(list_newest(&p.bob, p.room, page.rev + 1, &page), CC_OK);
    ck_assert(!page.unchanged && page.count == 2);
    ck_assert_int_eq(list_newest(&p.eve, p.room, page.rev, &page), CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

START_TEST(only_of_the_newest_page_can_one_have_it_already)
{
    struct pair p;
    struct cc_message_query query = { .from = CC_PAGE_BEFORE, .seq = 2, .limit = 10 };
    struct cc_message_page page;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(list_newest(&p.bob, p.room, 0, &page), CC_OK);
    query.room = p.room;
    query.known_rev = page.rev;
    ck_assert_int_eq(cc_message_list(&p.bob, &query, &page, &err), CC_OK);
    ck_assert(!page.unchanged && page.count == 1);
    house_close(&p.h);
}
END_TEST

/* --- a store whose reads are not one instant -------------------------------------------------- */

static enum cc_code hide_third(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_delete(txn, cc_key_message(cc_txn_arena(txn), *(struct cc_str *)arg, 3), err);
}

static enum cc_code age_third(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item old = {
        .key = cc_key_message(cc_txn_arena(txn), *(struct cc_str *)arg, 3),
        .body =
            CC_STR("{\"seq\":3,\"author\":\"ann\",\"type\":\"text\",\"data\":{\"text\":\"old\"},"
                   "\"client_id\":\"c\",\"created\":1,\"rev\":5,\"number\":3}"),
    };

    return cc_txn_put(txn, &old, err);
}

static enum cc_code list_from(const struct pair *p, int64_t after)
{
    const struct cc_message_query query = { p->room, CC_PAGE_AFTER, after, 10 };
    struct cc_message_page page;
    struct cc_err err = { 0 };

    return cc_message_list(&p->bob, &query, &page, &err);
}

START_TEST(what_head_announces_and_is_not_there_is_waited_for_and_not_left_out)
{
    struct pair p;
    struct cc_changes changes;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    for (int i = 0; i < 4; i++)
        house_say(&p.ann, p.room, "hello");
    ck_assert_int_eq(list_from(&p, 0), CC_OK);
    ck_assert_int_eq(cc_store_run(p.h.store, p.h.arena, age_third, &p.room, &err), CC_OK);
    ck_assert_int_eq(list_from(&p, 0), CC_UNAVAILABLE);
    ck_assert_int_eq(list_from(&p, 3), CC_OK);
    ck_assert_int_eq(cc_store_run(p.h.store, p.h.arena, hide_third, &p.room, &err), CC_OK);
    ck_assert_int_eq(list_from(&p, 0), CC_UNAVAILABLE);
    ck_assert_int_eq(list_from(&p, 3), CC_OK);
    ck_assert_int_eq(cc_changes_read(&p.bob, &(struct cc_changes_ask){ p.room, CC_STR_ABSENT, 50 },
                                     &changes, &err),
                     CC_UNAVAILABLE);
    house_close(&p.h);
}
END_TEST

/* Neither "there is none" nor a second one. */
START_TEST(one_message_that_head_announces_and_is_not_there_is_waited_for)
{
    struct pair p;
    struct cc_message third = { 0 }, got;
    struct cc_message_draft again = { .type = CC_MESSAGE_TEXT };
    struct cc_sent sent;
    struct cc_err err = { 0 };

    pair_open(&p, NULL);
    for (int i = 0; i < 3; i++)
        third = house_say(&p.ann, p.room, "hello");
    again.room = p.room;
    again.client_id = third.client_id;
    again.data.text = CC_STR("hello");
    ck_assert_int_eq(cc_store_run(p.h.store, p.h.arena, hide_third, &p.room, &err), CC_OK);
    ck_assert_int_eq(cc_message_get(&p.bob, third.id, &got, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_message_send(&p.ann, &again, &sent, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_message_get(&p.bob, CC_JOIN(p.h.arena, p.room, CC_STR(".4")), &got, &err),
                     CC_NOT_FOUND);
    house_close(&p.h);
}
END_TEST

CC_CHECK_MAIN("chat/messages", messages_are_numbered_from_one_without_a_hole,
              a_message_is_read_as_it_was_sent, the_same_client_id_and_body_are_the_same_message,
              only_members_send, a_text_has_1_to_10000_characters_of_which_one_can_be_seen,
              an_operator_may_allow_shorter_texts, a_client_id_is_1_to_64_plain_characters,
              of_64_who_race_one_client_id_one_makes_a_message,
              many_who_talk_at_once_leave_no_hole_and_no_double,
              a_preview_is_cut_to_200_characters_and_never_within_a_grapheme,
              a_message_of_another_room_or_with_a_malformed_id_is_not_found,
              pages_hold_what_is_nearest, a_page_of_the_longest_messages_holds_fewer_and_says_so,
              only_members_list, who_has_the_newest_page_is_told_so_until_the_room_changes,
              only_of_the_newest_page_can_one_have_it_already,
              what_head_announces_and_is_not_there_is_waited_for_and_not_left_out,
              one_message_that_head_announces_and_is_not_there_is_waited_for)
