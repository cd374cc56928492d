/* Signing in by a user pool: what it judges, what is slowed down before it is asked. */
#include "cognito_scene.h"

#include "identity/account.h"
#include "identity/people.h"

START_TEST(a_pool_that_is_away_is_no_wrong_password)
{
    static const enum pool_fault faults[] = { POOL_THROTTLES, POOL_BREAKS, POOL_LOSES };

    for (size_t i = 0; i < CC_COUNT(faults); i++) {
        struct fake_pool p;
        struct house *h = &p.scene.house;
        struct cc_tokens tokens;

        pool_open(&p, false);
        (void)new_account(&p, ADA);
        pool_fails(&p, "InitiateAuth", faults[i], 100);
        ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_UNAVAILABLE);
        pool_fails(&p, NULL, POOL_WORKS, 0);
        (void)sign_in(h, ADA); /* at once: nothing was counted */
        pool_close(&p);
    }
}
END_TEST

START_TEST(wrong_passwords_are_slowed_down_before_the_pool_is_asked)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    size_t asked;

    open_with_ada(&p);
    ck_assert_int_eq(guess(h, ADA), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(guess(h, NOBODY), CC_WRONG_CREDENTIALS);
    asked = pool_calls(&p, "InitiateAuth");
    ck_assert_uint_eq(asked, 2);
    ck_assert_int_eq(guess(h, ADA), CC_TOO_MANY);
    ck_assert_int_eq(guess(h, NOBODY), CC_TOO_MANY);
    ck_assert_uint_eq(pool_calls(&p, "InitiateAuth"), asked);
    pool_close(&p);
}
END_TEST

static void recover_meanwhile(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_str user = cc_str_from(p->users[0].name);

    ck_assert_int_eq(cc_account_disable(h->store, h->arena, user, anew(h)), CC_OK);
}

static enum cc_code half_signed_in(struct house *h, struct cc_str address, struct cc_str *challenge)
{
    struct cc_sign_in in = { .login = login_of(ADA), .password = PASSWORD, .address = address };
    struct cc_signed_in out = { .challenge = { .id = CC_STR_ABSENT } };
    enum cc_code rc = cc_identity_sign_in(h->identity, h->arena, &in, &out, anew(h));

    *challenge = out.challenge.id;
    return rc;
}

/* Who has an account knows its password, and may have his part of what SMS to its number cost. */
START_TEST(codes_of_sign_ins_are_as_many_a_day_as_the_budget_of_a_number)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str challenge;

    pool_open(&p, false);
    cc_people_of(h->identity)->config.budget.number_day_max = 3;
    (void)new_account(&p, ADA);
    p.challenge = "SMS_MFA";
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(half_signed_in(h, h->address, &challenge), CC_OK);
    ck_assert_int_eq(half_signed_in(h, CC_STR("203.0.113.9"), &challenge), CC_TOO_MANY);
    ck_assert_uint_eq(pool_calls(&p, "InitiateAuth"), 3);
    turn(h, 24 * 3600 + 1);
    p.challenge = "SOFTWARE_TOKEN_MFA";
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(half_signed_in(h, h->address, &challenge), CC_OK);
    pool_close(&p);
}
END_TEST

static void somebody_guesses(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_people *people = cc_people_of(h->identity);
    struct cc_signing_in run = { .people = people, .login = { "phone", ADA } };

    run.attempt = cc_people_attempt(people, h->arena, &run.login, h->address);
    ck_assert_int_eq(cc_people_sign_in_wrong(h->arena, &run, anew(h)), CC_OK);
}

/* Else many passwords could be tried at the same moment, wherever a second step follows. */
START_TEST(a_challenge_tells_of_a_right_password_no_sooner_than_the_throttles_let_it)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str challenge;

    open_with_ada(&p);
    p.challenge = "SOFTWARE_TOKEN_MFA";
    p.in_between = somebody_guesses;
    ck_assert_int_eq(half_signed_in(h, h->address, &challenge), CC_TOO_MANY);
    ck_assert(challenge.at == NULL);
    turn(h, 2);
    ck_assert_int_eq(half_signed_in(h, h->address, &challenge), CC_OK);
    ck_assert(challenge.at != NULL);
    pool_close(&p);
}
END_TEST

START_TEST(an_account_that_changed_while_the_pool_judged_opens_no_session)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;

    open_with_ada(&p);
    p.in_between = recover_meanwhile;
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 1); /* what the pool gave is not left behind */
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 2);
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_sign_in");
    TCase *tcase = tcase_create("identity/cognito_sign_in");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_pool_that_is_away_is_no_wrong_password);
    tcase_add_test(tcase, wrong_passwords_are_slowed_down_before_the_pool_is_asked);
    tcase_add_test(tcase, codes_of_sign_ins_are_as_many_a_day_as_the_budget_of_a_number);
    tcase_add_test(tcase,
                   a_challenge_tells_of_a_right_password_no_sooner_than_the_throttles_let_it);
    tcase_add_test(tcase, an_account_that_changed_while_the_pool_judged_opens_no_session);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
