#include "house.h"

/* The same house with other budgets. */
static void reopen(struct house *h, struct cc_budget_config budget)
{
    cc_identity_close(h->identity);
    h->config.budget = budget;
    h->config.sign_up_address_hour = h->config.recover_address_hour = 1000;
    h->config.sign_up_number_day = h->config.recover_number_day = 1000;
    house_open_identity(h);
}

static enum cc_code forget(struct house *h, struct cc_str who)
{
    const struct cc_forgot in = { login_of(who), h->address };
    struct cc_pending pending;

    return cc_identity_forgot(h->identity, h->arena, &in, &pending, anew(h));
}

static struct cc_str somebody(struct house *h, int number)
{
    return cc_str_format(h->arena, "+49152%07d", number);
}

static struct cc_str somewhere(struct house *h, int number)
{
    return cc_str_format(h->arena, "10.0.%d.%d", number / 250, number % 250 + 1);
}

/* Sign-ups of that many numbers, each from a place of its own. */
static void sign_up_strangers(struct house *h, int from, int count)
{
    struct cc_str id;

    for (int i = from; i < from + count; i++) {
        h->address = somewhere(h, i);
        ck_assert_msg(sign_up(h, somebody(h, i), &id) == CC_OK, "%d: %s", i, h->err.detail);
    }
}

static void check_too_many(struct house *h, enum cc_code rc, const char *limit)
{
    ck_assert_int_eq(rc, CC_TOO_MANY);
    ck_assert_msg(strstr(h->err.detail, limit) != NULL, "%s", h->err.detail);
    ck_assert_int_gt(h->err.retry_after_s, 80000);
    ck_assert_int_le(h->err.retry_after_s, 86400);
}

START_TEST(a_number_in_no_listed_country_is_refused_whoever_has_it)
{
    static const struct cc_str prefixes[] = { { "+43", 3 }, { "+4179", 5 } };
    struct house h;
    struct cc_str id;
    size_t sent;

    house_open(&h);
    make_account(&h, ADA);
    sent = h.sender.count;
    reopen(&h, (struct cc_budget_config){ .sms_prefixes = { prefixes, 2 } });
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(sign_up(&h, i ? ADA : NOBODY, &id), CC_INVALID);
        ck_assert_uint_eq(h.err.invalid_count, 1);
        ck_assert_str_eq(h.err.invalid[0].pointer, "/phone_number");
        ck_assert_str_eq(h.err.invalid[0].detail,
                         "Codes can be sent only to numbers that begin with +43, +4179.");
    }
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    ck_assert_int_eq(forget(&h, NOBODY), CC_OK);
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, sent);
    ck_assert_int_eq(sign_up(&h, CC_STR("+436601234567"), &id), CC_OK);
    ck_assert_int_eq(sign_up(&h, CC_STR("ada@example.org"), &id), CC_OK);
    sign_in(&h, ADA);
    house_close(&h);
}
END_TEST

START_TEST(a_long_list_of_countries_is_cut_where_a_sentence_ends)
{
    struct cc_str prefixes[40];
    struct house h;
    struct cc_str id;

    house_open(&h);
    for (size_t i = 0; i < CC_COUNT(prefixes); i++)
        prefixes[i] = cc_str_format(h.arena, "+%zu", 200 + i);
    reopen(&h, (struct cc_budget_config){ .sms_prefixes = { prefixes, CC_COUNT(prefixes) } });
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_INVALID);
    ck_assert(cc_str_ends(cc_str_from(h.err.invalid[0].detail), CC_STR(" ....")));
    house_close(&h);
}
END_TEST

START_TEST(what_no_code_can_reach_is_said_at_sign_up_and_nowhere_else)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    reopen(&h, (struct cc_budget_config){ .no_sms = true, .no_email = true });
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_INVALID);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/phone_number");
    ck_assert_int_eq(sign_up(&h, CC_STR("ada@example.org"), &id), CC_INVALID);
    ck_assert_str_eq(h.err.invalid[0].pointer, "/email");
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_number_gets_so_many_codes_a_day_whatever_for)
{
    struct house h;
    struct cc_str id;
    int64_t after_s;

    house_open(&h);
    make_account(&h, ADA);
    reopen(&h, (struct cc_budget_config){ .number_day_max = 3 });
    for (int i = 0; i < 2; i++) {
        struct cc_str who = i ? NOBODY : ADA;

        h.address = somewhere(&h, i);
        ck_assert_int_eq(sign_up(&h, who, &id), CC_OK);
        turn(&h, 30);
        ck_assert_int_eq(resend(&h, id, &after_s), CC_OK);
        ck_assert_int_eq(forget(&h, who), CC_OK);
        check_too_many(&h, forget(&h, who), "3 codes a day for one number");
        check_too_many(&h, sign_up(&h, who, &id), "3 codes a day for one number");
    }
    turn(&h, 86400);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_code_that_is_asked_for_again_is_one_of_the_days)
{
    struct house h;
    struct cc_str id;
    int64_t after_s;

    house_open(&h);
    reopen(&h, (struct cc_budget_config){ .number_day_max = 1 });
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    send_codes(&h);
    turn(&h, 30);
    check_too_many(&h, resend(&h, id, &after_s), "1 codes a day");
    send_codes(&h);
    ck_assert_uint_eq(h.sender.count, 1);
    ck_assert_int_eq(confirm(&h, id, last_notice(&h)->code), CC_OK);
    house_close(&h);
}
END_TEST

/* A stranger uses up a number's day; who was there before has one of his own. */
START_TEST(nobody_is_kept_from_a_new_password_at_a_place_that_he_knows)
{
    struct house h;

    house_open(&h);
    make_account(&h, ADA);
    sign_in(&h, ADA);
    reopen(&h, (struct cc_budget_config){ .number_day_max = 2 });
    h.address = AWAY;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(forget(&h, ADA), CC_OK);
    check_too_many(&h, forget(&h, ADA), "2 codes a day");
    h.address = HOME;
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    check_too_many(&h, forget(&h, ADA), "2 codes a day");
    house_close(&h);
}
END_TEST

START_TEST(an_address_may_ask_for_so_many_codes_a_day)
{
    struct house h;
    struct cc_str id;
    int64_t rows_before;

    house_open(&h);
    make_account(&h, ADA);
    reopen(&h, (struct cc_budget_config){ .address_day_max = 2 });
    ck_assert_int_eq(sign_up(&h, somebody(&h, 1), &id), CC_OK);
    ck_assert_int_eq(forget(&h, CC_STR("nobody@example.org")), CC_OK);
    rows_before = rows(&h);
    check_too_many(&h, forget(&h, ADA), "2 codes a day from one place");
    check_too_many(&h, forget(&h, NOBODY), "2 codes a day from one place");
    ck_assert_int_le(rows(&h), rows_before + 2); /* what throttles them, and nothing else */
    h.address = AWAY;
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    house_close(&h);
}
END_TEST

/* Judged before anything is made, and alike for those who have an account and those who do not. */
START_TEST(the_installation_sends_so_many_a_day)
{
    struct house h;
    struct cc_str id;
    int64_t rows_before;

    house_open(&h);
    make_account(&h, ADA);
    reopen(&h, (struct cc_budget_config){ .sms_day_max = 10 });
    sign_up_strangers(&h, 0, 9);
    rows_before = rows(&h);
    h.address = AWAY;
    for (int i = 0; i < 3; i++) {
        check_too_many(&h, forget(&h, ADA), "10 codes a day can be sent by SMS");
        check_too_many(&h, forget(&h, NOBODY), "10 codes a day can be sent by SMS");
        check_too_many(&h, sign_up(&h, ADA, &id), "10 codes a day can be sent by SMS");
        check_too_many(&h, sign_up(&h, NOBODY, &id), "10 codes a day can be sent by SMS");
    }
    ck_assert_int_le(rows(&h), rows_before + 5); /* what throttles them, and nothing else */
    ck_assert_int_eq(sign_up(&h, CC_STR("ada@example.org"), &id), CC_OK);
    turn(&h, 86400);
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(a_tenth_of_the_day_is_kept_for_who_was_there_before)
{
    struct house h;

    house_open(&h);
    make_account(&h, ADA);
    sign_in(&h, ADA);
    reopen(&h, (struct cc_budget_config){ .sms_day_max = 20 });
    sign_up_strangers(&h, 0, 18);
    h.address = AWAY;
    check_too_many(&h, forget(&h, ADA), "20 codes");
    h.address = HOME;
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    ck_assert_int_eq(forget(&h, ADA), CC_OK);
    check_too_many(&h, forget(&h, ADA), "20 codes");
    house_close(&h);
}
END_TEST

static int count_warnings(struct house *h)
{
    struct cc_str text, rest;
    int count = 0;

    ck_assert_int_eq(cc_file_read(h->arena, house_path(h, "log"), 1 << 20, &text, anew(h)), CC_OK);
    for (rest = text; rest.at;) {
        struct cc_str line = cc_str_cut(&rest, '\n');

        count += line.len > 0 && strstr(cc_str_copy(h->arena, line).at, "used up") != NULL;
    }
    return count;
}

START_TEST(a_day_that_is_used_up_is_logged_once)
{
    struct house h;
    struct cc_str id;

    house_open(&h);
    close(h.log.fd);
    h.log.fd = open(house_path(&h, "log"), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    h.log.level = CC_LOG_WARN;
    reopen(&h, (struct cc_budget_config){ .sms_day_max = 5 });
    sign_up_strangers(&h, 0, 4);
    ck_assert_int_eq(count_warnings(&h), 0);
    sign_up_strangers(&h, 4, 1);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(sign_up(&h, NOBODY, &id), CC_TOO_MANY);
    ck_assert_int_eq(count_warnings(&h), 1);
    turn(&h, 86400);
    sign_up_strangers(&h, 10, 5);
    ck_assert_int_eq(count_warnings(&h), 2);
    house_close(&h);
}
END_TEST

static enum cc_code race_for_code(struct house *h, struct cc_arena *arena, void *arg,
                                  struct cc_str *result)
{
    const struct cc_forgot in = { login_of(NOBODY), AWAY };
    struct cc_pending pending;
    struct cc_err err = { 0 };

    (void)arg;
    (void)result;
    return cc_identity_forgot(h->identity, arena, &in, &pending, &err);
}

START_TEST(of_many_at_once_no_more_than_the_budget_get_a_code)
{
    struct house h;
    struct racer racers[RACERS];

    house_open(&h);
    reopen(&h, (struct cc_budget_config){ .sms_day_max = 7 });
    race(&h, racers, race_for_code, NULL);
    ck_assert_uint_eq(race_count(racers, CC_OK), 7);
    ck_assert_uint_eq(race_count(racers, CC_TOO_MANY), RACERS - 7);
    house_close(&h);
}
END_TEST

START_TEST(no_limit_is_no_limit)
{
    struct house h;

    house_open(&h);
    reopen(&h, (struct cc_budget_config){ 0 });
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(forget(&h, NOBODY), CC_OK);
    house_close(&h);
}
END_TEST

/* The name is what a mail server sees, and by it knows a second try. */
START_TEST(a_notice_has_one_name_however_often_it_is_tried)
{
    struct house h;
    struct cc_jobs jobs;
    struct cc_str id;

    house_open(&h);
    ck_assert_int_eq(sign_up(&h, ADA, &id), CC_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cc_timer_take(h.store, h.arena, 1000, 4, &jobs, anew(&h)), CC_OK);
        ck_assert_uint_eq(jobs.count, 1);
        ck_assert_int_eq(
            cc_identity_send_code(h.identity, h.arena, &jobs.at[0], &h.sender.base, anew(&h)),
            CC_OK);
        turn(&h, 2);
    }
    ck_assert_uint_eq(h.sender.count, 2);
    cc_check_str(h.sender.notices[0].id, h.sender.notices[1].id);
    cc_check_str(h.sender.notices[0].code, h.sender.notices[1].code);
    ck_assert_int_eq(h.sender.notices[0].attempt, 1);
    ck_assert_int_eq(h.sender.notices[1].attempt, 2);
    ck_assert_uint_ge(h.sender.notices[0].id.len, 20);
    ck_assert_ptr_null(strstr(h.sender.notices[0].id.at, id.at));
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("identity/budget", a_number_in_no_listed_country_is_refused_whoever_has_it,
              a_long_list_of_countries_is_cut_where_a_sentence_ends,
              what_no_code_can_reach_is_said_at_sign_up_and_nowhere_else,
              a_number_gets_so_many_codes_a_day_whatever_for,
              a_code_that_is_asked_for_again_is_one_of_the_days,
              nobody_is_kept_from_a_new_password_at_a_place_that_he_knows,
              an_address_may_ask_for_so_many_codes_a_day, the_installation_sends_so_many_a_day,
              a_tenth_of_the_day_is_kept_for_who_was_there_before,
              a_day_that_is_used_up_is_logged_once,
              of_many_at_once_no_more_than_the_budget_get_a_code, no_limit_is_no_limit,
              a_notice_has_one_name_however_often_it_is_tried)
