#include "house.h"

static enum cc_code sign_out(struct house *h, const struct cc_tokens *tokens)
{
    struct cc_sign_out in = { .who = whose(h, tokens->access_token) };

    return cc_identity_sign_out(h->identity, h->arena, &in, anew(h));
}

static enum cc_code sign_out_everywhere(struct house *h, struct cc_principal who)
{
    struct cc_sign_out in = { .who = who, .everywhere = true };

    return cc_identity_sign_out(h->identity, h->arena, &in, anew(h));
}

static struct cc_sessions sessions_of(struct house *h, const struct cc_tokens *tokens)
{
    struct cc_principal who = whose(h, tokens->access_token);
    struct cc_sessions sessions;

    ck_assert_int_eq(cc_identity_sessions(h->identity, h->arena, who.user, &sessions, anew(h)),
                     CC_OK);
    return sessions;
}

/* A house in which Ada is signed in. */
static struct cc_tokens open_with_ada(struct house *h)
{
    house_open(h);
    make_account(h, ADA);
    return sign_in(h, ADA);
}

/* The same, and she has refreshed once. */
static void open_refreshed(struct house *h, struct cc_tokens *first, struct cc_tokens *second)
{
    *first = open_with_ada(h);
    ck_assert_int_eq(refresh(h, first->refresh_token, second), CC_OK);
}

START_TEST(an_access_token_names_its_user_and_session)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_principal who;

    tokens = open_with_ada(&h);
    who = whose(&h, tokens.access_token);
    cc_check_str(who.session, tokens.session_id);
    ck_assert_uint_eq(who.user.len, 36);
    ck_assert_int_eq(tokens.expires_in_s, 900);
    house_close(&h);
}
END_TEST

START_TEST(an_access_token_is_good_until_it_expires_remembered_or_not)
{
    struct house h;
    struct cc_tokens tokens, fresh;

    tokens = open_with_ada(&h);
    fresh = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &tokens));
    turn(&h, 899);
    ck_assert(is_signed_in(&h, &tokens));
    turn(&h, 1);
    ck_assert(!is_signed_in(&h, &tokens));
    ck_assert(!is_signed_in(&h, &fresh));
    house_close(&h);
}
END_TEST

START_TEST(signing_out_ends_the_access_token_at_once_although_it_is_remembered)
{
    struct house h;
    struct cc_tokens tokens, other;

    tokens = open_with_ada(&h);
    other = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &tokens));
    ck_assert_int_eq(sign_out(&h, &tokens), CC_OK);
    ck_assert(!is_signed_in(&h, &tokens));
    ck_assert_int_eq(refresh(&h, tokens.refresh_token, &tokens), CC_UNAUTHORIZED);
    ck_assert(is_signed_in(&h, &other));
    house_close(&h);
}
END_TEST

START_TEST(signing_out_everywhere_ends_this_session_and_all_others_of_the_same_person)
{
    struct house h;
    struct cc_tokens tokens, other, bobs;
    struct cc_principal who;

    tokens = open_with_ada(&h);
    other = sign_in(&h, ADA);
    make_account(&h, BOB);
    bobs = sign_in(&h, BOB);
    who = whose(&h, tokens.access_token);
    ck_assert_int_eq(sign_out_everywhere(&h, who), CC_OK);
    ck_assert(!is_signed_in(&h, &tokens) && !is_signed_in(&h, &other));
    ck_assert_int_eq(refresh(&h, tokens.refresh_token, &tokens), CC_UNAUTHORIZED);
    ck_assert_int_eq(refresh(&h, other.refresh_token, &other), CC_UNAUTHORIZED);
    ck_assert_int_eq(sign_out_everywhere(&h, who), CC_OK);
    ck_assert(is_signed_in(&h, &bobs));
    other = sign_in(&h, ADA);
    ck_assert(is_signed_in(&h, &other));
    house_close(&h);
}
END_TEST

START_TEST(who_was_removed_is_signed_out_everywhere)
{
    struct house h;
    struct cc_tokens tokens = open_with_ada(&h);
    struct cc_principal who = whose(&h, tokens.access_token);

    ck_assert_int_eq(cc_identity_remove_begin(h.identity, h.arena, who.user, anew(&h)), CC_OK);
    ck_assert_int_eq(cc_identity_remove_end(h.identity, h.arena, who.user, anew(&h)), CC_OK);
    ck_assert_int_eq(sign_out_everywhere(&h, who), CC_OK);
    ck_assert_int_eq(h.err.code, CC_OK);
    house_close(&h);
}
END_TEST

/* As it is where each look at the store is a way to another machine and back. */
START_TEST(a_session_that_is_remembered_ends_when_its_memory_does)
{
    struct house h;
    struct cc_tokens tokens, other;

    tokens = open_with_ada(&h);
    other = sign_in(&h, ADA);
    cc_identity_close(h.identity);
    h.config.session_memory_s = 5;
    house_open_identity(&h);
    ck_assert(is_signed_in(&h, &tokens));
    ck_assert_int_eq(sign_out(&h, &tokens), CC_OK);
    turn(&h, 4);
    ck_assert(is_signed_in(&h, &tokens));
    turn(&h, 1);
    ck_assert(!is_signed_in(&h, &tokens));
    ck_assert(!is_signed_in(&h, &tokens));
    ck_assert(is_signed_in(&h, &other));
    house_close(&h);
}
END_TEST

START_TEST(a_refresh_gives_a_successor_and_a_new_access_token)
{
    struct house h;
    struct cc_tokens first, second, third;

    open_refreshed(&h, &first, &second);
    ck_assert(!cc_str_eq(first.refresh_token, second.refresh_token));
    ck_assert(!cc_str_eq(first.access_token, second.access_token));
    cc_check_str(second.session_id, first.session_id);
    ck_assert(is_signed_in(&h, &second));
    ck_assert_int_eq(refresh(&h, second.refresh_token, &third), CC_OK);
    ck_assert(is_signed_in(&h, &third));
    house_close(&h);
}
END_TEST

START_TEST(the_previous_refresh_token_gives_the_same_successor_for_a_minute)
{
    struct house h;
    struct cc_tokens first, second, again;

    open_refreshed(&h, &first, &second);
    turn(&h, 60);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &again), CC_OK);
    cc_check_str(again.refresh_token, second.refresh_token);
    house_close(&h);
}
END_TEST

START_TEST(the_previous_refresh_token_after_a_minute_ends_the_session)
{
    struct house h;
    struct cc_tokens first, second, again;

    open_refreshed(&h, &first, &second);
    turn(&h, 61);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &again), CC_UNAUTHORIZED);
    ck_assert(!is_signed_in(&h, &second));
    ck_assert_int_eq(refresh(&h, second.refresh_token, &again), CC_UNAUTHORIZED);
    house_close(&h);
}
END_TEST

START_TEST(a_clock_that_was_set_back_does_not_stretch_that_minute)
{
    struct house h;
    struct cc_tokens first, second, again;

    open_refreshed(&h, &first, &second);
    turn(&h, -5);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &again), CC_OK);
    turn(&h, -3600);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &again), CC_UNAUTHORIZED);
    ck_assert(!is_signed_in(&h, &second));
    house_close(&h);
}
END_TEST

START_TEST(an_older_refresh_token_ends_the_session_at_once)
{
    struct house h;
    struct cc_tokens first, second, third, again;

    open_refreshed(&h, &first, &second);
    ck_assert_int_eq(refresh(&h, second.refresh_token, &third), CC_OK);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &again), CC_UNAUTHORIZED);
    ck_assert(!is_signed_in(&h, &third));
    house_close(&h);
}
END_TEST

struct saved {
    struct cc_key key;
    struct cc_item item;
};

static enum cc_code save_row(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct saved *saved = arg;

    return cc_txn_get(txn, saved->key, &saved->item, err);
}

static enum cc_code restore_row(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct saved *saved = arg;

    return cc_txn_put(txn, &saved->item, err);
}

/* Who refreshed after the backup is still signed in after the restore. */
START_TEST(a_refresh_token_ahead_of_a_restored_store_counts_as_the_current_one)
{
    struct house h;
    struct cc_tokens first, second, third, fourth, again;
    struct cc_principal who;
    struct saved saved;

    first = open_with_ada(&h);
    who = whose(&h, first.access_token);
    saved.key = cc_key_session(h.arena, who.user, who.session);
    ck_assert_int_eq(cc_store_view(h.store, h.arena, save_row, &saved, anew(&h)), CC_OK);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &second), CC_OK);
    ck_assert_int_eq(refresh(&h, second.refresh_token, &third), CC_OK);
    ck_assert_int_eq(cc_store_run(h.store, h.arena, restore_row, &saved, anew(&h)), CC_OK);
    ck_assert_int_eq(refresh(&h, third.refresh_token, &fourth), CC_OK);
    ck_assert_int_eq(refresh(&h, third.refresh_token, &again), CC_OK);
    cc_check_str(again.refresh_token, fourth.refresh_token);
    house_close(&h);
}
END_TEST

static struct cc_str with_part(struct house *h, struct cc_str token, size_t part, const char *value)
{
    struct cc_str rest = token, parts[4];

    for (size_t i = 0; i < 4; i++)
        parts[i] = cc_str_cut(&rest, '.');
    parts[part] = cc_str_from(value);
    return cc_str_format(h->arena, "%.*s.%.*s.%.*s.%.*s", CC_STR_ARG(parts[0]),
                         CC_STR_ARG(parts[1]), CC_STR_ARG(parts[2]), CC_STR_ARG(parts[3]));
}

START_TEST(a_forged_refresh_token_is_refused_and_ends_nothing)
{
    struct house h;
    struct cc_tokens tokens, out;
    struct cc_str forged[12];

    tokens = open_with_ada(&h);
    forged[0] = with_part(&h, tokens.refresh_token, 0, "somebody");
    forged[1] = with_part(&h, tokens.refresh_token, 1, "another");
    forged[2] = with_part(&h, tokens.refresh_token, 2, "2");
    forged[3] = with_part(&h, tokens.refresh_token, 2, "01");
    forged[4] = with_part(&h, tokens.refresh_token, 2, "0");
    forged[5] = with_part(&h, tokens.refresh_token, 3, "");
    forged[6] = with_part(&h, tokens.refresh_token, 2, "99999999999999999999");
    forged[7] = cc_str_format(h.arena, "%.*s=", CC_STR_ARG(tokens.refresh_token));
    forged[8] = cc_str_format(h.arena, "%.*s.x", CC_STR_ARG(tokens.refresh_token));
    forged[9] = cc_str_take(tokens.refresh_token, tokens.refresh_token.len - 1);
    forged[10] = CC_STR("");
    forged[11] = CC_STR_ABSENT;
    for (size_t i = 0; i < CC_COUNT(forged); i++)
        ck_assert_msg(refresh(&h, forged[i], &out) == CC_UNAUTHORIZED, "forged[%zu]", i);
    ck_assert(is_signed_in(&h, &tokens));
    ck_assert_int_eq(refresh(&h, tokens.refresh_token, &out), CC_OK);
    house_close(&h);
}
END_TEST

static enum cc_code race_refresh(struct house *h, struct cc_arena *arena, void *arg,
                                 struct cc_str *result)
{
    struct cc_tokens tokens = { .refresh_token = CC_STR_ABSENT };
    struct cc_err err = { 0 };
    enum cc_code rc = cc_identity_refresh(h->identity, arena, *(struct cc_str *)arg, &tokens, &err);

    *result = tokens.refresh_token;
    return rc;
}

START_TEST(sixty_four_that_race_one_refresh_token_get_one_successor)
{
    struct house h;
    struct racer racers[RACERS];
    struct cc_tokens tokens;

    tokens = open_with_ada(&h);
    race(&h, racers, race_refresh, &tokens.refresh_token);
    ck_assert_uint_eq(race_count(racers, CC_OK), RACERS);
    for (size_t i = 1; i < RACERS; i++)
        cc_check_str(racers[i].result, racers[0].result);
    ck_assert_int_eq(refresh(&h, racers[0].result, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_session_that_is_not_refreshed_ends)
{
    struct house h;
    struct cc_tokens idle, used;

    idle = open_with_ada(&h);
    used = sign_in(&h, ADA);
    turn(&h, 59 * 24 * 3600);
    ck_assert_int_eq(refresh(&h, used.refresh_token, &used), CC_OK);
    turn(&h, 2 * 24 * 3600);
    ck_assert_int_eq(refresh(&h, idle.refresh_token, &idle), CC_UNAUTHORIZED);
    ck_assert_int_eq(refresh(&h, used.refresh_token, &used), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(sessions_are_listed_with_device_and_times_the_latest_used_first)
{
    struct house h;
    struct cc_tokens first, second;
    struct cc_sessions sessions;

    first = open_with_ada(&h);
    turn(&h, 10);
    second = sign_in(&h, ADA);
    sessions = sessions_of(&h, &first);
    ck_assert_uint_eq(sessions.count, 2);
    cc_check_str(sessions.at[0].id, second.session_id);
    cc_check_str(sessions.at[0].device_name, CC_STR("laptop"));
    turn(&h, 10);
    ck_assert_int_eq(refresh(&h, first.refresh_token, &first), CC_OK);
    sessions = sessions_of(&h, &first);
    cc_check_str(sessions.at[0].id, first.session_id);
    ck_assert_int_eq(sessions.at[0].created_ms, HOUSE_START_MS);
    ck_assert_int_eq(sessions.at[0].seen_ms, HOUSE_START_MS + 20000);
    house_close(&h);
}
END_TEST

START_TEST(the_fifty_first_session_ends_the_one_not_used_for_longest)
{
    struct house h;
    struct cc_tokens tokens[51];

    house_open(&h);
    make_account(&h, ADA);
    for (size_t i = 0; i < 50; i++) {
        turn(&h, 1);
        tokens[i] = sign_in(&h, ADA);
    }
    ck_assert_int_eq(refresh(&h, tokens[0].refresh_token, &tokens[0]), CC_OK);
    ck_assert_uint_eq(sessions_of(&h, &tokens[0]).count, 50);
    turn(&h, 1);
    tokens[50] = sign_in(&h, ADA);
    ck_assert_uint_eq(sessions_of(&h, &tokens[0]).count, 50);
    ck_assert(is_signed_in(&h, &tokens[0]));
    ck_assert(!is_signed_in(&h, &tokens[1]));
    ck_assert(is_signed_in(&h, &tokens[2]));
    house_close(&h);
}
END_TEST

START_TEST(one_session_can_be_ended_from_another)
{
    struct house h;
    struct cc_tokens mine, other;
    struct cc_principal which;

    mine = open_with_ada(&h);
    other = sign_in(&h, ADA);
    which = (struct cc_principal){ whose(&h, mine.access_token).user, other.session_id };
    ck_assert_int_eq(cc_identity_session_end(h.identity, h.arena, &which, anew(&h)), CC_OK);
    ck_assert(!is_signed_in(&h, &other));
    ck_assert(is_signed_in(&h, &mine));
    ck_assert_int_eq(cc_identity_session_end(h.identity, h.arena, &which, anew(&h)), CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

START_TEST(another_persons_session_is_not_found)
{
    struct house h;
    struct cc_tokens ada, bob;
    struct cc_principal which;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, BOB);
    ada = sign_in(&h, ADA);
    bob = sign_in(&h, BOB);
    which = (struct cc_principal){ whose(&h, ada.access_token).user, bob.session_id };
    ck_assert_int_eq(cc_identity_session_end(h.identity, h.arena, &which, anew(&h)), CC_NOT_FOUND);
    which.session = CC_STR("a#b");
    ck_assert_int_eq(cc_identity_session_end(h.identity, h.arena, &which, anew(&h)), CC_NOT_FOUND);
    ck_assert(is_signed_in(&h, &bob));
    house_close(&h);
}
END_TEST

START_TEST(all_other_sessions_can_be_ended_at_once)
{
    struct house h;
    struct cc_tokens mine, others[3], bob;
    struct cc_principal who;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, BOB);
    for (size_t i = 0; i < 3; i++)
        others[i] = sign_in(&h, ADA);
    mine = sign_in(&h, ADA);
    bob = sign_in(&h, BOB);
    who = whose(&h, mine.access_token);
    ck_assert_int_eq(cc_identity_sessions_end_others(h.identity, h.arena, &who, anew(&h)), CC_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!is_signed_in(&h, &others[i]));
    ck_assert(is_signed_in(&h, &mine));
    ck_assert(is_signed_in(&h, &bob));
    house_close(&h);
}
END_TEST

static enum cc_code race_authenticate(struct house *h, struct cc_arena *arena, void *arg,
                                      struct cc_str *result)
{
    const struct cc_str *tokens = arg;
    struct cc_principal who;
    struct cc_err err = { 0 };
    enum cc_code rc = CC_OK;

    (void)result;
    for (size_t i = 0; i < 40 && rc == CC_OK; i++)
        rc = cc_identity_authenticate(h->identity, arena, tokens[i % 8], &who, &err);
    return rc;
}

START_TEST(many_threads_may_ask_whose_tokens_these_are_while_keys_are_rotated)
{
    struct house h;
    struct racer racers[RACERS];
    struct cc_str tokens[8];
    struct cc_keys_folder folder;
    struct cc_str kid;

    house_open(&h);
    make_account(&h, ADA);
    for (size_t i = 0; i < 8; i++)
        tokens[i] = sign_in(&h, ADA).access_token;
    folder = (struct cc_keys_folder){ h.config.keys, 900, &h.clock.base, &cc_system_random };
    ck_assert_int_eq(cc_keys_rotate(&folder, h.arena, &kid, anew(&h)), CC_OK);
    turn(&h, 6);
    race(&h, racers, race_authenticate, tokens);
    ck_assert_uint_eq(race_count(racers, CC_OK), RACERS);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/session", an_access_token_names_its_user_and_session,
              an_access_token_is_good_until_it_expires_remembered_or_not,
              signing_out_ends_the_access_token_at_once_although_it_is_remembered,
              signing_out_everywhere_ends_this_session_and_all_others_of_the_same_person,
              who_was_removed_is_signed_out_everywhere,
              a_session_that_is_remembered_ends_when_its_memory_does,
              a_refresh_gives_a_successor_and_a_new_access_token,
              the_previous_refresh_token_gives_the_same_successor_for_a_minute,
              the_previous_refresh_token_after_a_minute_ends_the_session,
              a_clock_that_was_set_back_does_not_stretch_that_minute,
              an_older_refresh_token_ends_the_session_at_once,
              a_refresh_token_ahead_of_a_restored_store_counts_as_the_current_one,
              a_forged_refresh_token_is_refused_and_ends_nothing,
              sixty_four_that_race_one_refresh_token_get_one_successor,
              a_session_that_is_not_refreshed_ends,
              sessions_are_listed_with_device_and_times_the_latest_used_first,
              the_fifty_first_session_ends_the_one_not_used_for_longest,
              one_session_can_be_ended_from_another, another_persons_session_is_not_found,
              all_other_sessions_can_be_ended_at_once,
              many_threads_may_ask_whose_tokens_these_are_while_keys_are_rotated)
