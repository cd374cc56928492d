/* What HEAD says of the last commit, also where several functions shared it. */
#include "tests/check.h"

#include "chat/rows.h"
#include "store/txn.h"

static bool always(struct cc_txn *txn, struct cc_key key)
{
    (void)txn;
    (void)key;
    return true;
}

static bool never(struct cc_txn *txn, struct cc_key key)
{
    (void)txn;
    (void)key;
    return false;
}

static const struct cc_txn_ops shared = { .is_written = always };
static const struct cc_txn_ops fresh = { .is_written = never };

/* Stamps rev..rev+count-1 in one function. */
static void stamp(struct cc_arena *arena, const struct cc_txn_ops *ops, struct cc_head *head,
                  int count)
{
    struct cc_txn txn;

    cc_txn_init(&txn, ops, arena, 0, false);
    cc_head_begin_stamps(&txn, CC_STR("room"), head);
    for (int i = 0; i < count; i++) {
        head->rev++;
        cc_head_stamp(arena, head, head->rev, CC_STR("MSG#1"));
    }
}

static int64_t first_rev(const struct cc_head *head)
{
    struct cc_str sk;
    int64_t rev;

    ck_assert_uint_gt(head->stamped.count, 0);
    ck_assert(cc_stamp_parse(head->stamped.at[0], &rev, &sk));
    return rev;
}

START_TEST(a_commit_names_all_that_it_stamped_and_eight_at_least)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_head head = { .rev = 0 };

    for (int i = 0; i < 12; i++)
        stamp(arena, &fresh, &head, 1);
    ck_assert_uint_eq(head.stamped.count, CC_STAMPED_MIN);
    ck_assert_int_eq(first_rev(&head), 5);
    stamp(arena, &fresh, &head, 40);
    ck_assert_int_le(first_rev(&head), 13);
    stamp(arena, &fresh, &head, 1);
    ck_assert_uint_eq(head.stamped.count, CC_STAMPED_MIN);
    cc_arena_free(arena);
}
END_TEST

START_TEST(functions_that_share_a_commit_keep_each_others_stamps)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_head head = { .rev = 100 };

    stamp(arena, &fresh, &head, 1);
    for (int i = 0; i < 24; i++)
        stamp(arena, &shared, &head, 1);
    ck_assert_uint_eq(head.stamped.count, 25);
    ck_assert_int_eq(first_rev(&head), 101);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("chat/stamps", a_commit_names_all_that_it_stamped_and_eight_at_least,
              functions_that_share_a_commit_keep_each_others_stamps)
