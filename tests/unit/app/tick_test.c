#include "app/app.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include "base/file.h"
#include "identity/items.h"
#include "store/keys.h"

#include <signal.h>

struct world {
    struct cc_tmp tmp;
    struct cc_arena *arena;
    struct cc_app app;
    struct cc_err err;
};

static void open_world(struct world *w, const char *sender)
{
    struct cc_str path, text;

    *w = (struct world){ .arena = cc_arena_new(1 << 20) };
    cc_tmp_make(&w->tmp);
    path = cc_str_format(w->arena, "%s/cloud-chat.conf", w->tmp.path);
    text = cc_str_format(w->arena,
                         "[server]\nlog_level = error\n[codes]\nsms = %s\n"
                         "[identity]\nargon2_memory_kib = 64\n",
                         sender);
    ck_assert_int_eq(cc_file_write(path.at, text, 0600, &w->err), CC_OK);
    ck_assert_msg(cc_app_open("test", CC_APP_ALL, path.at, &w->app, &w->err) == CC_OK, "%s (%s)",
                  w->err.detail, w->err.cause);
}

static void close_world(struct world *w)
{
    cc_app_close(&w->app);
    cc_tmp_remove(&w->tmp);
    cc_arena_free(w->arena);
}

static void sign_up(struct world *w)
{
    const struct cc_sign_up in = {
        .name = CC_STR("Ada"),
        .login.phone_number = CC_STR("+4915112345678"),
        .password = CC_STR("correct horse"),
        .address = CC_STR("192.0.2.1"),
    };
    struct cc_pending out;

    ck_assert_msg(cc_identity_sign_up(w->app.identity, w->arena, &in, &out, &w->err) == CC_OK, "%s",
                  w->err.cause);
}

static bool was_sent(struct world *w)
{
    struct cc_str text = CC_STR_ABSENT;
    enum cc_code rc = cc_file_read(w->arena, w->app.config.outbox.at, 1 << 16, &text, &w->err);

    cc_err_clear(&w->err);
    return rc == CC_OK && text.len > 0 && strstr(text.at, "\"to\":\"+4915112345678\"") != NULL;
}

START_TEST(a_code_leaves_with_the_next_tick_and_only_once)
{
    struct world w;
    size_t jobs, swept;

    open_world(&w, "outbox");
    sign_up(&w);
    ck_assert(!was_sent(&w));
    cc_app_tick(&w.app);
    ck_assert(was_sent(&w));
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 0);
    close_world(&w);
}
END_TEST

/* The queue must not fill with what nobody will ever send. */
START_TEST(without_a_sender_codes_are_dropped)
{
    struct world w;
    size_t jobs, swept;

    open_world(&w, "outbox");
    sign_up(&w);
    cc_sender_close(w.app.sender);
    w.app.sender = NULL;
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 1);
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 0);
    ck_assert(!was_sent(&w));
    close_world(&w);
}
END_TEST

/* Each answer of a busy program ends with a tick. */
START_TEST(ticks_that_follow_closely_do_not_look_again)
{
    struct world w;

    open_world(&w, "outbox");
    cc_app_tick(&w.app);
    w.app.next_jobs_ms = INT64_MAX;
    sign_up(&w);
    cc_app_tick(&w.app);
    ck_assert(!was_sent(&w));
    w.app.next_jobs_ms = 0;
    cc_app_tick(&w.app);
    ck_assert(was_sent(&w));
    close_world(&w);
}
END_TEST

static int64_t minute; /* since the test began */
static int sweeps;

static int64_t turned_ms(const struct cc_clock *clock)
{
    (void)clock;
    return 1 + minute * 60 * 1000;
}

static enum cc_code count_sweep(struct cc_store *store, size_t limit, size_t *swept,
                                struct cc_err *err)
{
    (void)store;
    (void)limit;
    (void)err;
    sweeps++;
    *swept = 0;
    return CC_OK;
}

/* A table that does not delete by itself what has expired is paid for with each look. */
START_TEST(a_file_is_swept_each_minute_and_a_table_each_hour)
{
    static const struct cc_clock clock = { turned_ms, turned_ms };
    static const int backends[] = { CC_STORE_SQLITE, CC_STORE_DYNAMODB }, expected[] = { 61, 2 };

    for (size_t i = 0; i < CC_COUNT(backends); i++) {
        struct cc_store_ops ops;
        struct world w;

        open_world(&w, "none");
        ops = *w.app.store->ops;
        ops.sweep = count_sweep;
        w.app.store->ops = &ops;
        w.app.clock = &clock;
        w.app.config.store_backend = backends[i];
        sweeps = 0;
        for (minute = 0; minute <= 60; minute++)
            cc_app_tick(&w.app);
        ck_assert_int_eq(sweeps, expected[i]);
        close_world(&w);
    }
}
END_TEST

/* A job that has failed nine times. */
static enum cc_code add_old_job(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const char *kind = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_item item = {
        .key = cc_key_timer(arena, 1, CC_STR("p")),
        .body = cc_str_format(arena,
                              "{\"kind\":\"%s\",\"attempts\":9,"
                              "\"body\":\"{\\\"user\\\":\\\"u\\\",\\\"photo\\\":\\\"p\\\"}\"}",
                              kind),
    };

    return cc_txn_put(txn, &item, err);
}

struct counting {
    int64_t due_ms;
    size_t count;
};

static enum cc_code count_due(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct counting *counting = arg;

    counting->count = 0;
    for (unsigned shard = 0; shard < CC_TIMER_SHARDS; shard++) {
        struct cc_range due = cc_range_timers_due(cc_txn_arena(txn), shard, counting->due_ms);
        struct cc_items found;
        enum cc_code rc;

        due.limit = 10;
        rc = cc_txn_query(txn, &due, &found, err);
        if (rc != CC_OK)
            return rc;
        counting->count += found.count;
    }
    return CC_OK;
}

static size_t due_within(struct world *w, int64_t minutes)
{
    struct counting counting = { .due_ms = cc_clock_wall_ms(w->app.clock) + minutes * 60000 };

    ck_assert_int_eq(cc_store_view(w->app.store, w->arena, count_due, &counting, &w->err), CC_OK);
    return counting.count;
}

/* They were given up after the tenth time, and what had been deleted stayed on disk for ever. */
START_TEST(bytes_that_could_not_be_removed_ten_times_are_tried_again_later)
{
    struct world w;
    size_t jobs, swept;
    static const char *const names[] = { "blobs/photo", "blobs/photo/u", "blobs/photo/u/p" };

    open_world(&w, "none");
    for (size_t i = 0; i < CC_COUNT(names); i++) /* a folder cannot be unlinked */
        ck_assert_int_eq(
            cc_dir_make(cc_str_format(w.arena, "%s/%s", w.tmp.path, names[i]).at, 0700, &w.err),
            CC_OK);
    ck_assert_int_eq(cc_store_run(w.app.store, w.arena, add_old_job, CC_CHAT_JOB_PHOTO, &w.err),
                     CC_OK);
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 1);
    ck_assert_uint_eq(due_within(&w, 50), 0);
    ck_assert_uint_eq(due_within(&w, 70), 1);
    close_world(&w);
}
END_TEST

#define PHONE CC_STR("+4915112345678")
#define USER CC_STR("u")

/* Somebody whose removal was begun. */
static enum cc_code add_half_removed(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_profile profile = { .user = USER,
                                        .name = CC_STR("Ada"),
                                        .phone_number = PHONE };
    const struct cc_credential credential = { .hash = CC_STR("*"), .state = CC_ACCOUNT_REMOVING };
    const struct cc_identifier phone = { "phone", PHONE };
    enum cc_code rc = cc_profile_put(txn, &profile, err);

    if (rc == CC_OK)
        rc = cc_credential_put(txn, USER, &credential, err);
    if (rc == CC_OK)
        rc = cc_identifier_insert(txn, &phone, USER, err);
    return rc == CC_OK ? add_old_job(txn, arg, err) : rc;
}

START_TEST(a_removal_that_was_killed_is_finished_by_whoever_does_what_is_due)
{
    const struct cc_who by_id = { .user = USER };
    const struct cc_who by_number = { .login.phone_number = PHONE };
    struct cc_account account;
    struct world w;
    size_t jobs, swept;

    open_world(&w, "none");
    ck_assert_int_eq(cc_store_run(w.app.store, w.arena, add_half_removed, CC_JOB_REMOVAL, &w.err),
                     CC_OK);
    ck_assert_int_eq(cc_account_find(w.app.store, w.arena, &by_number, &account, &w.err), CC_OK);
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 1);
    ck_assert_int_eq(cc_account_find(w.app.store, w.arena, &by_number, &account, &w.err),
                     CC_NOT_FOUND);
    cc_err_clear(&w.err);
    ck_assert_int_eq(cc_account_find(w.app.store, w.arena, &by_id, &account, &w.err), CC_NOT_FOUND);
    ck_assert_uint_eq(due_within(&w, 70), 0);
    close_world(&w);
}
END_TEST

START_TEST(a_job_of_an_unknown_kind_is_dropped)
{
    struct world w;
    size_t jobs, swept;

    open_world(&w, "none");
    ck_assert_int_eq(cc_store_run(w.app.store, w.arena, add_old_job, "?", &w.err), CC_OK);
    ck_assert_int_eq(cc_app_work(&w.app, &jobs, &swept, &w.err), CC_OK);
    ck_assert_uint_eq(jobs, 1);
    ck_assert_uint_eq(due_within(&w, 70), 0);
    close_world(&w);
}
END_TEST

/* --- what a sender that fails makes of a code --------------------------------------------------
 */

struct failing {
    struct cc_sender base;
    enum cc_code verdict;
    int retry_after_s;
    int tries;
    char code[16]; /* of the last try */
    bool differs;  /* another try had another */
};

static enum cc_code fail_to_send(struct cc_sender *sender, const struct cc_notice *notice,
                                 struct cc_err *err)
{
    struct failing *failing = (struct failing *)sender;
    char code[sizeof(failing->code)];

    snprintf(code, sizeof(code), "%.*s", CC_STR_ARG(notice->code));
    failing->differs |= failing->tries > 0 && strcmp(code, failing->code) != 0;
    snprintf(failing->code, sizeof(failing->code), "%s", code);
    failing->tries++;
    ck_assert_int_eq(notice->attempt, failing->tries);
    if (failing->verdict == CC_OK)
        return CC_OK;
    return cc_fail_retry(err, failing->verdict, failing->retry_after_s, NULL, "as it was told");
}

static void look_at_nothing(struct cc_sender *sender, struct cc_findings *to)
{
    (void)sender;
    (void)to;
}

static void do_nothing(struct cc_sender *sender)
{
    (void)sender;
}

static const struct cc_sender_ops failing_ops = { "failing", fail_to_send, look_at_nothing,
                                                  do_nothing, do_nothing };

static void open_failing(struct world *w, struct failing *failing, enum cc_code verdict)
{
    *failing = (struct failing){ .base = { &failing_ops }, .verdict = verdict };
    open_world(w, "outbox");
    cc_sender_close(w->app.sender);
    w->app.sender = &failing->base;
    sign_up(w);
}

static size_t due_in_ms(struct world *w, int64_t ms)
{
    struct counting counting = { .due_ms = cc_clock_wall_ms(w->app.clock) + ms };

    ck_assert_int_eq(cc_store_view(w->app.store, w->arena, count_due, &counting, &w->err), CC_OK);
    return counting.count;
}

struct finding {
    struct cc_key key;
    size_t count;
};

static enum cc_code find_timer(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct finding *finding = arg;
    enum cc_code rc = CC_OK;

    for (unsigned shard = 0; shard < CC_TIMER_SHARDS && rc == CC_OK; shard++) {
        struct cc_range all =
            cc_range_timers_due(cc_txn_arena(txn), shard, cc_txn_now_ms(txn) + 86400000);
        struct cc_items found = { 0 };

        all.limit = 2;
        rc = cc_txn_query(txn, &all, &found, err);
        finding->count += found.count;
        if (found.count > 0)
            finding->key = found.at[0].key;
    }
    return rc;
}

/* The one job that there is, as if its time had come. */
static void try_now(struct world *w)
{
    struct finding finding = { .count = 0 };
    struct cc_job job = { .attempt = 0 };
    size_t jobs, swept;

    ck_assert_int_eq(cc_store_view(w->app.store, w->arena, find_timer, &finding, &w->err), CC_OK);
    ck_assert_uint_eq(finding.count, 1);
    job.key = finding.key;
    ck_assert_int_eq(cc_timer_put_off(w->app.store, w->arena, &job, 1, &w->err), CC_OK);
    ck_assert_int_eq(cc_app_work(&w->app, &jobs, &swept, &w->err), CC_OK);
    ck_assert_uint_eq(jobs, 1);
}

START_TEST(a_code_is_tried_again_after_longer_and_longer_and_stays_the_same)
{
    static const int64_t most_ms[] = { 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000 };
    struct world w;
    struct failing failing;

    open_failing(&w, &failing, CC_UNAVAILABLE);
    for (size_t i = 0; i < CC_COUNT(most_ms); i++) {
        try_now(&w);
        ck_assert_uint_eq(due_in_ms(&w, most_ms[i] / 2 - 500), 0);
        ck_assert_uint_eq(due_in_ms(&w, most_ms[i]), 1);
    }
    failing.verdict = CC_OK;
    try_now(&w);
    ck_assert_uint_eq(due_in_ms(&w, 86400000), 0);
    ck_assert_int_eq(failing.tries, 9);
    ck_assert(!failing.differs);
    close_world(&w);
}
END_TEST

START_TEST(a_sender_says_itself_when_to_come_again)
{
    struct world w;
    struct failing failing;

    open_failing(&w, &failing, CC_UNAVAILABLE);
    failing.retry_after_s = 120;
    try_now(&w);
    ck_assert_uint_eq(due_in_ms(&w, 118000), 0);
    ck_assert_uint_eq(due_in_ms(&w, 120000), 1);
    close_world(&w);
}
END_TEST

START_TEST(what_will_never_arrive_is_not_tried_again)
{
    struct world w;
    struct failing failing;

    open_failing(&w, &failing, CC_INVALID);
    try_now(&w);
    ck_assert_uint_eq(due_in_ms(&w, 86400000), 0);
    close_world(&w);
}
END_TEST

/* Each time may have been paid for, and read. */
START_TEST(what_may_have_arrived_is_not_tried_for_ever)
{
    struct world w;
    struct failing failing;

    open_failing(&w, &failing, CC_OUTCOME_UNKNOWN);
    for (int i = 0; i < 5; i++) {
        try_now(&w);
        ck_assert_uint_eq(due_in_ms(&w, 86400000), 1);
    }
    try_now(&w);
    ck_assert_uint_eq(due_in_ms(&w, 86400000), 0);
    close_world(&w);
}
END_TEST

START_TEST(what_cannot_be_opened_leaves_nothing_open)
{
    struct cc_tmp tmp;
    struct cc_app app;
    struct cc_err err = { 0 };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_str path;

    cc_tmp_make(&tmp);
    path = cc_str_format(arena, "%s/cloud-chat.conf", tmp.path);
    ck_assert_int_eq(cc_file_write(path.at, CC_STR("[store]\npath = /dev/null\n"), 0600, &err),
                     CC_OK);
    ck_assert_int_ne(cc_app_open("test", CC_APP_ALL, path.at, &app, &err), CC_OK);
    ck_assert_str_ne(err.detail, "");
    ck_assert_ptr_null(app.store);
    ck_assert_ptr_null(app.arena);
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

START_TEST(what_needs_the_store_alone_opens_no_keys)
{
    struct cc_tmp tmp;
    struct cc_app app;
    struct cc_err err = { 0 };
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_str path, text;

    cc_tmp_make(&tmp);
    path = cc_str_format(arena, "%s/cloud-chat.conf", tmp.path);
    text = CC_STR("[identity]\nkeys = /dev/null\n");
    ck_assert_int_eq(cc_file_write(path.at, text, 0600, &err), CC_OK);
    ck_assert_int_ne(cc_app_open("test", CC_APP_ALL, path.at, &app, &err), CC_OK);
    cc_err_clear(&err);
    ck_assert_msg(cc_app_open("test", CC_APP_STORE, path.at, &app, &err) == CC_OK, "%s", err.cause);
    ck_assert_int_eq(cc_store_check(app.store, arena, &err), CC_OK);
    ck_assert_ptr_null(app.identity);
    cc_app_close(&app);
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("app/tick", a_code_leaves_with_the_next_tick_and_only_once,
              without_a_sender_codes_are_dropped, ticks_that_follow_closely_do_not_look_again,
              a_file_is_swept_each_minute_and_a_table_each_hour,
              bytes_that_could_not_be_removed_ten_times_are_tried_again_later,
              a_job_of_an_unknown_kind_is_dropped,
              a_removal_that_was_killed_is_finished_by_whoever_does_what_is_due,
              a_code_is_tried_again_after_longer_and_longer_and_stays_the_same,
              a_sender_says_itself_when_to_come_again, what_will_never_arrive_is_not_tried_again,
              what_may_have_arrived_is_not_tried_for_ever,
              what_cannot_be_opened_leaves_nothing_open, what_needs_the_store_alone_opens_no_keys)
