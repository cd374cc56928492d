#include "app/app.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include "base/file.h"
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
              a_job_of_an_unknown_kind_is_dropped, what_cannot_be_opened_leaves_nothing_open,
              what_needs_the_store_alone_opens_no_keys)
