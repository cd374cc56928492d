/* Sessions of a user pool: refreshing them and ending them, here and there. */
#include "cognito_scene.h"

/* --- sessions --------------------------------------------------------------------------------- */

START_TEST(a_refresh_keeps_the_session_and_its_token_where_the_pool_does_not_rotate)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens first, next;

    pool_open(&p, _i == 1);
    (void)new_account(&p, ADA);
    first = sign_in(h, ADA);
    turn(h, 600);
    ck_assert_msg(refresh(h, first.refresh_token, &next) == CC_OK, "%s", h->err.cause);
    cc_check_str(next.session_id, first.session_id);
    cc_check_str(next.refresh_token, first.refresh_token); /* the fake's successor is the same */
    turn(h, 600);                                          /* the first access token has expired */
    ck_assert(is_signed_in(h, &next));
    ck_assert_uint_eq(pool_calls(&p, "GetTokensFromRefreshToken"), _i == 1 ? 1 : 0);
    pool_close(&p);
}
END_TEST

/* The successor of a refresh token is told once: whoever does not get it has lost his session. */
START_TEST(a_refresh_token_that_the_pool_has_turned_is_given_whatever_the_store_says)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_tokens first, next;

    pool_open(&p, _i == 1);
    (void)new_account(&p, ADA);
    first = sign_in(h, ADA);
    refuse_writes(h, &ops, 0);
    ck_assert_int_eq(refresh(h, first.refresh_token, &next), _i == 1 ? CC_OK : CC_UNAVAILABLE);
    h->store->ops = real_ops;
    if (_i == 1)
        ck_assert(is_signed_in(h, &next));
    pool_close(&p);
}
END_TEST

START_TEST(what_the_pool_revoked_is_over_here_too_and_what_it_could_not_say_is_not)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens, next;

    tokens = open_signed_in(&p);
    pool_fails(&p, "InitiateAuth", POOL_BREAKS, 100);
    ck_assert_int_eq(refresh(h, tokens.refresh_token, &next), CC_UNAVAILABLE);
    ck_assert(is_signed_in(h, &tokens));
    pool_fails(&p, NULL, POOL_WORKS, 0);
    p.users[0].is_over = true;
    ck_assert_int_eq(refresh(h, tokens.refresh_token, &next), CC_UNAUTHORIZED);
    ck_assert(!is_signed_in(h, &tokens));
    pool_close(&p);
}
END_TEST

START_TEST(a_refresh_without_a_session_is_refused_before_the_pool_is_asked_and_revoked)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens, next;
    struct cc_principal which;
    size_t asked;

    tokens = open_signed_in(&p);
    which = whose(h, tokens.access_token);
    ck_assert_int_eq(cc_identity_session_end(h->identity, h->arena, &which, anew(h)), CC_OK);
    asked = pool_calls(&p, "InitiateAuth");
    ck_assert_int_eq(refresh(h, tokens.refresh_token, &next), CC_UNAUTHORIZED);
    ck_assert_uint_eq(pool_calls(&p, "InitiateAuth"), asked);
    ck_assert_uint_eq(p.revoked_count, 1);
    pool_close(&p);
}
END_TEST

/* Else anybody could have the pool asked as often as he likes. */
START_TEST(of_a_refresh_token_that_is_not_ours_the_pool_hears_nothing)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens, next;
    size_t asked;

    tokens = open_signed_in(&p);
    asked = p.call_count;
    for (size_t i = 0; i < tokens.refresh_token.len; i++) {
        struct cc_str forged = cc_str_copy(h->arena, tokens.refresh_token);

        *(char *)(uintptr_t)&forged.at[i] = forged.at[i] == 'x' ? 'y' : 'x';
        ck_assert_int_eq(refresh(h, forged, &next), CC_UNAUTHORIZED);
    }
    ck_assert_uint_eq(p.call_count, asked);
    pool_close(&p);
}
END_TEST

/* Whoever has two sessions, or two accounts, could else have one refreshed as the other. */
START_TEST(what_is_put_together_from_two_refresh_tokens_is_none)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_str parts[2][4];
    struct cc_tokens next;
    size_t asked;

    open_with_ada(&p);
    (void)new_account(&p, BOB);
    for (size_t i = 0; i < 2; i++) {
        struct cc_str rest = sign_in(h, i == 0 ? ADA : BOB).refresh_token;

        for (size_t part = 0; part < 3; part++)
            parts[i][part] = cc_str_cut(&rest, '.');
        parts[i][3] = rest;
    }
    asked = p.call_count;
    for (unsigned mix = 1; mix < 15; mix++) { /* each part of one or the other */
        struct cc_str text =
            CC_JOIN(h->arena, parts[mix & 1][0], CC_STR("."), parts[mix >> 1 & 1][1], CC_STR("."),
                    parts[mix >> 2 & 1][2], CC_STR("."), parts[mix >> 3 & 1][3]);

        ck_assert_msg(refresh(h, text, &next) == CC_UNAUTHORIZED, "mix %u", mix);
    }
    ck_assert_uint_eq(p.call_count, asked);
    pool_close(&p);
}
END_TEST

START_TEST(a_sign_out_revokes_the_token_of_its_own_session_and_no_other)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens mine, other;

    open_with_two(&p, &mine, &other);
    ck_assert_int_eq(sign_out(&p, &other, mine.refresh_token, false), CC_OK);
    ck_assert(!is_signed_in(h, &other) && is_signed_in(h, &mine));
    ck_assert_uint_eq(p.revoked_count, 0);
    pool_fails(&p, "RevokeToken", POOL_BREAKS, 100);
    ck_assert_int_eq(sign_out(&p, &mine, mine.refresh_token, false), CC_OK);
    ck_assert(!is_signed_in(h, &mine));
    pool_close(&p);
}
END_TEST

/* --- sign-out everywhere ---------------------------------------------------------------------- */

static void expect_both_out(struct fake_pool *p, struct cc_tokens *mine, struct cc_tokens *other)
{
    struct house *h = &p->scene.house;

    ck_assert(!is_signed_in(h, mine) && !is_signed_in(h, other));
    ck_assert_int_eq(refresh(h, other->refresh_token, other), CC_UNAUTHORIZED);
}

START_TEST(a_sign_out_everywhere_ends_all_here_and_at_the_pool_by_the_persons_own_token)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens mine, other, next;

    open_with_two(&p, &mine, &other);
    ck_assert_int_eq(sign_out(&p, &mine, CC_STR_ABSENT, true), CC_OK);
    ck_assert(p.users[0].is_over);
    expect_both_out(&p, &mine, &other);
    next = sign_in(h, ADA);
    do_jobs(&p); /* there is none that would end it */
    ck_assert_int_eq(refresh(h, next.refresh_token, &next), CC_OK);
    ck_assert_uint_eq(pool_calls(&p, "GlobalSignOut"), 1);
    ck_assert_uint_eq(pool_calls(&p, "AdminUserGlobalSignOut"), 0);
    pool_close(&p);
}
END_TEST

static const enum pool_fault absences[] = { POOL_WORKS, POOL_THROTTLES, POOL_BREAKS, POOL_LOSES };

/* The first: it is there, and takes the token no more. */
START_TEST(what_the_pool_did_not_end_by_the_token_a_job_ends_and_here_all_is_over_at_once)
{
    struct fake_pool p;
    struct cc_tokens mine, other;

    open_with_two(&p, &mine, &other);
    p.refuses_tokens = absences[_i] == POOL_WORKS;
    pool_fails(&p, "GlobalSignOut", absences[_i], 100);
    ck_assert_int_eq(sign_out(&p, &mine, CC_STR_ABSENT, true), CC_OK);
    expect_both_out(&p, &mine, &other);
    p.users[0].is_over = false;
    do_jobs(&p);
    ck_assert(p.users[0].is_over);
    ck_assert_uint_eq(pool_calls(&p, "AdminUserGlobalSignOut"), 1);
    pool_close(&p);
}
END_TEST

static struct cc_tokens racing;

static void end_everywhere_meanwhile(struct fake_pool *p)
{
    pthread_mutex_unlock(&p->mutex); /* the pool is asked once more */
    ck_assert_int_eq(sign_out(p, &racing, CC_STR_ABSENT, true), CC_OK);
    pthread_mutex_lock(&p->mutex);
}

/* What the pool gave to it has just ended. */
START_TEST(a_sign_in_that_was_judged_before_a_sign_out_everywhere_opens_no_session)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens late;

    racing = open_signed_in(&p);
    p.in_between = end_everywhere_meanwhile;
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &late), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 1);
    pool_close(&p);
}
END_TEST

START_TEST(what_ended_at_the_pool_and_could_not_be_committed_is_not_told_as_nothing_done)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_store_ops ops;
    struct cc_tokens mine, other;

    open_with_two(&p, &mine, &other);
    refuse_writes(h, &ops, 0);
    ck_assert_int_eq(sign_out(&p, &mine, CC_STR_ABSENT, true), CC_OUTCOME_UNKNOWN);
    h->store->ops = real_ops;
    ck_assert_int_eq(sign_out(&p, &mine, CC_STR_ABSENT, true), CC_OK);
    expect_both_out(&p, &mine, &other);
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito_session");
    TCase *tcase = tcase_create("identity/cognito_session");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, a_refresh_keeps_the_session_and_its_token_where_the_pool_does_not_rotate, 0, 2);
    tcase_add_loop_test(
        tcase, a_refresh_token_that_the_pool_has_turned_is_given_whatever_the_store_says, 0, 2);
    tcase_add_test(tcase, what_the_pool_revoked_is_over_here_too_and_what_it_could_not_say_is_not);
    tcase_add_test(tcase,
                   a_refresh_without_a_session_is_refused_before_the_pool_is_asked_and_revoked);
    tcase_add_test(tcase, of_a_refresh_token_that_is_not_ours_the_pool_hears_nothing);
    tcase_add_test(tcase, what_is_put_together_from_two_refresh_tokens_is_none);
    tcase_add_test(tcase, a_sign_out_revokes_the_token_of_its_own_session_and_no_other);
    tcase_add_test(tcase,
                   a_sign_out_everywhere_ends_all_here_and_at_the_pool_by_the_persons_own_token);
    tcase_add_loop_test(
        tcase, what_the_pool_did_not_end_by_the_token_a_job_ends_and_here_all_is_over_at_once, 0,
        CC_COUNT(absences));
    tcase_add_test(tcase, a_sign_in_that_was_judged_before_a_sign_out_everywhere_opens_no_session);
    tcase_add_test(tcase,
                   what_ended_at_the_pool_and_could_not_be_committed_is_not_told_as_nothing_done);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
