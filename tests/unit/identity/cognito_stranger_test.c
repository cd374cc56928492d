/* What a user pool says of somebody is not taken for more than it proves. */
#include "cognito_scene.h"

static void number_is_a_strangers(struct pool_user *user)
{
    snprintf(user->phone, sizeof(user->phone), "+4915199999999");
}

static void mail_is_a_strangers(struct pool_user *user)
{
    snprintf(user->email, sizeof(user->email), "eve@example.org");
}

static void user_is_a_strangers(struct pool_user *user)
{
    snprintf(user->sub, sizeof(user->sub), "another");
}

static void (*const takings[])(struct pool_user *) = { number_is_a_strangers, mail_is_a_strangers,
                                                       user_is_a_strangers };

/* By an access token that was lost: the pool lets it change where codes go. */
START_TEST(no_code_goes_where_the_pool_alone_thinks_that_the_owner_is)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;
    size_t calls;

    open_with_ada(&p);
    takings[_i](&p.users[0]);
    calls = p.call_count;
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    ck_assert_uint_eq(pool_calls(&p, "ForgotPassword"), 1);
    ck_assert_uint_eq(p.call_count, calls + 2);
    ck_assert(!p.users[0].has_reset);
    calls = p.call_count;
    ck_assert_int_eq(forgot(&p, NOBODY, &id), CC_OK);
    ck_assert_uint_eq(p.call_count, calls + 2); /* the same work */
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_OK);
    pool_close(&p);
}
END_TEST

static void first_number_is_a_strangers(struct fake_pool *p)
{
    number_is_a_strangers(&p->users[0]);
}

/* Whoever holds an access token can prove a number of his own at the very moment in which we have
 * seen the right one, and the code is not sent yet. */
START_TEST(a_code_is_not_taken_of_who_became_another_before_it_was_sent)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    open_with_ada(&p);
    p.before_code = first_number_is_a_strangers;
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    ck_assert(p.users[0].has_reset);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_WRONG_CODE);
    ck_assert(p.users[0].has_reset);
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_OK);
    pool_close(&p);
}
END_TEST

/* A number that is added is gone again when the code is used. */
START_TEST(a_recovery_is_told_to_nobody_whose_code_went_to_a_number_that_is_not_known_here)
{
    struct fake_pool p;
    struct cc_str id;

    pool_open(&p, false);
    (void)new_account(&p, CC_STR("ada@example.org"));
    ck_assert_int_eq(forgot(&p, CC_STR("ada@example.org"), &id), CC_OK);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    p.before_code = first_number_is_a_strangers;
    ck_assert_int_eq(forgot(&p, CC_STR("ada@example.org"), &id), CC_UNAVAILABLE);
    ck_assert(p.users[0].has_reset && !id.at);
    pool_close(&p);
}
END_TEST

START_TEST(a_user_of_the_pool_who_got_the_name_of_an_account_is_not_its_owner)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    pool_open(&p, false);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    snprintf(p.users[0].sub, sizeof(p.users[0].sub), "the-first");
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_OK);
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 1);
    pool_close(&p);
}
END_TEST

START_TEST(a_pool_that_confirms_by_itself_proves_nothing)
{
    struct fake_pool p;
    struct cc_str id;

    pool_open(&p, false);
    p.confirms = true;
    ck_assert_int_eq(sign_up(&p.scene.house, ADA, &id), CC_UNAVAILABLE);
    pool_fails(&p, "SignUp", POOL_LOSES, 1);
    ck_assert_int_eq(sign_up(&p.scene.house, ADA, &id), CC_UNAVAILABLE);
    pool_close(&p);
}
END_TEST

/* Only to a number that somebody has, or wants, a code can fail to go. */
START_TEST(a_code_that_is_not_delivered_tells_nothing)
{
    const enum pool_fault fault = _i ? POOL_IS_TIRED : POOL_IS_MUTE;
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str id;
    int64_t after_s;

    pool_open(&p, false);
    pool_fails(&p, "SignUp", fault, 1);
    ck_assert_int_eq(sign_up(h, ADA, &id), CC_OK);
    turn(h, 31);
    pool_fails(&p, "ResendConfirmationCode", fault, 1);
    ck_assert_int_eq(resend(h, id, &after_s), CC_OK);
    ck_assert_int_eq(confirm(h, id, POOL_CODE), CC_OK);
    pool_fails(&p, "ForgotPassword", fault, 1);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(the_session_that_a_new_password_opened_stays)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens, next;
    struct cc_str id;

    open_with_ada(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    ck_assert(p.users[0].is_over);
    ck_assert_int_eq(sign_in_with(h, ADA, NEW_PASSWORD, &tokens), CC_OK);
    do_jobs(&p);
    ck_assert_int_eq(refresh(h, tokens.refresh_token, &next), CC_OK);
    pool_close(&p);
}
END_TEST

START_TEST(a_reset_that_could_not_sign_out_at_the_pool_does_so_later)
{
    struct fake_pool p;
    struct cc_str id;

    open_with_ada(&p);
    ck_assert_int_eq(forgot(&p, ADA, &id), CC_OK);
    pool_fails(&p, "AdminUserGlobalSignOut", POOL_THROTTLES, 100);
    ck_assert_int_eq(reset(&p, id, POOL_CODE), CC_OK);
    ck_assert(!p.users[0].is_over);
    pool_fails(&p, NULL, POOL_WORKS, 0);
    do_jobs(&p);
    ck_assert(p.users[0].is_over);
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_stranger");
    TCase *tcase = tcase_create("identity/cognito_stranger");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, no_code_goes_where_the_pool_alone_thinks_that_the_owner_is, 0,
                        CC_COUNT(takings));
    tcase_add_test(tcase, a_code_is_not_taken_of_who_became_another_before_it_was_sent);
    tcase_add_test(tcase,
                   a_recovery_is_told_to_nobody_whose_code_went_to_a_number_that_is_not_known_here);
    tcase_add_test(tcase, a_user_of_the_pool_who_got_the_name_of_an_account_is_not_its_owner);
    tcase_add_test(tcase, a_pool_that_confirms_by_itself_proves_nothing);
    tcase_add_loop_test(tcase, a_code_that_is_not_delivered_tells_nothing, 0, 2);
    tcase_add_test(tcase, the_session_that_a_new_password_opened_stays);
    tcase_add_test(tcase, a_reset_that_could_not_sign_out_at_the_pool_does_so_later);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
