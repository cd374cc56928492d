/* Accounts with a user pool: what is committed here and what is done there come to one, whatever
 * gets lost in between. */
#include "fake_pool.h"

#include "identity/account.h"
#include "identity/people.h"

#define NEW_PASSWORD CC_STR("another correct horse")

/* Does what is due, as the tick does. */
static void do_jobs(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_jobs jobs;

    do {
        ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
        for (size_t i = 0; i < jobs.count; i++) {
            const struct cc_job *job = &jobs.at[i];

            if (cc_str_eq(job->kind, CC_STR(CC_JOB_POOL)))
                ck_assert_int_eq(cc_identity_do_job(h->identity, h->arena, job, anew(h)), CC_OK);
            else
                ck_assert_int_eq(
                    cc_identity_send_code(h->identity, h->arena, job, &h->sender.base, anew(h)),
                    CC_OK);
            ck_assert_int_eq(cc_timer_done(h->store, h->arena, job, anew(h)), CC_OK);
        }
    } while (jobs.count > 0);
}

static struct cc_str new_account(struct fake_pool *p, struct cc_str who)
{
    struct house *h = &p->scene.house;
    struct cc_str id;

    ck_assert_msg(sign_up(h, who, &id) == CC_OK, "%s", h->err.cause);
    ck_assert_msg(confirm(h, id, POOL_CODE) == CC_OK, "%s", h->err.cause);
    return id;
}

static enum cc_code forgot(struct fake_pool *p, struct cc_str who, struct cc_str *id)
{
    struct house *h = &p->scene.house;
    struct cc_forgot in = { login_of(who), h->address };
    struct cc_pending pending = { .id = CC_STR_ABSENT };
    enum cc_code rc = cc_identity_forgot(h->identity, h->arena, &in, &pending, anew(h));

    *id = pending.id;
    return rc;
}

static enum cc_code reset(struct fake_pool *p, struct cc_str id, struct cc_str code)
{
    struct house *h = &p->scene.house;
    struct cc_reset in = { id, code, NEW_PASSWORD, h->address };

    return cc_identity_reset(h->identity, h->arena, &in, anew(h));
}

static enum cc_code sign_out(struct fake_pool *p, const struct cc_tokens *tokens,
                             struct cc_str refresh_token, bool everywhere)
{
    struct house *h = &p->scene.house;
    struct cc_sign_out in = { whose(h, tokens->access_token), tokens->access_token, refresh_token,
                              everywhere };

    return cc_identity_sign_out(h->identity, h->arena, &in, anew(h));
}

static enum cc_code change(struct fake_pool *p, const struct cc_tokens *tokens, struct cc_str old)
{
    struct house *h = &p->scene.house;
    struct cc_change_password in = { whose(h, tokens->access_token), tokens->access_token, old,
                                     NEW_PASSWORD };

    return cc_identity_change_password(h->identity, h->arena, &in, anew(h));
}

/* --- sign-up ---------------------------------------------------------------------------------- */

START_TEST(who_is_confirmed_at_the_pool_has_an_account_and_a_session_here)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_principal who;

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

/* --- sign-in ---------------------------------------------------------------------------------- */

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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    p.in_between = recover_meanwhile;
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 1); /* what the pool gave is not left behind */
    ck_assert_int_eq(sign_in_with(h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_uint_eq(p.revoked_count, 2);
    pool_close(&p);
}
END_TEST

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

/* --- a store that takes nothing for now ------------------------------------------------------- */

static const struct cc_store_ops *real_ops;
static int runs_left;

static enum cc_code refuse_to_run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn,
                                  void *arg, struct cc_err *err)
{
    if (runs_left-- > 0)
        return real_ops->run(store, arena, fn, arg, err);
    return cc_fail(err, CC_UNAVAILABLE, NULL, "the store was told to fail");
}

/* From the write after the next so many. */
static void refuse_writes(struct house *h, struct cc_store_ops *ops, int after)
{
    runs_left = after;
    real_ops = h->store->ops;
    *ops = *real_ops;
    ops->run = refuse_to_run;
    h->store->ops = ops;
}

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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    mine = sign_in(h, ADA);
    other = sign_in(h, ADA);
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

/* Ada, signed in twice. */
static void open_with_two(struct fake_pool *p, struct cc_tokens *mine, struct cc_tokens *other)
{
    pool_open(p, false);
    (void)new_account(p, ADA);
    *mine = sign_in(&p->scene.house, ADA);
    *other = sign_in(&p->scene.house, ADA);
}

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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    racing = sign_in(h, ADA);
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

/* --- new passwords ---------------------------------------------------------------------------- */

START_TEST(a_new_password_ends_every_session_here_and_at_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str id;

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    mine = sign_in(h, ADA);
    other = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    old = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    mine = sign_in(h, ADA);
    other = sign_in(h, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

static void no_job_is_left(struct fake_pool *p)
{
    struct house *h = &p->scene.house;
    struct cc_jobs jobs;

    turn(h, 61);
    ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 16, &jobs, anew(h)), CC_OK);
    ck_assert_uint_eq(jobs.count, 0);
}

/* Anybody can ask for a code of anybody's number and guess. */
START_TEST(what_the_pool_refuses_ends_no_session_later)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str known, unknown;

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

/* --- strangers ----------------------------------------------------------------------------------
 */

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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

    pool_open(&p, false);
    (void)new_account(&p, ADA);
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

/* --- the name --------------------------------------------------------------------------------- */

static enum cc_code take_name(struct fake_pool *p, const struct cc_tokens *tokens)
{
    struct house *h = &p->scene.house;
    struct cc_rename in = { whose(h, tokens->access_token), tokens->access_token,
                            CC_STR("Ada L.") };

    return cc_identity_rename(h->identity, h->arena, &in, anew(h));
}

START_TEST(a_new_name_is_told_to_the_pool_which_may_refuse_it_but_not_be_away)
{
    static const struct {
        enum pool_fault fault;
        enum cc_code code;
    } rows[] = { { POOL_THROTTLES, CC_UNAVAILABLE },
                 { POOL_BREAKS, CC_OUTCOME_UNKNOWN },
                 { POOL_LOSES, CC_OUTCOME_UNKNOWN },
                 { POOL_WORKS, CC_OK } };
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
    p.refuses_tokens = true;
    ck_assert_int_eq(take_name(&p, &tokens), CC_OK);
    ck_assert_int_eq(h->err.code, CC_OK);
    ck_assert_str_eq(p.users[0].said, "");
    p.refuses_tokens = false;
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        pool_fails(&p, "UpdateUserAttributes", rows[i].fault, 100);
        ck_assert_int_eq(take_name(&p, &tokens), rows[i].code);
    }
    ck_assert_str_eq(p.users[0].said, "Ada L.");
    pool_close(&p);
}
END_TEST

/* --- what an operator does -------------------------------------------------------------------- */

START_TEST(a_removed_account_is_gone_from_the_pool)
{
    struct fake_pool p;
    struct house *h = &p.scene.house;
    struct cc_tokens tokens;
    struct cc_str user;

    pool_open(&p, false);
    (void)new_account(&p, ADA);
    tokens = sign_in(h, ADA);
    user = whose(h, tokens.access_token).user;
    ck_assert_int_eq(cc_identity_remove_begin(h->identity, h->arena, user, anew(h)), CC_OK);
    pool_fails(&p, "AdminDeleteUser", POOL_BREAKS, 4);
    ck_assert_int_ne(cc_identity_remove_end(h->identity, h->arena, user, anew(h)), CC_OK);
    ck_assert_int_eq(cc_identity_remove_end(h->identity, h->arena, user, anew(h)), CC_OK);
    ck_assert_uint_eq(pool_people(&p), 0);
    (void)new_account(&p, ADA); /* the number is free */
    pool_close(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity/cognito");
    TCase *tcase = tcase_create("identity/cognito");

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
    tcase_add_test(tcase, a_pool_that_is_away_is_no_wrong_password);
    tcase_add_test(tcase, wrong_passwords_are_slowed_down_before_the_pool_is_asked);
    tcase_add_test(tcase, codes_of_sign_ins_are_as_many_a_day_as_the_budget_of_a_number);
    tcase_add_test(tcase,
                   a_challenge_tells_of_a_right_password_no_sooner_than_the_throttles_let_it);
    tcase_add_test(tcase, an_account_that_changed_while_the_pool_judged_opens_no_session);
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
    tcase_add_test(tcase, a_new_name_is_told_to_the_pool_which_may_refuse_it_but_not_be_away);
    tcase_add_test(tcase, a_removed_account_is_gone_from_the_pool);
    suite_add_tcase(suite, tcase);
    return cc_check_run_suite(suite);
}
