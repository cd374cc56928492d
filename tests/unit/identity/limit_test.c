#include "house.h"

struct take {
    struct cc_limit limit;
    int64_t count, retry_after_s;
    bool look;
};

static enum cc_code take(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct take *take = arg;

    if (take->look)
        return cc_limit_look(txn, &take->limit, take->count, &take->retry_after_s, err);
    return cc_limit_take(txn, &take->limit, take->count, &take->retry_after_s, err);
}

static int64_t taken(struct house *h, const char *who, int64_t count)
{
    struct take arg = { { "test", cc_str_from(who), 10, 60000 }, count, -1, false };

    ck_assert_int_eq(cc_store_run(h->store, h->arena, take, &arg, anew(h)), CC_OK);
    return arg.retry_after_s;
}

static int64_t looked(struct house *h, const char *who, int64_t count)
{
    struct take arg = { { "test", cc_str_from(who), 10, 60000 }, count, -1, true };

    ck_assert_int_eq(cc_store_view(h->store, h->arena, take, &arg, anew(h)), CC_OK);
    return arg.retry_after_s;
}

START_TEST(a_window_begins_with_its_first_use_and_ends_after_its_length)
{
    struct house h;

    house_open(&h);
    turn(&h, 17);
    ck_assert_int_eq(taken(&h, "a", 4), 0);
    turn(&h, 30);
    ck_assert_int_eq(taken(&h, "a", 6), 0);
    ck_assert_int_eq(taken(&h, "a", 1), 30);
    turn(&h, 29);
    ck_assert_int_eq(taken(&h, "a", 1), 1);
    turn(&h, 1);
    ck_assert_int_eq(taken(&h, "a", 10), 0);
    house_close(&h);
}
END_TEST

START_TEST(what_is_not_enough_is_not_taken)
{
    struct house h;

    house_open(&h);
    ck_assert_int_eq(taken(&h, "a", 8), 0);
    ck_assert_int_eq(taken(&h, "a", 3), 60);
    ck_assert_int_eq(taken(&h, "a", 2), 0);
    ck_assert_int_eq(taken(&h, "b", 10), 0);
    ck_assert_int_eq(taken(&h, "c", 11), 60);
    house_close(&h);
}
END_TEST

START_TEST(looking_takes_nothing)
{
    struct house h;

    house_open(&h);
    ck_assert_int_eq(looked(&h, "a", 10), 0);
    ck_assert_int_eq(taken(&h, "a", 9), 0);
    ck_assert_int_eq(looked(&h, "a", 1), 0);
    ck_assert_int_eq(looked(&h, "a", 2), 60);
    ck_assert_int_eq(taken(&h, "a", 1), 0);
    house_close(&h);
}
END_TEST

START_TEST(a_clock_that_is_set_back_does_not_stretch_a_window)
{
    struct house h;

    house_open(&h);
    turn(&h, 100000);
    ck_assert_int_eq(taken(&h, "a", 10), 0);
    turn(&h, -100000);
    ck_assert_int_eq(taken(&h, "a", 1), 60);
    house_close(&h);
}
END_TEST

static enum cc_code race_take(struct house *h, struct cc_arena *arena, void *arg,
                              struct cc_str *result)
{
    struct take mine = *(struct take *)arg;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_store_run(h->store, arena, take, &mine, &err);

    (void)result;
    return rc == CC_OK && mine.retry_after_s > 0 ? CC_TOO_MANY : rc;
}

START_TEST(of_64_at_the_same_moment_as_many_pass_as_there_are)
{
    struct house h;
    struct racer racers[RACERS];
    struct take arg = { { "test", CC_STR("a"), 10, 60000 }, 1, -1, false };

    house_open(&h);
    race(&h, racers, race_take, &arg);
    ck_assert_uint_eq(race_count(racers, CC_OK), 10);
    ck_assert_uint_eq(race_count(racers, CC_TOO_MANY), RACERS - 10);
    house_close(&h);
}
END_TEST

static enum cc_code profiles(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_profile in = { .user = CC_STR("ada"),
                             .name = CC_STR("Ada"),
                             .phone_number = ADA,
                             .created_ms = 5,
                             .updated_ms = 7,
                             .hidden_by_number = true };
    struct cc_str users[] = { CC_STR("nobody"), CC_STR("ada") };
    struct cc_profile out[2] = { { .user = CC_STR_ABSENT } };
    enum cc_code rc = cc_profile_put(txn, &in, err);

    if (rc == CC_OK)
        rc = cc_profile_get_many(txn, users, 2, out, err);
    if (rc == CC_OK)
        rc = cc_profile_get(txn, users[1], arg, err);
    ck_assert_ptr_null(out[0].user.at);
    cc_check_str(out[1].name, in.name);
    ck_assert_int_eq(cc_profile_get(txn, users[0], &out[0], err), CC_NOT_FOUND);
    return rc;
}

START_TEST(a_profile_comes_back_as_it_was_put)
{
    struct house h;
    struct cc_profile out = { .is_gone = true }; /* what is not stored is as it must be, too */

    house_open(&h);
    ck_assert_int_eq(cc_store_run(h.store, h.arena, profiles, &out, anew(&h)), CC_OK);
    cc_check_str(out.user, CC_STR("ada"));
    cc_check_str(out.phone_number, ADA);
    ck_assert_ptr_null(out.email.at);
    ck_assert_ptr_null(out.photo.at);
    ck_assert_int_eq(out.created_ms, 5);
    ck_assert_int_eq(out.updated_ms, 7);
    ck_assert(out.hidden_by_number);
    ck_assert(!out.is_gone);
    house_close(&h);
}
END_TEST

struct finding {
    struct cc_str users[3];
};

static enum cc_code find(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_str values[] = { NOBODY, ADA, BOB };
    struct finding *finding = arg;

    return cc_identifier_find_many(txn, "phone", values, 3, finding->users, err);
}

START_TEST(owners_of_numbers_are_found_in_the_order_asked)
{
    struct house h;
    struct finding finding;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, BOB);
    ck_assert_int_eq(cc_store_view(h.store, h.arena, find, &finding, anew(&h)), CC_OK);
    ck_assert_ptr_null(finding.users[0].at);
    cc_check_str(finding.users[1], whose(&h, sign_in(&h, ADA).access_token).user);
    cc_check_str(finding.users[2], whose(&h, sign_in(&h, BOB).access_token).user);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/limit", a_window_begins_with_its_first_use_and_ends_after_its_length,
              what_is_not_enough_is_not_taken, looking_takes_nothing,
              a_clock_that_is_set_back_does_not_stretch_a_window,
              of_64_at_the_same_moment_as_many_pass_as_there_are,
              a_profile_comes_back_as_it_was_put, owners_of_numbers_are_found_in_the_order_asked)
