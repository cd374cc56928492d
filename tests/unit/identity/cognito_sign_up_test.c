/* Signing up with a user pool: what is committed here and what is done there come to one, whatever
 * gets lost in between. */
#include "cognito_scene.h"

START_TEST(who_is_confirmed_at_the_pool_has_an_account_and_a_session_here)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_principal who;

    tokens = open_signed_in(&p);
    who = whose(h, tokens.access_token);
    cc_check_str(who.session, tokens.session_id);
    ck_assert_str_eq(p.users[0].name, cc_str_z(h->arena, who.user));
    ck_assert_str_eq(p.users[0].phone, "+4915112345678");
    pool_close(&p);
}
END_TEST

START_TEST(a_sign_up_that_the_pool_did_not_take_can_be_made_again)
{
    static const enum pool_fault faults[] = { POOL_THROTTLES, POOL_BREAKS, POOL_LOSES };

    for (size_t i = 0; i < CC_COUNT(faults); i++) {
        struct fake_pool p;
        struct house *h = &p.scene.house;
        struct cc_str id;
        enum cc_code rc;

        pool_open(&p, false);
        pool_fails(&p, "SignUp", faults[i], 100);
        rc = sign_up(h, ADA, &id);
        ck_assert(rc == (i == 0 ? CC_UNAVAILABLE : CC_OUTCOME_UNKNOWN));
        pool_fails(&p, NULL, POOL_WORKS, 0);
        (void)new_account(&p, ADA);
        (void)sign_in(h, ADA);
        turn(h, 700);
        do_jobs(&p);
        ck_assert_uint_eq(pool_people(&p), 1);
        pool_close(&p);
    }
}
END_TEST

START_TEST(a_sign_up_whose_answer_got_lost_once_is_done)
{
    struct fake_pool p;
    struct cc_str id;

    pool_open(&p, false);
    pool_fails(&p, "SignUp", POOL_LOSES, 1);
    ck_assert_int_eq(sign_up(&p.scene.house, ADA, &id), CC_OK);
    ck_assert_int_eq(confirm(&p.scene.house, id, POOL_CODE), CC_OK);
    pool_close(&p);
}
END_TEST

/* However often the answer gets lost: once the pool has confirmed him the account comes. */
START_TEST(a_confirmation_goes_on_where_it_stopped)
{
    for (int times = 1; times <= 4; times += 3) {
        struct fake_pool p;
        struct house *h = &p.scene.house;
        struct cc_str id;

        pool_open(&p, false);
        ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
        pool_fails(&p, "ConfirmSignUp", POOL_LOSES, times);
        ck_assert_int_eq(confirm(h, id, POOL_CODE), times == 1 ? CC_OK : CC_OUTCOME_UNKNOWN);
        if (times > 1)
            ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_OK);
        (void)sign_in(h, ADA);
        ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_WRONG_CODE);
        pool_close(&p);
    }
}
END_TEST

START_TEST(a_pool_that_is_away_uses_up_no_try)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;

    pool_open(&p, false);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    pool_fails(&p, "ConfirmSignUp", POOL_THROTTLES, 1000);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_UNAVAILABLE);
    pool_fails(&p, NULL, POOL_WORKS, 0);
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(after_five_wrong_codes_the_pool_is_not_asked_again)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;

    pool_open(&p, false);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(confirm(h, id, CC_STR("000000")), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_WRONG_CODE);
    ck_assert_uint_eq(pool_calls(&p, "ConfirmSignUp"), 5);
    pool_close(&p);
}
END_TEST

static enum cc_code race_guess(struct house *h, struct cc_arena *arena, void *arg,
                               struct cc_str *result)
{
    struct cc_confirm in = { *(struct cc_str *)arg, CC_STR("000000") };
    struct cc_err err = { 0 };

    (void)result;
    return cc_identity_confirm(h->identity, arena, &in, &err);
}

START_TEST(of_64_guesses_at_the_same_moment_five_are_judged)
{
    struct racer racers[RACERS];
    struct fake_pool p;
    struct cc_str id;

    pool_open(&p, false);
    ck_assert_int_eq(sign_up(&p.scene.house, ADA, &id), CC_OK);
    race(&p.scene.house, racers, race_guess, &id);
    ck_assert_uint_eq(race_count(racers, CC_WRONG_CODE), RACERS);
    ck_assert_uint_eq(pool_calls(&p, "ConfirmSignUp"), 5);
    pool_close(&p);
}
END_TEST

START_TEST(who_is_late_is_told_and_removed_from_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str first, second;

    pool_open(&p, false);
    ck_assert_int_eq(sign_up(h, ADA, &first), CC_OK);
    ck_assert_int_eq(sign_up(h, ADA, &second), CC_OK);
    ck_assert_int_eq(confirm(h, second, POOL_CODE), CC_OK);
    ck_assert_int_eq(confirm(h, first, POOL_CODE), CC_CONFLICT);
    ck_assert_uint_eq(pool_people(&p), 2);
    do_jobs(&p);
    ck_assert_uint_eq(pool_people(&p), 1);
    (void)sign_in(h, ADA);
    pool_close(&p);
}
END_TEST

START_TEST(what_was_not_confirmed_in_time_is_removed_from_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;

    pool_open(&p, false);
    (void)new_account(&p, BOB);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    turn(h, 601);
    do_jobs(&p);
    ck_assert_uint_eq(pool_people(&p), 2); /* a confirmation may just be under way */
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_WRONG_CODE);
    turn(h, 60);
    do_jobs(&p);
    ck_assert_uint_eq(pool_people(&p), 1);
    (void)sign_in(h, BOB);
    pool_close(&p);
}
END_TEST

START_TEST(a_taken_number_is_never_confirmed_and_its_owner_is_told_once)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str free_one, taken;
    int64_t after_s;
    size_t calls;

    open_with_ada(&p);
    calls = p.call_count;
    ck_assert_int_eq(sign_up(h, BOB, &free_one), CC_OK);
    ck_assert_uint_eq(p.call_count, calls + 1);
    ck_assert_int_eq(sign_up(h, ADA, &taken), CC_OK);
    ck_assert_uint_eq(p.call_count, calls + 2);
    ck_assert_str_eq(p.users[2].phone, ""); /* no code goes anywhere */
    do_jobs(&p);
    ck_assert_uint_eq(h->sender.count, 1);
    cc_check_str(last_notice(h)->to, ADA);
    ck_assert_ptr_null(last_notice(h)->code.at);
    ck_assert_int_eq(confirm(h, taken, POOL_CODE), CC_WRONG_CODE);
    turn(h, 31);
    ck_assert_int_eq(resend(h, taken, &after_s), CC_OK);
    ck_assert_int_eq(resend(h, free_one, &after_s), CC_OK);
    ck_assert_uint_eq(pool_calls(&p, "ResendConfirmationCode"), 2);
    do_jobs(&p);
    ck_assert_uint_eq(h->sender.count, 1);
    pool_close(&p);
}
END_TEST

/* However often: nobody can have it, so nothing is told of anybody. */
START_TEST(a_number_that_the_pool_does_not_take_is_refused_each_time)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;

    pool_open(&p, false);
    p.refused = "+4915112345678"; /* Ada's */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(sign_up(h, ADA, &id), CC_INVALID);
        ck_assert_str_eq(h->err.invalid[0].pointer, "/phone_number");
    }
    turn(h, 700);
    do_jobs(&p);
    ck_assert_uint_eq(h->sender.count, 0);
    (void)new_account(&p, BOB);
    pool_close(&p);
}
END_TEST

/* A taken number goes to the pool without an address. */
START_TEST(a_pool_that_wants_a_number_of_everybody_tells_not_whose_is_taken)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;

    pool_open(&p, false);
    p.wants_number = true;
    (void)new_account(&p, ADA);
    ck_assert_int_eq(sign_up(h, BOB, &id), CC_OK);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_WRONG_CODE);
    do_jobs(&p);
    ck_assert_uint_eq(h->sender.count, 1);
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_sign_up");
    TCase *tcase = tcase_create("identity/cognito_sign_up");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, who_is_confirmed_at_the_pool_has_an_account_and_a_session_here);
    tcase_add_test(tcase, a_sign_up_that_the_pool_did_not_take_can_be_made_again);
    tcase_add_test(tcase, a_sign_up_whose_answer_got_lost_once_is_done);
    tcase_add_test(tcase, a_confirmation_goes_on_where_it_stopped);
    tcase_add_test(tcase, a_pool_that_is_away_uses_up_no_try);
    tcase_add_test(tcase, after_five_wrong_codes_the_pool_is_not_asked_again);
    tcase_add_test(tcase, of_64_guesses_at_the_same_moment_five_are_judged);
    tcase_add_test(tcase, who_is_late_is_told_and_removed_from_the_pool);
    tcase_add_test(tcase, what_was_not_confirmed_in_time_is_removed_from_the_pool);
    tcase_add_test(tcase, a_taken_number_is_never_confirmed_and_its_owner_is_told_once);
    tcase_add_test(tcase, a_number_that_the_pool_does_not_take_is_refused_each_time);
    tcase_add_test(tcase, a_pool_that_wants_a_number_of_everybody_tells_not_whose_is_taken);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
