#include "house.h"

START_TEST(sign_up_and_confirmation_make_an_account_that_can_sign_in)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    turn(&h, 2);
    send_codes(&h);
    cc_check_str(last_notice(&h)->to, ADA);
    cc_check_str(last_notice(&h)->channel, CC_STR("sms"));
    ck_assert_uint_eq(last_notice(&h)->code.len, 6);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    tokens = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &tokens));
    house_close(&h);
}
END_TEST

START_TEST(sign_up_tells_when_to_ask_for_another_code_and_how_long_it_lasts)
{
    struct house h;
    struct cc_sign_up in = { CC_STR("Ada"), { .phone_number = ADA }, PASSWORD, HOME };
    struct cc_pending pending;

    house_open(&h);
    ck_assert_int_eq(cc_identity_sign_up(h.identity, h.arena, &in, &pending, &h.err), CC_OK);
    ck_assert_int_eq(pending.resend_after_s, 30);
    ck_assert_int_eq(pending.expires_in_s, 600);
    house_close(&h);
}
END_TEST

START_TEST(an_e_mail_address_is_one_whatever_its_case)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, CC_STR("Ada@Example.ORG"));
    cc_check_str(last_notice(&h)->to, CC_STR("ada@example.org"));
    cc_check_str(last_notice(&h)->channel, CC_STR("email"));
    ck_assert_int_eq(sign_in_with(&h, CC_STR("aDA@example.org"), PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(all_wrong_fields_are_named_at_once)
{
    struct house h;
    struct cc_sign_up in = {
        CC_STR(" "), { .phone_number = CC_STR("0151 123") }, CC_STR("short"), HOME
    };
    struct cc_pending pending;

    house_open(&h);
    ck_assert_int_eq(cc_identity_sign_up(h.identity, h.arena, &in, &pending, &h.err), CC_INVALID);
    ck_assert_uint_eq(h.err.invalid_count, 3);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/name");
    ck_assert_str_eq(h.err.invalid[1].pointer, "/phone_number");
    ck_assert_str_eq(h.err.invalid[2].pointer, "/password");
    house_close(&h);
}
END_TEST

START_TEST(neither_number_nor_address_and_both_are_refused)
{
    struct house h;
    struct cc_sign_up in = { CC_STR("Ada"), { CC_STR_ABSENT, CC_STR_ABSENT }, PASSWORD, HOME };
    struct cc_pending pending;

    house_open(&h);
    ck_assert_int_eq(cc_identity_sign_up(h.identity, h.arena, &in, &pending, anew(&h)), CC_INVALID);
    in.login = (struct cc_login){ ADA, CC_STR("ada@example.org") };
    ck_assert_int_eq(cc_identity_sign_up(h.identity, h.arena, &in, &pending, anew(&h)), CC_INVALID);
    house_close(&h);
}
END_TEST

START_TEST(a_wrong_code_is_refused_and_the_right_one_still_good)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(after_five_wrong_codes_the_right_one_is_refused_too)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(a_code_is_good_once)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(a_code_is_good_for_ten_minutes)
{
    struct house h;
    struct cc_str early, late;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &early), CC_OK);
    send_codes(&h);
    turn(&h, 599);
    ck_assert_int_eq(confirm(&h, early, last_notice(&h)->code), CC_OK);
    ck_assert_int_eq(sign_up(&h, BOB, &late), CC_OK);
    send_codes(&h);
    turn(&h, 600);
    ck_assert_int_eq(confirm(&h, late, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(wrong_expired_used_and_absent_codes_are_told_in_the_same_words)
{
    struct house h;
    struct cc_err wrong, absent, odd;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    wrong = h.err;
    ck_assert_int_eq(confirm(&h, CC_STR("no-such-id"), CC_STR("123456")), CC_WRONG_CODE);
    absent = h.err;
    ck_assert_int_eq(confirm(&h, CC_STR("a#b/../c"), CC_STR("123456")), CC_WRONG_CODE);
    odd = h.err;
    ck_assert_str_eq(wrong.detail, absent.detail);
    ck_assert_str_eq(wrong.detail, odd.detail);
    house_close(&h);
}
END_TEST

START_TEST(a_strangers_pending_account_does_not_take_the_owners_code)
{
    struct house h;
    struct cc_str mine, his;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &his), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &mine), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, his, last_notice(&h)->code), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, mine, last_notice(&h)->code), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_right_code_after_another_pending_account_was_quicker_is_a_conflict)
{
    struct house h;
    struct cc_str first, second, code;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &first), CC_OK);
    send_codes(&h);
    code = last_notice(&h)->code;
    ck_assert_int_eq(sign_up(&h, ADA, &second), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, second, last_notice(&h)->code), CC_OK);
    ck_assert_int_eq(confirm(&h, first, CC_STR("000000")), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, first, code), CC_CONFLICT);
    house_close(&h);
}
END_TEST

START_TEST(a_taken_number_is_answered_like_a_free_one_and_its_owner_is_told_without_a_code)
{
    struct house h;
    struct cc_str id;
    size_t before;

    house_open(&h);
    make_account(&h, ADA);
    before = h.sender.count;
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, before + 1);
    cc_check_str(last_notice(&h)->to, ADA);
    ck_assert_ptr_null(last_notice(&h)->code.at);
    house_close(&h);
}
END_TEST

START_TEST(not_even_the_code_that_would_fit_confirms_a_taken_number)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, BOB, &id), CC_OK);
    ck_assert_int_eq(confirm(&h, id, code_that_fits(&h, CC_PROOF_SIGN_UP, id)), CC_OK);
    ck_assert_int_eq(sign_up(&h, BOB, &id), CC_OK);
    ck_assert_int_eq(confirm(&h, id, code_that_fits(&h, CC_PROOF_SIGN_UP, id)), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(sign_up_writes_the_same_items_for_a_taken_and_a_free_number)
{
    struct house h;
    struct cc_str id;
    int64_t before, taken, free;

    house_open(&h);
    make_account(&h, ADA);
    turn(&h, 25 * 3600);
    before = rows(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    taken = rows(&h) - before;
    before = rows(&h);
    ck_assert_int_eq(sign_up(&h, BOB, &id), CC_OK);
    free = rows(&h) - before;
    ck_assert_int_eq(taken + 1, free); /* the counter of ADA's first day is written again */
    house_close(&h);
}
END_TEST

START_TEST(another_code_is_sent_after_30_60_120_and_300_seconds_and_is_the_same)
{
    static const int64_t steps[] = { 30, 60, 120, 300 };
    struct house h;
    struct cc_str id, code;
    int64_t after_s;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    code = last_notice(&h)->code;
    for (size_t i = 0; i < CC_COUNT(steps); i++) {
        turn(&h, steps[i] - 1);
        ck_assert_int_eq(resend(&h, id, &after_s), CC_TOO_MANY);
        ck_assert_int_eq(h.err.retry_after_s, 1);
        turn(&h, 1);
        ck_assert_int_eq(resend(&h, id, &after_s), CC_OK);
        ck_assert_int_eq(after_s, steps[i + 1 < CC_COUNT(steps) ? i + 1 : i]);
        send_codes(&h);
        ck_assert_uint_eq(h.sender.count, i + 2);
        cc_check_str(last_notice(&h)->code, code);
    }
    ck_assert_int_eq(confirm(&h, id, code), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_resent_code_lasts_no_longer_than_the_first)
{
    struct house h;
    struct cc_str id;
    int64_t after_s;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    turn(&h, 590);
    ck_assert_int_eq(resend(&h, id, &after_s), CC_OK);
    send_codes(&h);
    turn(&h, 10);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(a_resent_code_has_no_fresh_tries)
{
    struct house h;
    struct cc_str id;
    int64_t after_s;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    turn(&h, 30);
    ck_assert_int_eq(resend(&h, id, &after_s), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

START_TEST(resending_for_an_unknown_id_is_answered_alike_and_sends_nothing)
{
    struct house h;
    int64_t after_s = 0;

    house_open(&h);
    ck_assert_int_eq(resend(&h, CC_STR("unknown"), &after_s), CC_OK);
    ck_assert_int_eq(after_s, 30);
    ck_assert_int_eq(resend(&h, CC_STR("not#an/id"), &after_s), CC_OK);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 0);
    house_close(&h);
}
END_TEST

START_TEST(the_channel_of_a_resend_must_fit)
{
    struct house h;
    struct cc_resend in = { CC_STR_ABSENT, CC_STR("email"), HOME };
    int64_t after_s;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &in.id), CC_OK);
    turn(&h, 30);
    ck_assert_int_eq(cc_identity_resend(h.identity, h.arena, &in, &after_s, &h.err), CC_INVALID);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/channel");
    in.channel = CC_STR("pigeon");
    ck_assert_int_eq(cc_identity_resend(h.identity, h.arena, &in, &after_s, anew(&h)), CC_INVALID);
    in.channel = CC_STR("sms");
    ck_assert_int_eq(cc_identity_resend(h.identity, h.arena, &in, &after_s, anew(&h)), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(the_owner_of_a_taken_number_is_told_once_however_often_a_stranger_asks)
{
    struct house h;
    struct cc_str id;
    int64_t after_s;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    turn(&h, 30);
    ck_assert_int_eq(resend(&h, id, &after_s), CC_OK);
    ck_assert_int_eq(after_s, 60);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 2);
    house_close(&h);
}
END_TEST

START_TEST(a_number_signs_up_five_times_a_day)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_TOO_MANY);
    ck_assert_int_eq(h.err.retry_after_s, 24 * 3600);
    ck_assert_int_eq(sign_up(&h, BOB, &id), CC_OK);
    turn(&h, 24 * 3600);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(an_address_signs_up_twenty_times_an_hour)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(sign_up(&h, cc_str_format(h.arena, "+49151123000%02d", i), &id), CC_OK);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_TOO_MANY);
    h.address = AWAY;
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    h.address = HOME;
    turn(&h, 3600);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(neighbours_in_one_ipv6_network_count_together)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    for (int i = 0; i < 20; i++) {
        h.address = cc_str_format(h.arena, "2001:db8:1:2:%x::%x", i, i);
        ck_assert_int_eq(sign_up(&h, cc_str_format(h.arena, "+49151123000%02d", i), &id), CC_OK);
    }
    h.address = CC_STR("2001:db8:1:2:ffff::1");
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_TOO_MANY);
    h.address = CC_STR("2001:db8:1:3::1");
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

static bool file_holds(struct house *h, const char *name, struct cc_str needle)
{
    struct cc_str bytes;
    struct cc_err err = { 0 };

    if (cc_file_read(h->arena, house_path(h, name), (size_t)64 << 20, &bytes, &err) != CC_OK)
        return false;
    return memmem(bytes.at, bytes.len, needle.at, needle.len) != NULL;
}

START_TEST(the_store_holds_neither_code_nor_password_nor_network_address)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, id, wrong_code(&h)), CC_WRONG_CODE);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    ck_assert(file_holds(&h, "test.db-wal", id)); /* the right file is looked at */
    ck_assert(!file_holds(&h, "test.db-wal", last_notice(&h)->code));
    ck_assert(!file_holds(&h, "test.db-wal", PASSWORD));
    ck_assert(!file_holds(&h, "test.db-wal", HOME));
    house_close(&h);
}
END_TEST

START_TEST(a_sender_that_fails_is_tried_again_with_the_same_code)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    h.sender.verdict = CC_UNAVAILABLE;
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 0);
    h.sender.verdict = CC_OK;
    turn(&h, 61);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 1);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_code_that_was_used_or_has_expired_is_not_sent)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    turn(&h, 601);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 0);
    house_close(&h);
}
END_TEST

struct attempt {
    struct cc_str id, code;
};

static enum cc_code race_confirm(struct house *h, struct cc_arena *arena, void *arg,
                                 struct cc_str *result)
{
    const struct attempt *attempt = arg;
    struct cc_confirm in = { attempt->id, attempt->code };
    struct cc_err err = { 0 };

    (void)result;
    return cc_identity_confirm(h->identity, arena, &in, &err);
}

START_TEST(of_64_that_race_one_code_one_is_accepted)
{
    struct house h;
    struct racer racers[RACERS];
    struct attempt attempt;
    struct cc_tokens tokens;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &attempt.id), CC_OK);
    send_codes(&h);
    attempt.code = last_notice(&h)->code;
    race(&h, racers, race_confirm, &attempt);
    ck_assert_uint_eq(race_count(racers, CC_OK), 1);
    ck_assert_uint_eq(race_count(racers, CC_WRONG_CODE), RACERS - 1);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(of_64_guesses_at_the_same_moment_five_are_judged)
{
    struct house h;
    struct racer racers[RACERS];
    struct attempt attempt;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &attempt.id), CC_OK);
    send_codes(&h);
    attempt.code = wrong_code(&h);
    race(&h, racers, race_confirm, &attempt);
    ck_assert_uint_eq(race_count(racers, CC_WRONG_CODE), RACERS);
    ck_assert_int_eq(confirm(&h, attempt.id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/sign_up", sign_up_and_confirmation_make_an_account_that_can_sign_in,
              sign_up_tells_when_to_ask_for_another_code_and_how_long_it_lasts,
              an_e_mail_address_is_one_whatever_its_case, all_wrong_fields_are_named_at_once,
              neither_number_nor_address_and_both_are_refused,
              a_wrong_code_is_refused_and_the_right_one_still_good,
              after_five_wrong_codes_the_right_one_is_refused_too, a_code_is_good_once,
              a_code_is_good_for_ten_minutes,
              wrong_expired_used_and_absent_codes_are_told_in_the_same_words,
              a_strangers_pending_account_does_not_take_the_owners_code,
              a_right_code_after_another_pending_account_was_quicker_is_a_conflict,
              a_taken_number_is_answered_like_a_free_one_and_its_owner_is_told_without_a_code,
              not_even_the_code_that_would_fit_confirms_a_taken_number,
              sign_up_writes_the_same_items_for_a_taken_and_a_free_number,
              another_code_is_sent_after_30_60_120_and_300_seconds_and_is_the_same,
              a_resent_code_lasts_no_longer_than_the_first, a_resent_code_has_no_fresh_tries,
              resending_for_an_unknown_id_is_answered_alike_and_sends_nothing,
              the_channel_of_a_resend_must_fit,
              the_owner_of_a_taken_number_is_told_once_however_often_a_stranger_asks,
              a_number_signs_up_five_times_a_day, an_address_signs_up_twenty_times_an_hour,
              neighbours_in_one_ipv6_network_count_together,
              the_store_holds_neither_code_nor_password_nor_network_address,
              a_sender_that_fails_is_tried_again_with_the_same_code,
              a_code_that_was_used_or_has_expired_is_not_sent,
              of_64_that_race_one_code_one_is_accepted,
              of_64_guesses_at_the_same_moment_five_are_judged)
