#include "house.h"

#include <stdio.h>

static enum cc_code discover(const struct cc_caller *by, const char *const *numbers, size_t count,
                             struct cc_contacts *out, struct cc_err *err)
{
    struct cc_str *strs = CC_NEW_ARRAY(by->arena, struct cc_str, count);

    cc_err_clear(err);
    for (size_t i = 0; i < count; i++)
        strs[i] = cc_str_from(numbers[i]);
    return cc_contacts_discover(by, (struct cc_strs){ strs, count }, out, err);
}

/* Asks for the numbers from..from+count-1 of a made-up country. */
static enum cc_code ask_range(const struct cc_caller *by, int from, int count, struct cc_err *err)
{
    const char *numbers[CC_DISCOVER_NUMBERS_MAX + 1];
    struct cc_contacts found;

    for (int i = 0; i < count; i++)
        numbers[i] = cc_str_format(by->arena, "+999%07d", from + i).at;
    return discover(by, numbers, (size_t)count, &found, err);
}

START_TEST(people_are_found_in_the_order_asked_and_each_once)
{
    static const char *const numbers[] = { "+4915100000003", "+4915199999999", "+4915100000002",
                                           "+4915100000003" };
    struct house h;
    struct cc_caller ann;
    struct cc_contacts found;
    struct cc_err err;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    house_user(&h, "bob", "+4915100000002");
    house_user(&h, "cid", "+4915100000003");
    ck_assert_int_eq(discover(&ann, numbers, CC_COUNT(numbers), &found, &err), CC_OK);
    ck_assert_uint_eq(found.count, 2);
    cc_check_str(found.at[0].phone_number, CC_STR("+4915100000003"));
    cc_check_str(found.at[0].user.user, CC_STR("cid"));
    cc_check_str(found.at[1].user.name, CC_STR("bob"));
    ck_assert_int_eq(discover(&ann, numbers, 0, &found, &err), CC_OK);
    ck_assert_uint_eq(found.count, 0);
    house_close(&h);
}
END_TEST

START_TEST(who_refuses_looks_like_nobody)
{
    static const char *const numbers[] = { "+4915100000002" };
    const bool no = false;
    const struct cc_profile_change hide = { .discoverable = &no };
    struct house h;
    struct cc_caller ann, bob;
    struct cc_profile profile;
    struct cc_contacts found;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    bob = house_user(&h, "bob", "+4915100000002");
    ck_assert_int_eq(cc_profile_change(&bob, &hide, &profile, &err), CC_OK);
    ck_assert_int_eq(discover(&ann, numbers, 1, &found, &err), CC_OK);
    ck_assert_uint_eq(found.count, 0);
    house_close(&h);
}
END_TEST

START_TEST(other_spellings_are_refused_with_the_reason)
{
    static const char *const numbers[] = { "+4915100000002", "004915100000002", "+49 151 1",
                                           "015100000002", "" };
    struct house h;
    struct cc_caller ann;
    struct cc_contacts found;
    struct cc_err err;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    ck_assert_int_eq(discover(&ann, numbers, CC_COUNT(numbers), &found, &err), CC_INVALID);
    ck_assert_uint_eq(err.invalid_count, 4);
    ck_assert_str_eq(err.invalid[0].pointer, "/phone_numbers/1");
    ck_assert_str_eq(err.invalid[3].pointer, "/phone_numbers/4");
    ck_assert_int_eq(ask_range(&ann, 0, CC_DISCOVER_NUMBERS_MAX + 1, &err), CC_INVALID);
    house_close(&h);
}
END_TEST

START_TEST(a_day_has_a_budget_of_distinct_numbers)
{
    const struct house_config config = { .discover_numbers_day = 250 };
    struct house h;
    struct cc_caller ann, bob;
    struct cc_err err;

    house_open(&h, &config);
    ann = house_user(&h, "ann", NULL);
    bob = house_user(&h, "bob", NULL);
    ck_assert_int_eq(ask_range(&ann, 0, 100, &err), CC_OK);
    house_turn(&h, 3600 * 1000);
    ck_assert_int_eq(ask_range(&ann, 100, 100, &err), CC_OK);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ask_range(&ann, 50, 100, &err), CC_OK);
    ck_assert_int_eq(ask_range(&ann, 200, 51, &err), CC_TOO_MANY);
    ck_assert_int_eq(err.retry_after_s, 23 * 3600);
    ck_assert_int_eq(ask_range(&ann, 200, 50, &err), CC_OK);
    ck_assert_int_eq(ask_range(&ann, 250, 1, &err), CC_TOO_MANY);
    ck_assert_int_eq(ask_range(&ann, 150, 100, &err), CC_OK);
    ck_assert_int_eq(ask_range(&bob, 250, 1, &err), CC_OK);
    house_turn(&h, (int64_t)23 * 3600 * 1000 - 1);
    ck_assert_int_eq(ask_range(&ann, 250, 1, &err), CC_TOO_MANY);
    ck_assert_int_eq(err.retry_after_s, 1);
    house_turn(&h, 1);
    ck_assert_int_eq(ask_range(&ann, 250, 100, &err), CC_OK);
    house_close(&h);
}
END_TEST

struct race {
    atomic_int ok, too_many, other;
};

static void ask_ten(struct house_thread *t)
{
    struct race *race = t->arg;
    struct cc_err err;
    enum cc_code rc = ask_range(&t->by, (int)t->number * 10, 10, &err);

    if (rc == CC_OK)
        race->ok++;
    else if (rc == CC_TOO_MANY)
        race->too_many++;
    else
        race->other++;
}

START_TEST(racing_does_not_stretch_the_budget)
{
    const struct house_config config = { .discover_numbers_day = 50 };
    struct house h;
    struct cc_caller callers[20];
    struct race race = { 0 };

    house_open(&h, &config);
    callers[0] = house_user(&h, "ann", NULL);
    for (size_t i = 1; i < CC_COUNT(callers); i++)
        callers[i] = callers[0];
    house_race(callers, CC_COUNT(callers), ask_ten, &race);
    ck_assert_int_eq(race.ok, 5);
    ck_assert_int_eq(race.too_many, 15);
    house_close(&h);
}
END_TEST

/* The item that remembers holds the whole of the largest budget that can be configured. */
START_TEST(the_largest_budget_fits_its_item)
{
    const struct house_config config = { .discover_numbers_day = INT64_MAX };
    struct house h;
    struct cc_caller ann;
    struct cc_err err;

    house_open(&h, &config);
    ann = house_user(&h, "ann", NULL);
    for (int from = 0; from < 10000; from += 100)
        ck_assert_int_eq(ask_range(&ann, from, 100, &err), CC_OK);
    ck_assert_int_eq(ask_range(&ann, 10000, 1, &err), CC_TOO_MANY);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("chat/contacts", people_are_found_in_the_order_asked_and_each_once,
              who_refuses_looks_like_nobody, other_spellings_are_refused_with_the_reason,
              a_day_has_a_budget_of_distinct_numbers, racing_does_not_stretch_the_budget,
              the_largest_budget_fits_its_item)
