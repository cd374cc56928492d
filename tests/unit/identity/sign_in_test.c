#include "house.h"

#include "identity/throttle.h"

static void make_signed_in(struct house *h, struct cc_tokens *tokens)
{
    make_account(h, ADA);
    *tokens = sign_in(h, ADA);
}

START_TEST(a_wrong_password_and_an_unknown_number_are_told_in_the_same_words)
{
    struct house h;
    struct cc_err known, unknown;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    known = h.err;
    ck_assert_int_eq(guess(&h, NOBODY), CC_WRONG_CREDENTIALS);
    unknown = h.err;
    ck_assert_str_eq(known.detail, unknown.detail);
    ck_assert_int_eq(known.retry_after_s, unknown.retry_after_s);
    house_close(&h);
}
END_TEST

START_TEST(a_wrong_password_and_an_unknown_number_write_the_same_items)
{
    struct house h;
    int64_t before, known;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(guess(&h, BOB), CC_WRONG_CREDENTIALS); /* what the address alone costs */
    before = rows(&h);
    ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    known = rows(&h) - before;
    before = rows(&h);
    ck_assert_int_eq(guess(&h, NOBODY), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(rows(&h) - before, known);
    house_close(&h);
}
END_TEST

START_TEST(a_misspelt_number_is_refused_with_the_reason)
{
    struct house h;

    house_open(&h);
    ck_assert_int_eq(guess(&h, CC_STR("015112345678")), CC_INVALID);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/phone_number");
    ck_assert_ptr_nonnull(strstr(h.err.invalid[0].detail, "+49"));
    house_close(&h);
}
END_TEST

static void wrong_ones_slow_down(struct house *h, struct cc_str who)
{
    static const int64_t delays[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 };

    for (size_t i = 0; i < CC_COUNT(delays); i++) {
        ck_assert_int_eq(guess(h, who), CC_WRONG_CREDENTIALS);
        ck_assert_int_eq(guess(h, who), CC_TOO_MANY);
        ck_assert_int_eq(h->err.retry_after_s, delays[i]);
        turn(h, delays[i] - 1);
        ck_assert_int_eq(guess(h, who), CC_TOO_MANY);
        turn(h, 1);
    }
}

START_TEST(wrong_passwords_slow_a_number_down_from_that_address)
{
    struct house h;

    house_open(&h);
    make_account(&h, ADA);
    wrong_ones_slow_down(&h, ADA);
    house_close(&h);
}
END_TEST

START_TEST(they_slow_an_unknown_number_down_just_so)
{
    struct house h;

    house_open(&h);
    wrong_ones_slow_down(&h, NOBODY);
    house_close(&h);
}
END_TEST

START_TEST(the_right_password_too_waits_its_turn_and_then_ends_the_slowness)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
        ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_TOO_MANY);
        turn(&h, 4);
    }
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(guess(&h, ADA), CC_TOO_MANY);
    ck_assert_int_eq(h.err.retry_after_s, 1);
    house_close(&h);
}
END_TEST

START_TEST(wrong_passwords_from_one_address_do_not_slow_another_one_down)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    h.address = AWAY;
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

/* A hundred strangers, each from an address of his own. */
static void strangers_guess(struct house *h, struct cc_str who)
{
    for (int i = 0; i < 100; i++) {
        h->address = cc_str_format(h->arena, "203.0.113.%d", i);
        ck_assert_int_eq(guess(h, who), CC_WRONG_CREDENTIALS);
    }
    h->address = AWAY;
    ck_assert_int_eq(guess(h, who), CC_TOO_MANY);
    ck_assert_int_gt(h->err.retry_after_s, 23 * 3600);
}

START_TEST(a_hundred_wrong_ones_a_day_close_a_number_to_new_addresses)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    strangers_guess(&h, ADA);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_TOO_MANY);
    turn(&h, 24 * 3600);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(they_close_an_unknown_number_just_so)
{
    struct house h;

    house_open(&h);
    strangers_guess(&h, NOBODY);
    house_close(&h);
}
END_TEST

START_TEST(many_wrong_ones_an_hour_close_an_address_to_all_numbers)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_signed_in(&h, &tokens);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(guess(&h, cc_str_format(h.arena, "+4916%08d", i)), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(guess(&h, NOBODY), CC_TOO_MANY);
    ck_assert_int_gt(h.err.retry_after_s, 3500);
    /* who was here before and who was not: nobody is told which of them it is */
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_TOO_MANY);
    h.address = AWAY;
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    h.address = HOME;
    turn(&h, 3600);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(strangers_cannot_lock_out_who_signed_in_from_his_address_before)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_signed_in(&h, &tokens);
    strangers_guess(&h, ADA);
    h.address = HOME;
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(an_address_that_was_not_used_for_half_a_year_is_a_strangers_again)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_signed_in(&h, &tokens);
    turn(&h, 180 * 24 * 3600);
    strangers_guess(&h, ADA);
    h.address = HOME;
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_TOO_MANY);
    house_close(&h);
}
END_TEST

START_TEST(a_known_address_still_slows_down_by_its_own_wrong_ones)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_signed_in(&h, &tokens);
    strangers_guess(&h, ADA);
    h.address = HOME;
    ck_assert_int_eq(guess(&h, ADA), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(guess(&h, ADA), CC_TOO_MANY);
    ck_assert_int_eq(h.err.retry_after_s, 1);
    house_close(&h);
}
END_TEST

START_TEST(nobody_was_given_a_challenge_so_each_answer_is_a_wrong_code)
{
    struct house h;
    struct cc_signed_in out;
    struct cc_answer in = { CC_STR("0123456789abcdef"), CC_STR("totp"), CC_STR("123456"), HOME };

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(cc_identity_answer(h.identity, h.arena, &in, &out, anew(&h)), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

static enum cc_code race_guess(struct house *h, struct cc_arena *arena, void *arg,
                               struct cc_str *result)
{
    struct cc_sign_in in = { { .phone_number = ADA }, *(struct cc_str *)arg, CC_STR_ABSENT, HOME };
    struct cc_signed_in out;
    struct cc_err err = { 0 };

    (void)result;
    return cc_identity_sign_in(h->identity, arena, &in, &out, &err);
}

/* Else a guesser would send a thousand at once and learn a thousand answers before any counts. */
START_TEST(of_64_wrong_guesses_at_the_same_moment_one_is_answered)
{
    struct house h;
    struct racer racers[RACERS];
    struct cc_str wrong = CC_STR("not the password");

    house_open(&h);
    make_account(&h, ADA);
    race(&h, racers, race_guess, &wrong);
    ck_assert_uint_eq(race_count(racers, CC_WRONG_CREDENTIALS), 1);
    ck_assert_uint_eq(race_count(racers, CC_TOO_MANY), RACERS - 1);
    house_close(&h);
}
END_TEST

struct trial {
    struct cc_attempt attempt;
    int64_t retry_after_s;
};

static enum cc_code look(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct trial *trial = arg;

    return cc_throttle_look(txn, &trial->attempt, &trial->retry_after_s, err);
}

static enum cc_code wrong(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct trial *trial = arg;

    return cc_throttle_wrong(txn, &trial->attempt, &trial->retry_after_s, err);
}

static int64_t with(struct house *h, cc_txn_fn *fn, struct trial *trial)
{
    ck_assert_int_eq(cc_store_run(h->store, h->arena, fn, trial, anew(h)), CC_OK);
    return trial->retry_after_s;
}

/* Its hash took so long that the delay of the quicker one is over. */
START_TEST(a_guess_that_began_before_another_was_found_wrong_is_not_answered)
{
    struct house h;
    struct trial quick = {
        { .place = CC_STR("place"), .account = CC_STR("a"), .wrong_day = 9, .delay_max_s = 900 }, -1
    };
    struct trial slow = quick;

    house_open(&h);
    ck_assert_int_eq(with(&h, look, &quick), 0);
    ck_assert_int_eq(with(&h, look, &slow), 0);
    ck_assert_int_eq(with(&h, wrong, &quick), 0);
    turn(&h, 2);
    ck_assert_int_eq(with(&h, wrong, &slow), 1);
    ck_assert_int_eq(with(&h, look, &slow), 0);
    ck_assert_int_eq(with(&h, wrong, &slow), 0);
    house_close(&h);
}
END_TEST

/* A store in whose way something comes, once, before the next transaction. */
struct meddler {
    struct cc_store base;
    struct cc_store *real;
    cc_txn_fn *meddle;
    void *arg;
};

static enum cc_code meddler_run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn,
                                void *arg, struct cc_err *err)
{
    struct meddler *self = (struct meddler *)store;
    cc_txn_fn *meddle = self->meddle;

    self->meddle = NULL;
    if (meddle)
        ck_assert_int_eq(cc_store_run(self->real, arena, meddle, self->arg, err), CC_OK);
    return cc_store_run(self->real, arena, fn, arg, err);
}

static enum cc_code meddler_view(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn,
                                 void *arg, struct cc_err *err)
{
    return cc_store_view(((struct meddler *)store)->real, arena, fn, arg, err);
}

static const struct cc_store_ops meddler_ops = { .run = meddler_run, .view = meddler_view };

/* As a reset does; nothing that could be verified. */
static enum cc_code replace_hash(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_credential other = { .hash = CC_STR(
                                             "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$"
                                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA") };

    return cc_credential_put(txn, *(struct cc_str *)arg, &other, err);
}

START_TEST(a_password_that_was_replaced_while_it_was_verified_opens_no_session)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_sessions sessions;
    struct cc_str user;
    struct meddler meddler = { { &meddler_ops }, NULL, replace_hash, &user };

    house_open(&h);
    make_account(&h, ADA);
    tokens = sign_in(&h, ADA);
    user = whose(&h, tokens.access_token).user;
    cc_identity_close(h.identity);
    meddler.real = h.store;
    h.store = &meddler.base;
    house_open_identity(&h);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(cc_identity_sessions(h.identity, h.arena, user, &sessions, anew(&h)), CC_OK);
    ck_assert_uint_eq(sessions.count, 1);
    h.store = meddler.real;
    house_close(&h);
}
END_TEST

START_TEST(of_64_right_ones_at_the_same_moment_all_sign_in_and_50_sessions_stay)
{
    struct house h;
    struct racer racers[RACERS];
    struct cc_str right = PASSWORD;
    struct cc_sessions sessions;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    race(&h, racers, race_guess, &right);
    ck_assert_uint_eq(race_count(racers, CC_OK), RACERS);
    tokens = sign_in(&h, ADA);
    ck_assert_int_eq(cc_identity_sessions(h.identity, h.arena, whose(&h, tokens.access_token).user,
                                          &sessions, anew(&h)),
                     CC_OK);
    ck_assert_uint_eq(sessions.count, 50);
    house_close(&h);
}
END_TEST

START_TEST(too_many_who_wait_for_a_hash_are_sent_away)
{
    struct house h;
    struct racer racers[RACERS];
    struct cc_str right = PASSWORD;

    house_open(&h);
    make_account(&h, ADA);
    cc_identity_close(h.identity);
    h.config.argon2_memory_kib = 16384;
    h.config.argon2_queue = 1;
    house_open_identity(&h);
    race(&h, racers, race_guess, &right);
    ck_assert_uint_ge(race_count(racers, CC_OK), 1);
    ck_assert_uint_ge(race_count(racers, CC_TOO_MANY), 1);
    ck_assert_uint_eq(race_count(racers, CC_OK) + race_count(racers, CC_TOO_MANY), RACERS);
    house_close(&h);
}
END_TEST

START_TEST(the_same_letters_from_another_keyboard_are_the_same_password)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_sign_up in = { CC_STR("Ada"),
                             { .phone_number = ADA },
                             CC_STR("stra\xc3\x9f"
                                    "en-\xc3\xbc"
                                    "berall"),
                             HOME };
    struct cc_pending pending;

    house_open(&h);
    ck_assert_int_eq(cc_identity_sign_up(h.identity, h.arena, &in, &pending, anew(&h)), CC_OK);
    send_codes(&h);
    ck_assert_int_eq(confirm(&h, pending.id, last_notice(&h)->code), CC_OK);
    ck_assert_int_eq(sign_in_with(&h, ADA,
                                  CC_STR("stra\xc3\x9f"
                                         "en-u\xcc\x88"
                                         "berall"),
                                  &tokens),
                     CC_OK);
    house_close(&h);
}
END_TEST

static int64_t stored_memory(struct house *h)
{
    struct cc_str wal;
    const char *at, *last = NULL;

    ck_assert_int_eq(
        cc_file_read(h->arena, house_path(h, "test.db-wal"), (size_t)64 << 20, &wal, anew(h)),
        CC_OK);
    for (at = wal.at; (at = memmem(at, wal.len - (size_t)(at - wal.at), "$argon2id$v=19$m=", 17));
         at++)
        last = at;
    ck_assert_ptr_nonnull(last);
    return strtoll(last + 17, NULL, 10);
}

START_TEST(a_hash_made_with_older_parameters_is_made_anew_at_sign_in)
{
    struct house h;
    struct cc_tokens tokens;

    house_open(&h);
    make_account(&h, ADA);
    ck_assert_int_eq(stored_memory(&h), 8);
    cc_identity_close(h.identity);
    h.config.argon2_memory_kib = 16;
    house_open_identity(&h);
    tokens = sign_in(&h, ADA);
    ck_assert_int_eq(stored_memory(&h), 16);
    tokens = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &tokens));
    house_close(&h);
}
END_TEST

START_TEST(addresses_are_counted_by_what_one_subscriber_has)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "2001:db8::1", "2001:db8::ffff:ffff", true },
        { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
        { "2001:DB8::1", "2001:db8:0:0::2", true },
        { "", "garbage", true },
        { "192.0.2.1", "garbage", false },
    };
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (size_t i = 0; i < CC_COUNT(pairs); i++) {
        struct cc_str a = cc_throttle_address(arena, cc_str_from(pairs[i].a));
        struct cc_str b = cc_throttle_address(arena, cc_str_from(pairs[i].b));

        ck_assert_msg(cc_str_eq(a, b) == pairs[i].same, "%s and %s", pairs[i].a, pairs[i].b);
    }
    cc_check_str(cc_throttle_address(arena, CC_STR_ABSENT), CC_STR("-"));
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("identity/sign_in", a_wrong_password_and_an_unknown_number_are_told_in_the_same_words,
              many_wrong_ones_an_hour_close_an_address_to_all_numbers,
              a_wrong_password_and_an_unknown_number_write_the_same_items,
              a_misspelt_number_is_refused_with_the_reason,
              wrong_passwords_slow_a_number_down_from_that_address,
              they_slow_an_unknown_number_down_just_so,
              the_right_password_too_waits_its_turn_and_then_ends_the_slowness,
              wrong_passwords_from_one_address_do_not_slow_another_one_down,
              a_hundred_wrong_ones_a_day_close_a_number_to_new_addresses,
              they_close_an_unknown_number_just_so,
              strangers_cannot_lock_out_who_signed_in_from_his_address_before,
              an_address_that_was_not_used_for_half_a_year_is_a_strangers_again,
              a_known_address_still_slows_down_by_its_own_wrong_ones,
              nobody_was_given_a_challenge_so_each_answer_is_a_wrong_code,
              of_64_wrong_guesses_at_the_same_moment_one_is_answered,
              a_guess_that_began_before_another_was_found_wrong_is_not_answered,
              a_password_that_was_replaced_while_it_was_verified_opens_no_session,
              of_64_right_ones_at_the_same_moment_all_sign_in_and_50_sessions_stay,
              too_many_who_wait_for_a_hash_are_sent_away,
              the_same_letters_from_another_keyboard_are_the_same_password,
              a_hash_made_with_older_parameters_is_made_anew_at_sign_in,
              addresses_are_counted_by_what_one_subscriber_has)
