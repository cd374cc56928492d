/* A copy of the store, and such a copy in the place of a store. */
#include "store/copy.h"

#include "tests/contract/stores.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *in_folder(struct stores *s, const char *name)
{
    return cc_str_format(s->arena, "%s/%s", s->folder, name).at;
}

static const char *empty_file(struct stores *s, const char *name)
{
    const char *path = in_folder(s, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return path;
}

/* Some people, rooms, messages and others, `count` of each. */
static void furnish(struct stores *s, int count)
{
    for (int i = 0; i < count; i++) {
        struct cc_str room = cc_str_format(s->arena, "R#r%d", i % 3);

        stores_put(s, stores_item(cc_str_format(s->arena, "U#u%d", i).at, "PROFILE", "{}"));
        stores_put(s, stores_item(cc_str_format(s->arena, "U#u%d", i).at, "SESSION#x", "{}"));
        stores_put(s, stores_item(room.at, "HEAD", "{}"));
        stores_put(s, stores_item(room.at, cc_str_format(s->arena, "MSG#%016d", i).at,
                                  "{\"data\":{\"text\":\"hello\"}}"));
    }
}

static const char *copy(struct stores *s, const char *name)
{
    const char *path = empty_file(s, name);

    ck_assert_msg(cc_store_copy(s->store, path, NULL, &s->err) == CC_OK, "%s", s->err.cause);
    return path;
}

static struct cc_copy_sum examine(struct stores *s, const char *path)
{
    struct cc_copy_sum sum;

    ck_assert_msg(cc_copy_examine(path, NULL, &sum, &s->err) == CC_OK, "%s: %s", s->err.detail,
                  s->err.cause);
    return sum;
}

START_TEST(a_copy_has_all_that_was_there_and_is_one_file)
{
    struct cc_copy_sum sum, again;
    struct stores s;
    const char *path;

    stores_open(&s, _i);
    furnish(&s, 40);
    path = copy(&s, "copy");
    sum = examine(&s, path);
    ck_assert_int_eq(sum.users, 40);
    ck_assert_int_eq(sum.rooms, 3);
    ck_assert_int_eq(sum.messages, 40);
    ck_assert_int_eq(sum.items, 40 + 40 + 3 + 40 + 2);
    ck_assert_int_ne(access(in_folder(&s, "copy-wal"), F_OK), 0);
    ck_assert_int_ne(access(in_folder(&s, "copy-shm"), F_OK), 0);
    again = examine(&s, copy(&s, "again"));
    ck_assert_mem_eq(sum.sha256, again.sha256, sizeof(sum.sha256));
    stores_put(&s, stores_item("U#u1", "PROFILE", "{ }"));
    again = examine(&s, copy(&s, "changed"));
    ck_assert_mem_ne(sum.sha256, again.sha256, sizeof(sum.sha256));
    stores_close(&s);
}
END_TEST

struct counting {
    struct cc_progress base; /* first */
    struct stores *s;
    int reports, stop_at;
};

/* While it is copied somebody writes: a counter, in two places at once. */
static bool write_meanwhile(struct cc_progress *progress, const char *what, int64_t done,
                            int64_t total)
{
    struct counting *c = (struct counting *)progress;
    struct stores *s = c->s;

    ck_assert_ptr_nonnull(what);
    ck_assert(total == 0 || done <= total);
    stores_put(s, stores_item("U#u1", "PROFILE", "{\"written\":\"meanwhile\"}"));
    stores_put(s, stores_item("R#r9", "MSG#0000000000000001", "{\"written\":\"meanwhile\"}"));
    return ++c->reports != c->stop_at;
}

START_TEST(a_copy_is_of_one_instant)
{
    struct counting c = { .base = { write_meanwhile } };
    struct cc_copy_sum before, after;
    struct stores s;
    const char *path;
    char body[8000];

    memset(body, ' ', sizeof(body));
    memcpy(body, "{}", 2);
    body[sizeof(body) - 1] = '\0';
    stores_open(&s, _i);
    furnish(&s, 10);
    for (int i = 0; i < 400; i++) /* more than a step's pages */
        stores_put(&s, stores_item("X", cc_str_format(s.arena, "%d", i).at, body));
    before = examine(&s, copy(&s, "before"));
    c.s = &s;
    path = empty_file(&s, "during");
    ck_assert_int_eq(cc_store_copy(s.store, path, &c.base, &s.err), CC_OK);
    ck_assert_int_gt(c.reports, 2);
    after = examine(&s, path);
    ck_assert_mem_eq(before.sha256, after.sha256, sizeof(before.sha256));
    cc_check_str(stores_get(&s, "U#u1", "PROFILE"), CC_STR("{\"written\":\"meanwhile\"}"));
    stores_close(&s);
}
END_TEST

START_TEST(a_copy_can_be_interrupted)
{
    struct counting c = { .base = { write_meanwhile }, .stop_at = 1 };
    struct stores s;

    stores_open(&s, _i);
    furnish(&s, 3);
    c.s = &s;
    ck_assert_int_eq(cc_store_copy(s.store, empty_file(&s, "copy"), &c.base, &s.err),
                     CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "interrupted"));
    stores_put(&s, stores_item("A", "B", "it goes on"));
    stores_close(&s);
}
END_TEST

struct letting_go {
    struct cc_progress base; /* first */
    sqlite3 *other;
};

static bool let_go(struct cc_progress *progress, const char *what, int64_t done, int64_t total)
{
    struct letting_go *l = (struct letting_go *)progress;

    (void)what, (void)done, (void)total;
    sqlite3_close(l->other);
    l->other = NULL;
    return true;
}

/* The copy stays empty, and nothing that follows would fail. */
START_TEST(a_copy_into_a_file_that_is_locked_for_a_while_is_none)
{
    struct letting_go l = { .base = { let_go } };
    struct stores s;
    const char *path;

    stores_open(&s, _i);
    furnish(&s, 3);
    path = copy(&s, "copy");
    ck_assert_int_eq(sqlite3_open(path, &l.other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(l.other, "BEGIN; SELECT count(*) FROM item", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(cc_store_copy(s.store, path, &l.base, &s.err), CC_UNAVAILABLE);
    stores_close(&s);
}
END_TEST

/* --- replacing: a store that is a file -------------------------------------------------------- */

static struct cc_replacing *alone(struct stores *s)
{
    struct cc_replacing *replacing;

    cc_err_clear(&s->err);
    ck_assert_msg(cc_store_open_sqlite_alone(&s->config, &replacing, &s->err) == CC_OK, "%s: %s",
                  s->err.detail, s->err.cause);
    return replacing;
}

static void shut(struct stores *s)
{
    cc_store_close(s->store);
    s->store = NULL;
}

static struct cc_str replace(struct stores *s, const char *path, bool end_sessions)
{
    struct cc_copy_sum sum = examine(s, path);
    struct cc_copy from = { path, &sum, end_sessions };
    struct cc_replacing *replacing = alone(s);
    struct cc_str kept;

    ck_assert_msg(cc_replacing_load(replacing, &from, NULL, &s->err) == CC_OK, "%s", s->err.cause);
    ck_assert_msg(cc_replacing_commit(replacing, s->arena, &kept, &s->err) == CC_OK, "%s",
                  s->err.cause);
    cc_replacing_close(replacing);
    return kept;
}

static void reopen(struct stores *s)
{
    ck_assert_msg(stores_open_again(s, 0, &s->store, &s->err) == CC_OK, "%s", s->err.cause);
}

START_TEST(a_replaced_store_has_what_the_copy_has_and_another_epoch)
{
    struct stores s;
    struct cc_str epoch, kept;
    const char *path;

    stores_open(&s, 0);
    furnish(&s, 20);
    epoch = cc_str_copy(s.arena, cc_store_epoch(s.store));
    path = copy(&s, "copy");
    stores_put(&s, stores_item("U#late", "PROFILE", "{}"));
    shut(&s);
    kept = replace(&s, path, false);
    reopen(&s);
    ck_assert(!cc_str_eq(cc_store_epoch(s.store), epoch));
    ck_assert_ptr_null(stores_get(&s, "U#late", "PROFILE").at);
    ck_assert_ptr_nonnull(stores_get(&s, "U#u7", "SESSION#x").at);
    ck_assert_int_eq(cc_store_verify(s.store, s.arena, &s.err), CC_OK);
    /* what was replaced is kept whole, though its last rows were in the log alone */
    shut(&s);
    s.config.path = kept;
    reopen(&s);
    ck_assert_ptr_nonnull(stores_get(&s, "U#late", "PROFILE").at);
    cc_check_str(cc_store_epoch(s.store), epoch);
    stores_close(&s);
}
END_TEST

START_TEST(sessions_end_where_that_is_wished)
{
    struct stores s;
    const char *path;

    stores_open(&s, 0);
    furnish(&s, 20);
    path = copy(&s, "copy");
    shut(&s);
    (void)replace(&s, path, true);
    reopen(&s);
    ck_assert_ptr_null(stores_get(&s, "U#u7", "SESSION#x").at);
    ck_assert_ptr_nonnull(stores_get(&s, "U#u7", "PROFILE").at);
    stores_close(&s);
}
END_TEST

START_TEST(what_is_not_committed_leaves_nothing)
{
    struct cc_replacing *replacing;
    struct cc_copy_sum sum;
    struct stores s;
    struct cc_copy from = { .sum = &sum };

    stores_open(&s, 0);
    furnish(&s, 5);
    from.path = copy(&s, "copy");
    sum = examine(&s, from.path);
    stores_put(&s, stores_item("U#late", "PROFILE", "{}"));
    shut(&s);
    replacing = alone(&s);
    ck_assert(cc_replacing_has_data(replacing));
    ck_assert_int_eq(cc_replacing_load(replacing, &from, NULL, &s.err), CC_OK);
    ck_assert_int_eq(access(in_folder(&s, "cloud-chat.db.restoring"), F_OK), 0);
    cc_replacing_close(replacing);
    ck_assert_int_ne(access(in_folder(&s, "cloud-chat.db.restoring"), F_OK), 0);
    sum.sha256[3] ^= 1; /* not what was examined */
    replacing = alone(&s);
    ck_assert_int_eq(cc_replacing_load(replacing, &from, NULL, &s.err), CC_INVALID);
    cc_replacing_close(replacing);
    reopen(&s);
    ck_assert_ptr_nonnull(stores_get(&s, "U#late", "PROFILE").at);
    stores_close(&s);
}
END_TEST

START_TEST(one_that_is_open_is_not_replaced_and_nobody_opens_one_that_is_being_replaced)
{
    struct cc_replacing *replacing;
    struct stores s;

    stores_open(&s, 0);
    ck_assert_int_eq(cc_store_open_sqlite_alone(&s.config, &replacing, &s.err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "stop it first"));
    shut(&s);
    replacing = alone(&s);
    ck_assert(!cc_replacing_has_data(replacing));
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "being restored"));
    cc_replacing_close(replacing);
    cc_err_clear(&s.err);
    reopen(&s);
    stores_close(&s);
}
END_TEST

static void spoil(const char *path)
{
    char garbage[4096];
    int fd = open(path, O_WRONLY);

    memset(garbage, 0xa5, sizeof(garbage));
    ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), 0), sizeof(garbage));
    close(fd);
}

/* That is what a restore is for. */
START_TEST(a_damaged_store_is_replaced_and_kept_with_its_log)
{
    struct cc_replacing *replacing;
    struct stores s;
    struct cc_str kept;
    const char *path;
    struct stat log;

    stores_open(&s, 0);
    furnish(&s, 5);
    path = copy(&s, "copy");
    shut(&s);
    spoil(s.config.path.at);
    ck_assert_int_eq(stat(in_folder(&s, "cloud-chat.db-wal"), &log), 0);
    ck_assert_int_gt(log.st_size, 0);
    spoil(in_folder(&s, "cloud-chat.db-wal"));
    replacing = alone(&s);
    ck_assert(cc_replacing_has_data(replacing));
    cc_replacing_close(replacing);
    kept = replace(&s, path, false);
    ck_assert_int_eq(access(kept.at, F_OK), 0);
    ck_assert_int_eq(access(cc_str_format(s.arena, "%s-wal", kept.at).at, F_OK), 0);
    reopen(&s);
    ck_assert_ptr_nonnull(stores_get(&s, "U#u3", "PROFILE").at);
    stores_close(&s);
}
END_TEST

static enum cc_code add_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item item = stores_item("U#u1", "NOTE", arg);

    return cc_txn_insert(txn, &item, err);
}

START_TEST(what_is_run_in_the_new_one_is_there_from_its_beginning)
{
    struct cc_replacing *replacing;
    struct cc_copy_sum sum;
    struct stores s;
    struct cc_copy from = { .sum = &sum };
    struct cc_str kept;
    char body[] = "{\"a\":1}";

    stores_open(&s, 0);
    furnish(&s, 2);
    from.path = copy(&s, "copy");
    sum = examine(&s, from.path);
    shut(&s);
    replacing = alone(&s);
    ck_assert_int_eq(cc_replacing_load(replacing, &from, NULL, &s.err), CC_OK);
    ck_assert_int_eq(cc_replacing_run(replacing, s.arena, add_one, body, &s.err), CC_OK);
    ck_assert_int_eq(cc_replacing_run(replacing, s.arena, add_one, body, &s.err), CC_EXISTS);
    ck_assert_int_eq(cc_replacing_commit(replacing, s.arena, &kept, &s.err), CC_OK);
    cc_replacing_close(replacing);
    reopen(&s);
    cc_check_str(stores_get(&s, "U#u1", "NOTE"), cc_str_from(body));
    stores_close(&s);
}
END_TEST

STORES_MAIN("contract/copy", a_copy_has_all_that_was_there_and_is_one_file,
            a_copy_is_of_one_instant, a_copy_can_be_interrupted,
            a_copy_into_a_file_that_is_locked_for_a_while_is_none,
            a_replaced_store_has_what_the_copy_has_and_another_epoch,
            sessions_end_where_that_is_wished, what_is_not_committed_leaves_nothing,
            one_that_is_open_is_not_replaced_and_nobody_opens_one_that_is_being_replaced,
            a_damaged_store_is_replaced_and_kept_with_its_log,
            what_is_run_in_the_new_one_is_there_from_its_beginning)
