#include "house.h"

#define NEW_PASSWORD CC_STR("battery staple horse")

static enum cc_code forgot(struct house *h, struct cc_str who, struct cc_str *id)
{
    struct cc_forgot in = { login_of(who), h->address };
    struct cc_pending pending = { .id = CC_STR_ABSENT };
    enum cc_code rc = cc_identity_forgot(h->identity, h->arena, &in, &pending, anew(h));

    *id = pending.id;
    if (rc == CC_OK)
        ck_assert_int_eq(pending.resend_after_s, 30);
    return rc;
}

static enum cc_code reset(struct house *h, struct cc_str id, struct cc_str code,
                          struct cc_str password)
{
    struct cc_reset in = { id, code, password, h->address };

    return cc_identity_reset(h->identity, h->arena, &in, anew(h));
}

static enum cc_code change(struct house *h, const struct cc_tokens *tokens, struct cc_str old,
                           struct cc_str password)
{
    struct cc_change_password in = { whose(h, tokens->access_token), tokens->access_token, old,
                                     password };

    return cc_identity_change_password(h->identity, h->arena, &in, anew(h));
}

START_TEST(a_reset_sets_the_password_and_ends_every_session_at_once)
{
    struct house h;
    struct cc_tokens before[2], after;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    before[0] = sign_in(&h, ADA);
    before[1] = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &before[0]));
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_OK);
    ck_assert(!is_signed_in(&h, &before[0]));
    ck_assert(!is_signed_in(&h, &before[1]));
    ck_assert_int_eq(refresh(&h, before[0].refresh_token, &after), CC_UNAUTHORIZED);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &after), CC_WRONG_CREDENTIALS);
    turn(&h, 1);
    ck_assert_int_eq(sign_in_with(&h, ADA, NEW_PASSWORD, &after), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(an_unknown_number_is_answered_alike_and_gets_no_message)
{
    struct house h;
    struct cc_str known, unknown;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &known), CC_OK);
    ck_assert_int_eq(forgot(&h, NOBODY, &unknown), CC_OK);
    ck_assert_uint_eq(known.len, unknown.len);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 2);
    cc_check_str(last_notice(&h)->to, ADA);
    house_close(&h);
}
END_TEST

START_TEST(it_writes_the_same_items_for_a_known_and_an_unknown_number)
{
    struct house h;
    struct cc_str id;
    int64_t before, known;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, BOB, &id), CC_OK); /* the address's counter is there from now on */
    before = rows(&h);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    known = rows(&h) - before;
    before = rows(&h);
    ck_assert_int_eq(forgot(&h, NOBODY, &id), CC_OK);
    ck_assert_int_eq(rows(&h) - before, known);
    house_close(&h);
}
END_TEST

START_TEST(not_even_the_code_that_would_fit_recovers_a_number_that_nobody_has)
{
    struct house h;
    struct cc_str id, code;

    house_open(&h);
    ck_assert_int_eq(forgot(&h, NOBODY, &id), CC_OK);
    code = code_that_fits(&h, CC_PROOF_RECOVERY, id);
    ck_assert_int_eq(reset(&h, id, code, NEW_PASSWORD), CC_WRONG_CODE);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    code = code_that_fits(&h, CC_PROOF_RECOVERY, id);
    ck_assert_int_eq(reset(&h, id, code, NEW_PASSWORD), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(after_five_wrong_codes_a_recovery_is_over)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(reset(&h, id, wrong_code(&h), NEW_PASSWORD), CC_WRONG_CODE);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(a_recovery_is_good_once_and_for_ten_minutes)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_OK);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_WRONG_CODE);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    turn(&h, 600);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(a_new_password_that_is_refused_does_not_use_up_the_code)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, CC_STR("short")), CC_INVALID);
        ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, ADA), CC_INVALID);
    }
    ck_assert_str_eq(h.err.invalid[0].pointer, "/password");
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_stranger_can_neither_burn_my_tries_nor_replace_my_code)
{
    struct house h;
    struct cc_str mine, his, code;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &mine), CC_OK);
    send_codes(&h);
    code = last_notice(&h)->code;
    ck_assert_int_eq(forgot(&h, ADA, &his), CC_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(reset(&h, his, CC_STR("000000"), NEW_PASSWORD), CC_WRONG_CODE);
    ck_assert_int_eq(reset(&h, mine, code, NEW_PASSWORD), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(the_code_of_a_sign_up_is_no_code_of_a_recovery)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    make_account(&h, BOB);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_WRONG_CODE);
    ck_assert_int_eq(forgot(&h, BOB, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(strangers_use_up_a_numbers_recoveries_but_not_those_of_its_owners_address)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    (void)sign_in(&h, ADA);
    h.address = AWAY;
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_TOO_MANY);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(forgot(&h, NOBODY, &id), CC_OK);
    ck_assert_int_eq(forgot(&h, NOBODY, &id), CC_TOO_MANY);
    h.address = HOME;
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(an_address_asks_for_twenty_recoveries_an_hour)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(forgot(&h, cc_str_format(h.arena, "+49151123000%02d", i), &id), CC_OK);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_TOO_MANY);
    turn(&h, 3600);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_reset_opens_a_number_that_strangers_had_closed)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_str id;

    house_open(&h);
    make_account(&h, ADA);
    for (int i = 0; i < 100; i++) {
        h.address = cc_str_format(h.arena, "203.0.113.%d", i);
        ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    }
    h.address = AWAY;
    ck_assert_int_eq(guess(&h, ADA), CC_TOO_MANY);
    ck_assert_int_eq(forgot(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code, NEW_PASSWORD), CC_OK);
    ck_assert_int_eq(sign_in_with(&h, ADA, NEW_PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

struct attempt {
    struct cc_str id, code;
};

static enum cc_code race_reset(struct house *h, struct cc_arena *arena, void *arg,
                               struct cc_str *result)
{
    const struct attempt *attempt = arg;
    struct cc_reset in = { attempt->id, attempt->code, NEW_PASSWORD, HOME };
    struct cc_err err = { 0 };

    (void)result;
    return cc_identity_reset(h->identity, arena, &in, &err);
}

START_TEST(of_64_that_race_one_recovery_one_is_accepted)
{
    struct house h;
    struct racer racers[RACERS];
    struct attempt attempt;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(forgot(&h, ADA, &attempt.id), CC_OK);
    send_codes(&h);
    attempt.code = last_notice(&h)->code;
    race(&h, racers, race_reset, &attempt);
    ck_assert_uint_eq(race_count(racers, CC_OK), 1);
    ck_assert_uint_eq(race_count(racers, CC_WRONG_CODE), RACERS - 1);
    house_close(&h);
}
END_TEST

START_TEST(a_change_of_password_ends_the_other_sessions_and_keeps_this_one)
{
    struct house h;
    struct cc_tokens mine, other;

    house_open(&h);
    make_account(&h, ADA);
    mine = sign_in(&h, ADA);
    other = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &other));
    ck_assert_int_eq(change(&h, &mine, PASSWORD, NEW_PASSWORD), CC_OK);
    ck_assert(is_signed_in(&h, &mine));
    ck_assert(!is_signed_in(&h, &other));
    ck_assert_int_eq(refresh(&h, mine.refresh_token, &mine), CC_OK);
    ck_assert_int_eq(sign_in_with(&h, ADA, NEW_PASSWORD, &other), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_change_needs_the_old_password_and_wrong_ones_slow_it_down)
{
    struct house h;
    struct cc_tokens mine;

    house_open(&h);
    make_account(&h, ADA);
    mine = sign_in(&h, ADA);
    ck_assert_int_eq(change(&h, &mine, CC_STR("a wrong one"), NEW_PASSWORD), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(change(&h, &mine, PASSWORD, NEW_PASSWORD), CC_TOO_MANY);
    ck_assert_int_eq(h.err.retry_after_s, 1);
    turn(&h, 1);
    ck_assert_int_eq(change(&h, &mine, CC_STR("a wrong one"), NEW_PASSWORD), CC_WRONG_CREDENTIALS);
    turn(&h, 2);
    ck_assert_int_eq(change(&h, &mine, PASSWORD, NEW_PASSWORD), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_change_refuses_what_no_password_may_be)
{
    struct house h;
    struct cc_tokens mine;

    house_open(&h);
    make_account(&h, ADA);
    mine = sign_in(&h, ADA);
    ck_assert_int_eq(change(&h, &mine, PASSWORD, CC_STR("short")), CC_INVALID);
    ck_assert_int_eq(change(&h, &mine, PASSWORD, ADA), CC_INVALID);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/password");
    house_close(&h);
}
END_TEST

START_TEST(a_session_that_ended_changes_no_password)
{
    struct house h;
    struct cc_tokens mine, other;
    struct cc_change_password in;
    struct cc_sign_out out;

    house_open(&h);
    make_account(&h, ADA);
    mine = sign_in(&h, ADA);
    out = (struct cc_sign_out){ .who = whose(&h, mine.access_token) };
    ck_assert_int_eq(cc_identity_sign_out(h.identity, h.arena, &out, anew(&h)), CC_OK);
    in = (struct cc_change_password){ out.who, mine.access_token, PASSWORD, NEW_PASSWORD };
    ck_assert_int_eq(cc_identity_change_password(h.identity, h.arena, &in, anew(&h)),
                     CC_UNAUTHORIZED);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &other), CC_OK);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/recovery", a_reset_sets_the_password_and_ends_every_session_at_once,
              an_unknown_number_is_answered_alike_and_gets_no_message,
              it_writes_the_same_items_for_a_known_and_an_unknown_number,
              not_even_the_code_that_would_fit_recovers_a_number_that_nobody_has,
              after_five_wrong_codes_a_recovery_is_over,
              a_recovery_is_good_once_and_for_ten_minutes,
              a_new_password_that_is_refused_does_not_use_up_the_code,
              a_stranger_can_neither_burn_my_tries_nor_replace_my_code,
              the_code_of_a_sign_up_is_no_code_of_a_recovery,
              strangers_use_up_a_numbers_recoveries_but_not_those_of_its_owners_address,
              an_address_asks_for_twenty_recoveries_an_hour,
              a_reset_opens_a_number_that_strangers_had_closed,
              of_64_that_race_one_recovery_one_is_accepted,
              a_change_of_password_ends_the_other_sessions_and_keeps_this_one,
              a_change_needs_the_old_password_and_wrong_ones_slow_it_down,
              a_change_refuses_what_no_password_may_be, a_session_that_ended_changes_no_password)
