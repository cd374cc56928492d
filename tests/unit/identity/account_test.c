/* What an operator does with accounts, and who comes in his way. */
#include "house.h"

#include "identity/account.h"

#define NEW_PASSWORD CC_STR("battery staple horse")

static enum cc_code find(struct house *h, struct cc_str text, struct cc_account *out)
{
    struct cc_who who;

    ck_assert_ptr_null(cc_who_read(text, &who));
    return cc_account_find(h->store, h->arena, &who, out, anew(h));
}

static struct cc_account found(struct house *h, struct cc_str text)
{
    struct cc_account account;

    ck_assert_msg(find(h, text, &account) == CC_OK, "%s", h->err.detail);
    return account;
}

static struct cc_str id_of(struct house *h, struct cc_str who)
{
    return found(h, who).profile.user;
}

static void disable(struct house *h, struct cc_str user)
{
    ck_assert_int_eq(cc_identity_disable(h->identity, h->arena, user, anew(h)), CC_OK);
}

static void begin_removal(struct house *h, struct cc_str user)
{
    ck_assert_int_eq(cc_identity_remove_begin(h->identity, h->arena, user, anew(h)), CC_OK);
}

static void end_removal(struct house *h, struct cc_str user)
{
    ck_assert_int_eq(cc_identity_remove_end(h->identity, h->arena, user, anew(h)), CC_OK);
}

static void remove_account(struct house *h, struct cc_str user)
{
    begin_removal(h, user);
    end_removal(h, user);
}

/* --- finding ---------------------------------------------------------------------------------- */

START_TEST(somebody_is_found_by_number_by_address_and_by_id)
{
    struct house h;
    struct cc_account ada;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, CC_STR("bob@example.org"));
    sign_in(&h, ADA);
    ada = found(&h, ADA);
    cc_check_str(ada.profile.name, CC_STR("Ada"));
    ck_assert_int_eq(ada.state, CC_ACCOUNT_ACTIVE);
    ck_assert_uint_eq(ada.sessions.count, 1);
    cc_check_str(ada.sessions.at[0].device_name, CC_STR("laptop"));
    cc_check_str(id_of(&h, ada.profile.user), ada.profile.user);
    ck_assert(!cc_str_eq(id_of(&h, CC_STR("Bob@Example.org")), ada.profile.user));
    house_close(&h);
}
END_TEST

START_TEST(nobody_is_not_found_and_what_is_no_name_is_said_to_be_none)
{
    struct house h;
    struct cc_account account;
    struct cc_who who;

    house_open(&h);
    ck_assert_int_eq(find(&h, NOBODY, &account), CC_NOT_FOUND);
    ck_assert_str_eq(h.err.detail, "Nobody has this number.");
    ck_assert_int_eq(find(&h, CC_STR("a@example.org"), &account), CC_NOT_FOUND);
    ck_assert_str_eq(h.err.detail, "Nobody has this address.");
    ck_assert_int_eq(find(&h, CC_STR("0199f2e0-aaaa-7bbb-8ccc-000000000000"), &account),
                     CC_NOT_FOUND);
    ck_assert_str_eq(h.err.detail, "Nobody has this id.");
    ck_assert_ptr_nonnull(strstr(cc_who_read(CC_STR("4915112345678"), &who), "country code"));
    ck_assert_ptr_nonnull(cc_who_read(CC_STR("a b"), &who));
    ck_assert_ptr_nonnull(cc_who_read(CC_STR(""), &who));
    ck_assert_ptr_nonnull(cc_who_read(CC_STR("@"), &who));
    house_close(&h);
}
END_TEST

struct roll {
    struct cc_arena *arena;
    struct cc_str text;
};

static enum cc_code call(const struct cc_account *account, void *arg, struct cc_err *err)
{
    struct roll *roll = arg;
    const struct cc_profile *profile = &account->profile;

    (void)err;
    roll->text = cc_str_format(roll->arena, "%.*s%.*s:%zu:%s ", CC_STR_ARG(roll->text),
                               CC_STR_ARG(profile->phone_number), account->session_count,
                               cc_account_state_names[account->state]);
    return CC_OK;
}

START_TEST(the_list_has_everybody_with_sessions_and_state)
{
    struct house h;
    struct roll roll = { NULL, CC_STR("") };

    house_open(&h);
    roll.arena = h.arena;
    ck_assert_int_eq(cc_account_walk(h.store, call, &roll, anew(&h)), CC_OK);
    ck_assert_uint_eq(roll.text.len, 0);
    make_account(&h, ADA);
    turn(&h, 1);
    make_account(&h, BOB);
    sign_in(&h, ADA);
    sign_in(&h, ADA);
    sign_in(&h, BOB);
    disable(&h, id_of(&h, BOB));
    ck_assert_int_eq(cc_account_walk(h.store, call, &roll, anew(&h)), CC_OK);
    cc_check_str(roll.text, CC_STR("+4915112345678:2:active +4915112345679:0:disabled "));
    house_close(&h);
}
END_TEST

/* --- disabling -------------------------------------------------------------------------------- */

START_TEST(who_is_disabled_is_out_and_his_password_is_a_wrong_one)
{
    struct house h;
    struct cc_tokens before, after;

    house_open(&h);
    make_account(&h, ADA);
    before = sign_in(&h, ADA);
    disable(&h, id_of(&h, ADA));
    ck_assert(!is_signed_in(&h, &before));
    ck_assert_int_eq(refresh(&h, before.refresh_token, &after), CC_UNAUTHORIZED);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &after), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &after), CC_TOO_MANY); /* as a wrong one */
    disable(&h, id_of(&h, ADA));
    house_close(&h);
}
END_TEST

START_TEST(who_is_enabled_again_signs_in_with_the_same_password)
{
    struct house h;
    struct cc_str user;

    house_open(&h);
    make_account(&h, ADA);
    user = id_of(&h, ADA);
    disable(&h, user);
    ck_assert_int_eq(found(&h, user).state, CC_ACCOUNT_DISABLED);
    ck_assert_int_eq(cc_identity_enable(h.identity, h.arena, user, anew(&h)), CC_OK);
    sign_in(&h, ADA);
    house_close(&h);
}
END_TEST

static struct cc_str forgot(struct house *h, struct cc_str who)
{
    struct cc_forgot in = { login_of(who), h->address };
    struct cc_pending pending;

    ck_assert_int_eq(cc_identity_forgot(h->identity, h->arena, &in, &pending, anew(h)), CC_OK);
    return pending.id;
}

static enum cc_code reset(struct house *h, struct cc_str id, struct cc_str code)
{
    struct cc_reset in = { id, code, NEW_PASSWORD, h->address };

    return cc_identity_reset(h->identity, h->arena, &in, anew(h));
}

START_TEST(who_is_disabled_gets_no_code_for_a_new_password)
{
    struct house h;
    size_t notices;

    house_open(&h);
    make_account(&h, ADA);
    disable(&h, id_of(&h, ADA));
    notices = h.sender.count;
    forgot(&h, ADA);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, notices);
    house_close(&h);
}
END_TEST

START_TEST(a_code_from_before_does_not_bring_back_who_was_disabled)
{
    struct house h;
    struct cc_tokens tokens;
    struct cc_str user, id;

    house_open(&h);
    make_account(&h, ADA);
    user = id_of(&h, ADA);
    id = forgot(&h, ADA);
    send_codes(&h);
    disable(&h, user);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    ck_assert_int_eq(found(&h, user).state, CC_ACCOUNT_DISABLED);
    ck_assert_int_eq(cc_identity_enable(h.identity, h.arena, user, anew(&h)), CC_OK);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(signing_somebody_out_ends_all_his_sessions_and_no_others)
{
    struct house h;
    struct cc_tokens ada[2], bob;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, BOB);
    ada[0] = sign_in(&h, ADA);
    ada[1] = sign_in(&h, ADA);
    bob = sign_in(&h, BOB);
    ck_assert_int_eq(cc_identity_end_all(h.identity, h.arena, id_of(&h, ADA), anew(&h)), CC_OK);
    ck_assert(!is_signed_in(&h, &ada[0]));
    ck_assert(!is_signed_in(&h, &ada[1]));
    ck_assert(is_signed_in(&h, &bob));
    sign_in(&h, ADA);
    house_close(&h);
}
END_TEST

START_TEST(what_is_done_with_nobody_says_that_there_is_nobody)
{
    const struct cc_str nobody = CC_STR("0199f2e0-aaaa-7bbb-8ccc-000000000000");
    struct house h;

    house_open(&h);
    ck_assert_int_eq(cc_identity_disable(h.identity, h.arena, nobody, anew(&h)), CC_NOT_FOUND);
    ck_assert_int_eq(cc_identity_enable(h.identity, h.arena, nobody, anew(&h)), CC_NOT_FOUND);
    ck_assert_int_eq(cc_identity_end_all(h.identity, h.arena, nobody, anew(&h)), CC_NOT_FOUND);
    remove_account(&h, nobody);
    house_close(&h);
}
END_TEST

/* --- removing --------------------------------------------------------------------------------- */

START_TEST(who_is_removed_is_gone_and_his_number_is_free)
{
    struct house h;
    struct cc_account gone;
    struct cc_tokens before, tokens;
    struct cc_str user;

    house_open(&h);
    make_account(&h, ADA);
    before = sign_in(&h, ADA);
    user = id_of(&h, ADA);
    remove_account(&h, user);
    ck_assert(!is_signed_in(&h, &before));
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(find(&h, ADA, &gone), CC_NOT_FOUND);
    turn(&h, 2);
    make_account(&h, ADA);
    ck_assert(!cc_str_eq(id_of(&h, ADA), user));
    sign_in(&h, ADA);
    house_close(&h);
}
END_TEST

/* Killed between the two steps. */
START_TEST(a_removal_that_was_begun_lets_nobody_in_and_can_be_ended)
{
    struct house h;
    struct cc_tokens before, tokens;
    struct cc_account account;
    struct cc_str user;

    house_open(&h);
    make_account(&h, ADA);
    before = sign_in(&h, ADA);
    user = id_of(&h, ADA);
    begin_removal(&h, user);
    ck_assert(!is_signed_in(&h, &before));
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    ck_assert_int_eq(found(&h, ADA).state, CC_ACCOUNT_REMOVING);
    ck_assert_int_eq(cc_identity_enable(h.identity, h.arena, user, anew(&h)), CC_CONFLICT);
    ck_assert_int_eq(cc_identity_disable(h.identity, h.arena, user, anew(&h)), CC_CONFLICT);
    remove_account(&h, user);
    end_removal(&h, user);
    ck_assert_int_eq(find(&h, ADA, &account), CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

START_TEST(a_removal_stands_in_the_queue_once_however_often_it_is_begun)
{
    struct house h;
    struct cc_jobs jobs;
    struct cc_str user, whose_removal;

    house_open(&h);
    make_account(&h, ADA);
    user = id_of(&h, ADA);
    begin_removal(&h, user);
    turn(&h, 1);
    begin_removal(&h, user);
    turn(&h, 60);
    ck_assert_int_eq(cc_timer_take(h.store, h.arena, 1000, 10, &jobs, anew(&h)), CC_OK);
    ck_assert_uint_eq(jobs.count, 1);
    cc_check_str(jobs.at[0].kind, CC_STR(CC_JOB_REMOVAL));
    ck_assert_int_eq(cc_account_of_job(h.arena, &jobs.at[0], &whose_removal, anew(&h)), CC_OK);
    cc_check_str(whose_removal, user);
    house_close(&h);
}
END_TEST

/* A second sign-up of the number was under way when the first one was confirmed. */
START_TEST(who_signs_up_a_removed_number_keeps_it_when_the_removal_is_ended_again)
{
    struct house h;
    struct cc_str user;

    house_open(&h);
    make_account(&h, ADA);
    user = id_of(&h, ADA);
    remove_account(&h, user);
    make_account(&h, ADA);
    remove_account(&h, user);
    sign_in(&h, ADA);
    house_close(&h);
}
END_TEST

static enum cc_code claim_number(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_profile profile;
    enum cc_code rc = cc_profile_get(txn, *(struct cc_str *)arg, &profile, err);

    profile.phone_number = BOB;
    return rc == CC_OK ? cc_profile_put(txn, &profile, err) : rc;
}

/* As a person with a shell may leave it. */
START_TEST(a_number_that_is_anothers_stays_his_whatever_a_profile_says)
{
    struct house h;
    struct cc_str user;

    house_open(&h);
    make_account(&h, ADA);
    make_account(&h, BOB);
    user = id_of(&h, ADA);
    ck_assert_int_eq(cc_store_run(h.store, h.arena, claim_number, &user, anew(&h)), CC_OK);
    remove_account(&h, user);
    sign_in(&h, BOB);
    house_close(&h);
}
END_TEST

START_TEST(a_code_for_a_new_password_is_worth_nothing_when_the_account_is_gone)
{
    struct house h;
    struct cc_str user, id;

    house_open(&h);
    make_account(&h, ADA);
    user = id_of(&h, ADA);
    id = forgot(&h, ADA);
    send_codes(&h);
    remove_account(&h, user);
    ck_assert_int_eq(reset(&h, id, last_notice(&h)->code), CC_WRONG_CODE);
    house_close(&h);
}
END_TEST

/* --- at the same moment ----------------------------------------------------------------------- */

/* A store in which somebody is disabled between a password's being judged and its session's being
 * opened. */
struct meddler {
    struct cc_store base;
    struct cc_store *real;
    struct cc_str user; /* absent: it is done */
};

static enum cc_code meddler_run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn,
                                void *arg, struct cc_err *err)
{
    struct meddler *self = (struct meddler *)store;
    const struct cc_str user = self->user;

    self->user = CC_STR_ABSENT;
    if (user.at)
        ck_assert_int_eq(cc_account_disable(self->real, arena, user, err), CC_OK);
    return cc_store_run(self->real, arena, fn, arg, err);
}

static enum cc_code meddler_view(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn,
                                 void *arg, struct cc_err *err)
{
    return cc_store_view(((struct meddler *)store)->real, arena, fn, arg, err);
}

static const struct cc_store_ops meddler_ops = { .run = meddler_run, .view = meddler_view };

START_TEST(who_is_disabled_while_his_password_is_verified_does_not_come_in)
{
    struct meddler meddler = { .base = { &meddler_ops } };
    struct cc_tokens tokens;
    struct cc_str user;
    struct house h;

    house_open(&h);
    make_account(&h, ADA);
    user = meddler.user = id_of(&h, ADA);
    cc_identity_close(h.identity);
    meddler.real = h.store;
    h.store = &meddler.base;
    house_open_identity(&h);
    ck_assert_int_eq(sign_in_with(&h, ADA, PASSWORD, &tokens), CC_WRONG_CREDENTIALS);
    h.store = meddler.real;
    ck_assert_uint_eq(found(&h, user).sessions.count, 0);
    house_close(&h);
}
END_TEST

struct crowd {
    struct cc_str user;
    atomic_int number;
};

/* Most sign in, one of them removes. */
static enum cc_code sign_in_or_remove(struct house *h, struct cc_arena *arena, void *arg,
                                      struct cc_str *result)
{
    struct crowd *crowd = arg;
    const int number = atomic_fetch_add(&crowd->number, 1);
    struct cc_sign_in in = { login_of(ADA), PASSWORD, CC_STR("laptop"),
                             cc_str_format(arena, "192.0.2.%d", number) };
    struct cc_signed_in out;
    struct cc_err err = { 0 };
    enum cc_code rc;

    if (number != RACERS / 2) {
        rc = cc_identity_sign_in(h->identity, arena, &in, &out, &err);
        if (rc == CC_OK)
            *result = out.tokens.access_token;
        return rc;
    }
    rc = cc_identity_remove_begin(h->identity, arena, crowd->user, &err);
    return rc == CC_OK ? cc_identity_remove_end(h->identity, arena, crowd->user, &err) : rc;
}

START_TEST(nobody_who_signs_in_while_the_account_is_removed_stays_in)
{
    struct racer racers[RACERS];
    struct crowd crowd = { .number = 0 };
    struct house h;

    house_open(&h);
    make_account(&h, ADA);
    crowd.user = id_of(&h, ADA);
    race(&h, racers, sign_in_or_remove, &crowd);
    for (size_t i = 0; i < RACERS; i++) {
        const struct cc_tokens tokens = { .access_token = racers[i].result };

        ck_assert(racers[i].verdict == CC_OK || racers[i].verdict == CC_WRONG_CREDENTIALS);
        ck_assert(!tokens.access_token.at || !is_signed_in(&h, &tokens));
    }
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/account", somebody_is_found_by_number_by_address_and_by_id,
              nobody_is_not_found_and_what_is_no_name_is_said_to_be_none,
              the_list_has_everybody_with_sessions_and_state,
              who_is_disabled_is_out_and_his_password_is_a_wrong_one,
              who_is_enabled_again_signs_in_with_the_same_password,
              who_is_disabled_gets_no_code_for_a_new_password,
              a_code_from_before_does_not_bring_back_who_was_disabled,
              signing_somebody_out_ends_all_his_sessions_and_no_others,
              what_is_done_with_nobody_says_that_there_is_nobody,
              who_is_removed_is_gone_and_his_number_is_free,
              a_removal_that_was_begun_lets_nobody_in_and_can_be_ended,
              a_removal_stands_in_the_queue_once_however_often_it_is_begun,
              who_signs_up_a_removed_number_keeps_it_when_the_removal_is_ended_again,
              a_number_that_is_anothers_stays_his_whatever_a_profile_says,
              a_code_for_a_new_password_is_worth_nothing_when_the_account_is_gone,
              who_is_disabled_while_his_password_is_verified_does_not_come_in,
              nobody_who_signs_in_while_the_account_is_removed_stays_in)
