/* New passwords at a user pool: they end the sessions that they must, whoever lives to see it. */
#include "cognito_scene.h"

/* --- new passwords ---------------------------------------------------------------------------- */

START_TEST(a_new_password_ends_every_session_here_and_at_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    tokens = open_signed_in(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    ck_assert_int_eq(reset(&p, id, CC_STR("000000")), CC_WRONG_CODE);
    ck_assert(is_signed_in(h, &tokens));
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    ck_assert(!is_signed_in(h, &tokens));
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_WRONG_CODE);
    do_jobs(&p);
    ck_assert(p.users[0].is_over);
    ck_assert_int_eq(sign_in_with(h, ADA, NEW_PASSWORD, &tokens), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(a_recovery_asks_the_pool_the_same_for_a_number_that_nobody_has)
{
    struct fake_pool p;
    struct cc_str known, unknown;

    open_with_ada(&p);
    ck_assert_int_eq(forgot(&p, ADA, &known), CC_OK);
    ck_assert_int_eq(forgot(&p, NOBODY, &unknown), CC_OK);
    ck_assert_uint_eq(pool_calls(&p, "ForgotPassword"), 2);
    ck_assert_int_eq(reset(&p, unknown, POOL_CODE), CC_WRONG_CODE);
    ck_assert_int_eq(reset(&p, known, CC_STR("000000")), CC_WRONG_CODE);
    ck_assert_uint_eq(pool_calls(&p, "ConfirmForgotPassword"), 2);
    pool_close(&p);
}
END_TEST

/* The password may be another now: then whoever was signed in must not stay so. */
START_TEST(a_reset_whose_outcome_is_not_known_ends_every_session_all_the_same)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    tokens = open_signed_in(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    pool_fails(&p, "ConfirmForgotPassword", POOL_LOSES, 1);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OUTCOME_UNKNOWN);
    ck_assert(!is_signed_in(h, &tokens));
    ck_assert_int_eq(sign_in_with(h, ADA, NEW_PASSWORD, &tokens), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(a_reset_that_the_pool_could_not_judge_changes_nothing)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    tokens = open_signed_in(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    pool_fails(&p, "ConfirmForgotPassword", POOL_THROTTLES, 100);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_UNAVAILABLE);
    ck_assert(is_signed_in(h, &tokens));
    pool_fails(&p, NULL, POOL_WORKS, 0);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(a_change_of_password_keeps_this_session_and_ends_the_others)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens mine, other;

    open_with_two(&p, &mine, &other);
    ck_assert_int_eq(change(&p, &mine, CC_STR("not the password")), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(change(&p, &mine, PASSWORD), CC_TOO_MANY);
    ck_assert(is_signed_in(h, &other));
    turn(h, 2);
    if (_i == 1)
        pool_fails(&p, "ChangePassword", POOL_LOSES, 1);
    ck_assert_int_eq(change(&p, &mine, PASSWORD), _i == 1 ? CC_OUTCOME_UNKNOWN : CC_OK);
    ck_assert(is_signed_in(h, &mine) && !is_signed_in(h, &other));
    pool_close(&p);
}
END_TEST

/* --- nobody lives to see it ------------------------------------------------------------------- */

static void pass_a_minute(struct fake_pool *p)
{
    turn(&p->scene.house, 61);
    do_jobs(p);
}

/* Killed between the pool's yes and the commit: here the store takes no more. */
START_TEST(a_reset_that_nobody_saw_end_ends_every_session_a_minute_later)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_tokens old, next;
    struct cc_str id;

    old = open_signed_in(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    if (_i == 1)
        pool_fails(&p, "ConfirmForgotPassword", POOL_LOSES, 1);
    refuse_writes(h, &ops, 1);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OUTCOME_UNKNOWN);
    h->store->ops = real_ops;
    do_jobs(&p);
    ck_assert(is_signed_in(h, &old));
    p.users[0].is_over = false;
    pass_a_minute(&p);
    ck_assert(!is_signed_in(h, &old));
    ck_assert(p.users[0].is_over);
    ck_assert_int_eq(sign_in_with(h, ADA, NEW_PASSWORD, &next), CC_OK);
    pass_a_minute(&p);
    ck_assert(is_signed_in(h, &next));
    pool_close(&p);
}
END_TEST

START_TEST(a_change_that_nobody_saw_end_ends_the_other_sessions_a_minute_later)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_tokens mine, other;

    open_with_two(&p, &mine, &other);
    if (_i == 1)
        pool_fails(&p, "ChangePassword", POOL_LOSES, 1);
    refuse_writes(h, &ops, 1);
    ck_assert_int_eq(change(&p, &mine, PASSWORD), CC_OUTCOME_UNKNOWN);
    h->store->ops = real_ops;
    do_jobs(&p);
    ck_assert(is_signed_in(h, &other));
    pass_a_minute(&p);
    ck_assert(is_signed_in(h, &mine) && !is_signed_in(h, &other));
    ck_assert(!p.users[0].is_over);
    pool_close(&p);
}
END_TEST

/* What is to be ended a minute later is not done twice, whatever happened to the job. */
START_TEST(sessions_that_a_new_password_opened_stay_when_the_job_comes_again)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_tokens tokens;
    struct cc_jobs jobs;
    struct cc_str id;

    open_with_ada(&p);
    do_jobs(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    refuse_writes(h, &ops, 1);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OUTCOME_UNKNOWN);
    h->store->ops = real_ops;
    turn(h, 61);
    ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
    ck_assert_uint_eq(jobs.count, 1);
    ck_assert_int_eq(cc_identity_do_job(h->identity, h->arena, &jobs.at[0], anew(h)), CC_OK);
    do_jobs(&p); /* what follows at the pool */
    ck_assert_int_eq(sign_in_with(h, ADA, NEW_PASSWORD, &tokens), CC_OK);
    ck_assert_int_eq(cc_identity_do_job(h->identity, h->arena, &jobs.at[0], anew(h)), CC_OK);
    ck_assert(is_signed_in(h, &tokens));
    pool_close(&p);
}
END_TEST

/* Anybody can ask for a code of anybody's number and guess. */
START_TEST(what_the_pool_refuses_ends_no_session_later)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str known, unknown;

    open_with_ada(&p);
    turn(h, 700);
    do_jobs(&p);
    tokens = sign_in(h, ADA);
    ck_assert_int_eq(forgot(&p, ADA, &known), CC_OK);
    ck_assert_int_eq(forgot(&p, NOBODY, &unknown), CC_OK);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(reset(&p, known, CC_STR("000000")), CC_WRONG_CODE);
        ck_assert_int_eq(reset(&p, unknown, CC_STR("000000")), CC_WRONG_CODE);
    }
    ck_assert_int_eq(change(&p, &tokens, CC_STR("not the password")), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(forgot(&p, ADA, &known), CC_OK);
    pool_fails(&p, "ConfirmForgotPassword", POOL_THROTTLES, 100);
    ck_assert_int_eq(reset(&p, known, POOL_CODE), CC_UNAVAILABLE);
    no_job_is_left(&p);
    ck_assert(is_signed_in(h, &tokens));
    pool_close(&p);
}
END_TEST

START_TEST(what_has_ended_well_leaves_nothing_for_later)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    open_with_ada(&p);
    turn(h, 700);
    do_jobs(&p);
    tokens = sign_in(h, ADA);
    ck_assert_int_eq(change(&p, &tokens, PASSWORD), CC_OK);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    pool_fails(&p, "ConfirmForgotPassword", POOL_LOSES, 1);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OUTCOME_UNKNOWN);
    do_jobs(&p);
    no_job_is_left(&p);
    pool_close(&p);
}
END_TEST

/* The store's fault leaves the job, which finds nobody. */
START_TEST(a_number_that_nobody_has_has_no_sessions_to_end)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_str id;

    pool_open(&p, false);
    ck_assert_int_eq(forgot(&p, NOBODY, &id), CC_OK);
    refuse_writes(h, &ops, 1);
    ck_assert_int_eq(reset(&p, id, CC_STR("000000")), CC_WRONG_CODE);
    h->store->ops = real_ops;
    pass_a_minute(&p);
    no_job_is_left(&p);
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_password");
    TCase *tcase = tcase_create("identity/cognito_password");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_new_password_ends_every_session_here_and_at_the_pool);
    tcase_add_test(tcase, a_recovery_asks_the_pool_the_same_for_a_number_that_nobody_has);
    tcase_add_test(tcase, a_reset_whose_outcome_is_not_known_ends_every_session_all_the_same);
    tcase_add_test(tcase, a_reset_that_the_pool_could_not_judge_changes_nothing);
    tcase_add_loop_test(tcase, a_change_of_password_keeps_this_session_and_ends_the_others, 0, 2);
    tcase_add_loop_test(tcase, a_reset_that_nobody_saw_end_ends_every_session_a_minute_later, 0, 2);
    tcase_add_loop_test(tcase, a_change_that_nobody_saw_end_ends_the_other_sessions_a_minute_later,
                        0, 2);
    tcase_add_test(tcase, sessions_that_a_new_password_opened_stay_when_the_job_comes_again);
    tcase_add_test(tcase, what_the_pool_refuses_ends_no_session_later);
    tcase_add_test(tcase, what_has_ended_well_leaves_nothing_for_later);
    tcase_add_test(tcase, a_number_that_nobody_has_has_no_sessions_to_end);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
