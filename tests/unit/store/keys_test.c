#include "store/keys.h"
#include "tests/check.h"

#define check_key(key, expected_pk, expected_sk)                                                   \
    do {                                                                                           \
        struct cc_key check_key_is = (key);                                                        \
        cc_check_str(check_key_is.pk, CC_STR(expected_pk));                                        \
        cc_check_str(check_key_is.sk, CC_STR(expected_sk));                                        \
    } while (0)

/* What is in databases out there: a key that is spelt differently is data lost. */
START_TEST(keys_are_spelt_as_they_always_were)
{
    struct cc_arena *a = cc_arena_new(65536);
    const struct cc_str u = CC_STR("u1"), r = CC_STR("r1");

    check_key(cc_key_profile(a, u), "U#u1", "PROFILE");
    check_key(cc_key_user_head(a, u), "U#u1", "HEAD");
    check_key(cc_key_credential(a, u), "U#u1", "CREDENTIAL");
    check_key(cc_key_session(a, u, CC_STR("s1")), "U#u1", "SESSION#s1");
    check_key(cc_key_user_room(a, u, r), "U#u1", "ROOM#r1");
    check_key(cc_key_identifier(a, "phone", CC_STR("+4930123456")), "ID#phone#+4930123456", "ID");
    check_key(cc_key_pending(a, CC_STR("p1")), "PENDING#p1", "PENDING");
    check_key(cc_key_reset(a, CC_STR("x1")), "RESET#x1", "RESET");
    check_key(cc_key_challenge(a, CC_STR("x1")), "CHALLENGE#x1", "CHALLENGE");
    check_key(cc_key_limit(a, "sign-up", CC_STR("::1")), "LIMIT#sign-up#::1", "LIMIT");
    check_key(cc_key_room(a, r), "R#r1", "HEAD");
    check_key(cc_key_member(a, r, u), "R#r1", "MEMBER#u1");
    check_key(cc_key_cursor(a, r, u), "R#r1", "CURSOR#u1");
    check_key(cc_key_message(a, r, 255), "R#r1", "MSG#00000000000000ff");
    check_key(cc_key_sent(a, r, u, CC_STR("c1")), "SENT#c1", "r1#u1");
    check_key(cc_key_timer(a, 1700000000000, CC_STR("job1")), "TIMER#3", "0000018bcfe56800#job1");
    cc_arena_free(a);
}
END_TEST

START_TEST(messages_sort_by_number)
{
    const int64_t seqs[] = { 1, 9, 10, 15, 16, 255, 256, 99999, INT64_C(1) << 40, INT64_MAX };
    struct cc_arena *a = cc_arena_new(65536);

    for (size_t i = 1; i < CC_COUNT(seqs); i++) {
        struct cc_key before = cc_key_message(a, CC_STR("r"), seqs[i - 1]);
        struct cc_key after = cc_key_message(a, CC_STR("r"), seqs[i]);

        ck_assert_int_lt(cc_str_cmp(before.sk, after.sk), 0);
    }
    cc_arena_free(a);
}
END_TEST

static bool holds(const struct cc_range *range, struct cc_key key)
{
    return cc_str_eq(range->pk, key.pk) &&
           (range->from.at == NULL || cc_str_cmp(range->from, key.sk) <= 0) &&
           (range->to.at == NULL || cc_str_cmp(key.sk, range->to) <= 0);
}

START_TEST(a_range_holds_every_key_of_its_kind)
{
    static const char *const ids[] = { "-", ".", "0", "A", "Z", "_", "a", "zzzzzzzz" };
    struct cc_arena *a = cc_arena_new(65536);
    const struct cc_str u = CC_STR("u1"), r = CC_STR("r1");
    const struct cc_range sessions = cc_range_sessions(a, u), rooms = cc_range_user_rooms(a, u);
    const struct cc_range cursors = cc_range_cursors(a, r);

    for (size_t i = 0; i < CC_COUNT(ids); i++) {
        const struct cc_str id = cc_str_from(ids[i]);

        ck_assert(holds(&sessions, cc_key_session(a, u, id)));
        ck_assert(holds(&rooms, cc_key_user_room(a, u, id)));
        ck_assert(holds(&cursors, cc_key_cursor(a, r, id)));
        ck_assert(!holds(&cursors, cc_key_member(a, r, id)));
    }
    ck_assert(!holds(&sessions, cc_key_credential(a, u)));
    ck_assert(!holds(&cursors, cc_key_room(a, r)));
    cc_arena_free(a);
}
END_TEST

START_TEST(a_range_of_messages_holds_both_ends)
{
    struct cc_arena *a = cc_arena_new(65536);
    const struct cc_range range = cc_range_messages(a, CC_STR("r"), 5, 7);

    ck_assert(!holds(&range, cc_key_message(a, CC_STR("r"), 4)));
    ck_assert(holds(&range, cc_key_message(a, CC_STR("r"), 5)));
    ck_assert(holds(&range, cc_key_message(a, CC_STR("r"), 7)));
    ck_assert(!holds(&range, cc_key_message(a, CC_STR("r"), 8)));
    cc_arena_free(a);
}
END_TEST

START_TEST(timers_that_are_due_are_those_up_to_now)
{
    struct cc_arena *a = cc_arena_new(1 << 20);
    unsigned used = 0;

    for (int i = 0; i < 100; i++) {
        const struct cc_str id = cc_str_format(a, "job-%d", i);
        unsigned in = 0;

        for (unsigned shard = 0; shard < CC_TIMER_SHARDS; shard++) {
            const struct cc_range due = cc_range_timers_due(a, shard, 1000);

            ck_assert(!holds(&due, cc_key_timer(a, 1001, id)));
            if (!holds(&due, cc_key_timer(a, 1000, id)))
                continue;
            ck_assert(holds(&due, cc_key_timer(a, 0, id)));
            used |= 1u << shard;
            in++;
        }
        ck_assert_uint_eq(in, 1);
    }
    ck_assert_uint_eq(used, (1u << CC_TIMER_SHARDS) - 1);
    cc_arena_free(a);
}
END_TEST

START_TEST(the_tail_of_a_key_is_what_stands_behind_its_kind)
{
    cc_check_str(cc_key_tail(CC_STR("MEMBER#u1")), CC_STR("u1"));
    cc_check_str(cc_key_tail(CC_STR("LIMIT#send#u1")), CC_STR("send#u1"));
    cc_check_str(cc_key_tail(CC_STR("MEMBER#")), CC_STR(""));
    ck_assert_ptr_null(cc_key_tail(CC_STR("HEAD")).at);
}
END_TEST

START_TEST(what_a_person_counts_is_known_by_its_key)
{
    struct cc_arena *a = cc_arena_new((size_t)64 * 1024);
    const struct cc_str id = CC_STR("x");

    ck_assert_int_eq(cc_key_kind(cc_key_profile(a, id)), CC_KIND_PERSON);
    ck_assert_int_eq(cc_key_kind(cc_key_user_head(a, id)), CC_KIND_OTHER);
    ck_assert_int_eq(cc_key_kind(cc_key_credential(a, id)), CC_KIND_CREDENTIAL);
    ck_assert_int_eq(cc_key_kind(cc_key_session(a, id, id)), CC_KIND_SESSION);
    ck_assert_int_eq(cc_key_kind(cc_key_room(a, id)), CC_KIND_ROOM);
    ck_assert_int_eq(cc_key_kind(cc_key_message(a, id, 1)), CC_KIND_MESSAGE);
    ck_assert_int_eq(cc_key_kind(cc_key_member(a, id, id)), CC_KIND_OTHER);
    ck_assert_int_eq(cc_key_kind(cc_key_timer(a, 1, id)), CC_KIND_OTHER);
    cc_arena_free(a);
}
END_TEST

CC_CHECK_MAIN("store/keys", keys_are_spelt_as_they_always_were, messages_sort_by_number,
              a_range_holds_every_key_of_its_kind, a_range_of_messages_holds_both_ends,
              timers_that_are_due_are_those_up_to_now,
              the_tail_of_a_key_is_what_stands_behind_its_kind,
              what_a_person_counts_is_known_by_its_key)
