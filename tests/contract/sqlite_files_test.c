/* What SQLite's store does about files that are not as they should be: each is a clear refusal that
 * names the file, and nothing is deleted or overwritten. */
#define _GNU_SOURCE
#include "tests/contract/sandbox.h"
#include "tests/contract/stores.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* --- help ------------------------------------------------------------------------------------- */

static const char *beside(struct stores *s, const char *suffix)
{
    return cc_str_format(s->arena, "%.*s%s", CC_STR_ARG(s->config.path), suffix).at;
}

static struct cc_str read_file(struct stores *s, const char *path)
{
    char *at = cc_arena_alloc(s->arena, 1024 * 1024);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, at, 1024 * 1024);

    ck_assert_msg(len >= 0, "%s", path);
    close(fd);
    return (struct cc_str){ at, (size_t)len };
}

static void write_file(const char *path, struct cc_str bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.at, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

/* Runs SQL as the sqlite3 shell would: a connection that knows nothing of ours. */
static void shell(struct stores *s, const char *sql)
{
    sqlite3 *db;
    char *error = NULL;

    ck_assert_int_eq(sqlite3_open(beside(s, ""), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &error) == SQLITE_OK, "%s", error);
    sqlite3_close(db);
}

static struct cc_str ask_shell(struct stores *s, const char *sql)
{
    struct cc_str answer = CC_STR_ABSENT;
    sqlite3_stmt *stmt;
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open_v2(beside(s, ""), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(db));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        answer = cc_str_copy(s->arena, cc_str_from((const char *)sqlite3_column_text(stmt, 0)));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return answer;
}

/* Opening fails with that code, names the file for the operator, and leaves it as it was. */
static void check_refused(struct stores *s, enum cc_code code, const char *word)
{
    struct cc_str before = read_file(s, beside(s, ""));
    struct cc_err err = { 0 };

    ck_assert_int_eq(stores_open_again(s, 0, &s->store, &err), code);
    ck_assert_msg(strstr(err.detail, word) != NULL, "\"%s\" does not say \"%s\"", err.detail, word);
    ck_assert_msg(strstr(err.cause, "cloud-chat.db") != NULL, "%s", err.cause);
    cc_check_str(read_file(s, beside(s, "")), before);
}

/* A closed database with one row, all of it in the main file. */
static void make_database(struct stores *s)
{
    stores_open(s, 0);
    stores_put(s, stores_item("P", "A", "kept"));
    cc_store_close(s->store);
    s->store = NULL;
    shell(s, "PRAGMA wal_checkpoint(TRUNCATE)");
}

/* --- what is made ----------------------------------------------------------------------------- */

START_TEST(all_files_are_for_the_owner_alone)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
    struct stores s;
    struct stat st;

    umask(0);
    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "x"));
    for (size_t i = 0; i < CC_COUNT(suffixes); i++) {
        ck_assert_int_eq(stat(beside(&s, suffixes[i]), &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0600);
    }
    stores_close(&s);
}
END_TEST

START_TEST(the_database_is_in_wal_mode_and_synchronous)
{
    struct stores s;

    stores_open(&s, 0);
    cc_check_str(ask_shell(&s, "PRAGMA journal_mode"), CC_STR("wal"));
    cc_check_str(ask_shell(&s, "SELECT group_concat(name) FROM pragma_table_list "
                               "WHERE type = 'table' AND name = 'item' AND wr = 1 AND strict = 1"),
                 CC_STR("item"));
    stores_close(&s);
}
END_TEST

START_TEST(the_writer_keeps_the_log_short)
{
    char body[32 * 1024];
    struct stores s;
    struct stat wal;

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    stores_prepare(&s, 0);
    s.config.durability = 1;
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    for (int i = 0; i < 1500; i++) /* 17,000 pages of log */
        stores_put(&s, stores_item("P", cc_str_format(s.arena, "A#%04d", i).at, body));
    ck_assert_int_eq(stat(beside(&s, "-wal"), &wal), 0);
    ck_assert_int_lt(wal.st_size, 5600 * 4120);
    stores_close(&s);
}
END_TEST

/* In the place of the system's, which some file systems do not have either. */
static struct {
    atomic_int calls, mistaken;
} begun;

int sync_file_range(int fd, off64_t from, off64_t len, unsigned flags)
{
    struct stat file;
    const bool is_right = flags == SYNC_FILE_RANGE_WRITE && fstat(fd, &file) == 0 && from >= 0 &&
                          len > 0 && from + len <= file.st_size &&
                          (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;

    atomic_fetch_add(&begun.calls, 1);
    if (!is_right)
        atomic_fetch_add(&begun.mistaken, 1);
    errno = ENOSYS;
    return -1;
}

START_TEST(the_disk_is_told_of_what_a_checkpoint_copies_and_nothing_rests_on_it)
{
    char body[32 * 1024];
    struct stores s;
    struct stat wal;

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    stores_open(&s, 0);
    for (int i = 0; i < 600; i++) /* 6,800 pages of log */
        stores_put(&s, stores_item("P", cc_str_format(s.arena, "A#%04d", i).at, body));
    ck_assert_int_gt(atomic_load(&begun.calls), 50);
    ck_assert_int_eq(atomic_load(&begun.mistaken), 0);
    ck_assert_int_eq(stat(beside(&s, "-wal"), &wal), 0);
    ck_assert_int_lt(wal.st_size, 5600 * 4120);
    stores_close(&s);
}
END_TEST

static enum cc_code delete_secret(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    (void)arg;
    return cc_txn_delete(txn, stores_key("P", "A#17"), err);
}

static bool holds_secret(struct stores *s)
{
    static const char *const suffixes[] = { "", "-wal" };
    bool found = false;

    for (size_t i = 0; i < CC_COUNT(suffixes); i++) {
        struct cc_str bytes = read_file(s, beside(s, suffixes[i]));

        found = found || memmem(bytes.at, bytes.len, "Xanadu", 6) != NULL;
    }
    return found;
}

START_TEST(what_was_deleted_is_erased_from_the_files_within_an_hour)
{
    struct stores s;
    size_t swept;

    stores_open(&s, 0);
    for (int i = 0; i < 100; i++)
        stores_put(&s, stores_item("P", cc_str_format(s.arena, "A#%d", i).at,
                                   i == 17 ? "In Xanadu" : "elsewhere"));
    ck_assert_int_eq(cc_store_sweep(s.store, 10, &swept, &s.err), CC_OK);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, delete_secret, NULL, &s.err), CC_OK);
    ck_assert(holds_secret(&s));
    s.clock.now_ms += 1800 * 1000;
    ck_assert_int_eq(cc_store_sweep(s.store, 10, &swept, &s.err), CC_OK);
    stores_put(&s, stores_item("P", "B", "after the answer comes the erasing"));
    ck_assert(!holds_secret(&s));
    stores_close(&s);
}
END_TEST

START_TEST(a_person_can_look_with_the_shell)
{
    struct stores s;

    stores_open(&s, 0);
    stores_put(&s, stores_item("R#r1", "HEAD",
                               "{\"kind\":\"direct\",\"users\":[\"u1\",\"u2\"],\"seq\":7,\"rev\":8,"
                               "\"created\":1700000000000,\"active\":1700000001000}"));
    stores_put(&s, stores_item("R#r1", "MSG#0000000000000007",
                               "{\"seq\":7,\"author\":\"u1\",\"type\":\"text\","
                               "\"data\":{\"text\":\"hello\"},\"created\":1700000001000}"));
    stores_put(&s, stores_item("R#r1", "MEMBER#u1", "{\"role\":\"member\",\"state\":\"in\"}"));
    stores_put(&s, stores_item("U#u1", "PROFILE", "{\"name\":\"Ada\",\"email\":\"a@b.example\"}"));
    cc_check_str(ask_shell(&s, "SELECT room || ' ' || kind || ' ' || users || ' ' || seq || ' ' || "
                               "rev || ' ' || created || ' ' || active "
                               "FROM room"),
                 CC_STR("r1 direct [\"u1\",\"u2\"] 7 8 2023-11-14 22:13:20 2023-11-14 22:13:21"));
    cc_check_str(ask_shell(&s, "SELECT room || ' ' || seq || ' ' || author || ' ' || type || ' ' "
                               "|| text || ' ' || created "
                               "FROM message"),
                 CC_STR("r1 7 u1 text hello 2023-11-14 22:13:21"));
    cc_check_str(
        ask_shell(&s, "SELECT room || ' ' || user || ' ' || role || ' ' || state FROM member"),
        CC_STR("r1 u1 member in"));
    cc_check_str(ask_shell(&s, "SELECT user || ' ' || name || ' ' || email FROM user"),
                 CC_STR("u1 Ada a@b.example"));
    stores_close(&s);
}
END_TEST

/* --- views ------------------------------------------------------------------------------------ */

/* Reads, has the item changed by a commit of another connection, and reads again. */
static enum cc_code read_twice(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct stores *s = arg;
    struct cc_item first, second;
    enum cc_code rc = cc_txn_get(txn, stores_key("P", "A"), &first, err);

    if (rc != CC_OK)
        return rc;
    stores_put(s, stores_item("P", "A", "after"));
    rc = cc_txn_get(txn, stores_key("P", "A"), &second, err);
    if (rc == CC_OK && !cc_str_eq(first.body, second.body))
        rc = cc_fail(err, CC_CONFLICT, NULL, "%.*s", CC_STR_ARG(second.body));
    return rc;
}

START_TEST(a_view_is_one_snapshot)
{
    struct stores s;

    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "before"));
    ck_assert_int_eq(cc_store_view(s.store, s.arena, read_twice, &s, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("after"));
    stores_close(&s);
}
END_TEST

/* --- what is refused -------------------------------------------------------------------------- */

START_TEST(a_file_that_is_no_database_is_refused)
{
    struct stores s;

    stores_prepare(&s, 0);
    write_file(beside(&s, ""), CC_STR("These are the minutes of the meeting of 4 May, and they are "
                                      "longer than the header of a database, which is 100 bytes."));
    check_refused(&s, CC_INVALID, "not a database");
    stores_close(&s);
}
END_TEST

START_TEST(a_database_of_another_program_is_refused)
{
    struct stores s;

    stores_prepare(&s, 0);
    shell(&s, "CREATE TABLE bookmarks (url TEXT)");
    check_refused(&s, CC_INVALID, "another program");
    shell(&s, "DROP TABLE bookmarks; PRAGMA application_id=4711");
    check_refused(&s, CC_INVALID, "another program");
    stores_close(&s);
}
END_TEST

START_TEST(a_truncated_database_is_refused)
{
    struct stores s;
    struct cc_str whole;

    make_database(&s);
    whole = read_file(&s, beside(&s, ""));
    ck_assert_uint_ge(whole.len, 3 * 4096);
    write_file(beside(&s, ""), cc_str_take(whole, 4096));
    check_refused(&s, CC_INVALID, "damaged");
    write_file(beside(&s, ""), cc_str_take(whole, 1000));
    check_refused(&s, CC_INVALID, "");
    stores_close(&s);
}
END_TEST

START_TEST(a_database_with_a_page_of_garbage_is_refused)
{
    struct stores s;
    struct cc_str whole;
    char *bytes;

    make_database(&s);
    whole = read_file(&s, beside(&s, ""));
    bytes = cc_arena_alloc(s.arena, whole.len);
    memcpy(bytes, whole.at, whole.len);
    memset(bytes + 4096, 0xa5, 4096); /* the root of the table of items */
    write_file(beside(&s, ""), (struct cc_str){ bytes, whole.len });
    check_refused(&s, CC_INVALID, "damaged");
    stores_close(&s);
}
END_TEST

/* What opening does not read. */
START_TEST(damage_far_inside_is_found_by_who_reads_it_all)
{
    struct stores s;
    struct cc_str whole;
    char name[16];
    char *bytes;

    stores_open(&s, 0);
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "%04d", i);
        stores_put(&s, stores_item("P", name, "some text that fills a page before long"));
    }
    ck_assert_int_eq(cc_store_verify(s.store, s.arena, &s.err), CC_OK);
    cc_store_close(s.store);
    s.store = NULL;
    shell(&s, "PRAGMA wal_checkpoint(TRUNCATE)");
    whole = read_file(&s, beside(&s, ""));
    bytes = cc_arena_alloc(s.arena, whole.len);
    memcpy(bytes, whole.at, whole.len);
    memset(bytes + whole.len - 4096, 0xa5, 4096);
    write_file(beside(&s, ""), (struct cc_str){ bytes, whole.len });
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    ck_assert_int_eq(cc_store_verify(s.store, s.arena, &s.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "damaged"));
    ck_assert_ptr_nonnull(strstr(s.err.cause, "cloud-chat.db"));
    stores_close(&s);
}
END_TEST

/* What another hand, or another version, has done to a database. */
static void check_refused_after(const char *sql, const char *word)
{
    struct stores s;

    make_database(&s);
    shell(&s, sql);
    shell(&s, "PRAGMA wal_checkpoint(TRUNCATE)");
    check_refused(&s, CC_INVALID, word);
    stores_close(&s);
}

START_TEST(a_newer_layout_is_refused)
{
    check_refused_after(
        "UPDATE item SET body = '{\"layout\":3}' WHERE pk = 'META' AND sk = 'SCHEMA'", "newer");
}
END_TEST

START_TEST(an_older_layout_is_refused)
{
    check_refused_after(
        "UPDATE item SET body = '{\"layout\":1}' WHERE pk = 'META' AND sk = 'SCHEMA'", "older");
}
END_TEST

START_TEST(a_layout_that_is_no_number_is_damage)
{
    check_refused_after(
        "UPDATE item SET body = '{\"layout\":\"x\"}' WHERE pk = 'META' AND sk = 'SCHEMA'",
        "damaged");
}
END_TEST

START_TEST(a_database_without_its_layout_or_epoch_is_refused)
{
    check_refused_after("DELETE FROM item WHERE pk = 'META' AND sk = 'EPOCH'", "incomplete");
}
END_TEST

START_TEST(a_log_whose_database_is_gone_is_not_deleted)
{
    struct stores s;
    struct cc_str log, whole;

    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "kept"));
    cc_store_close(s.store);
    s.store = NULL;
    whole = read_file(&s, beside(&s, ""));
    log = read_file(&s, beside(&s, "-wal"));
    ck_assert_uint_gt(log.len, 0);
    write_file(beside(&s, ""), CC_STR(""));
    check_refused(&s, CC_INVALID, "write-ahead log");
    cc_check_str(read_file(&s, beside(&s, "-wal")), log);
    write_file(beside(&s, ""), whole);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("kept"));
    stores_close(&s);
}
END_TEST

START_TEST(a_folder_that_does_not_exist_is_refused)
{
    struct stores s;

    stores_prepare(&s, 0);
    s.config.path = cc_str_format(s.arena, "%s/nowhere/cloud-chat.db", s.folder);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "create it"));
    stores_close(&s);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused_with_the_reason)
{
    struct stores s;
    struct cc_str folder;
    char name[201];

    stores_prepare(&s, 0);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    folder = cc_str_from(s.folder);
    for (int i = 0; i < 3; i++) {
        folder = cc_str_format(s.arena, "%.*s/%s", CC_STR_ARG(folder), name);
        ck_assert_int_eq(mkdir(folder.at, 0700), 0);
    }
    s.config.path = cc_str_format(s.arena, "%.*s/cloud-chat.db", CC_STR_ARG(folder));
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_INVALID);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "too long"));
    stores_close(&s);
}
END_TEST

START_TEST(a_symbolic_link_leads_to_the_same_lock)
{
    struct stores s;
    struct cc_str target;

    stores_open(&s, 0);
    target = s.config.path;
    s.config.path = cc_str_format(s.arena, "%s/link.db", s.folder);
    ck_assert_int_eq(symlink(target.at, s.config.path.at), 0);
    cc_store_close(s.store);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    stores_put(&s, stores_item("P", "A", "x"));
    ck_assert_int_ne(access(beside(&s, ".lock"), F_OK), 0);
    stores_close(&s);
}
END_TEST

/* As root permissions do not bind, so the folder becomes a read-only mount; that is also what a
 * disk looks like to which the kernel has stopped writing. */
START_TEST(a_read_only_database_is_refused)
{
    struct stores s;

    if (!sandbox_enter("a_read_only_database_is_refused"))
        return;
    make_database(&s);
    ck_assert_int_eq(mount(s.folder, s.folder, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, s.folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    check_refused(&s, CC_UNAVAILABLE, "");
    umount2(s.folder, MNT_DETACH);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("kept"));
    stores_close(&s);
}
END_TEST

/* The folder can be written, the file cannot. */
START_TEST(a_read_only_file_is_refused)
{
    struct stores s;
    const char *file;

    if (!sandbox_enter("a_read_only_file_is_refused"))
        return;
    make_database(&s);
    file = beside(&s, "");
    ck_assert_int_eq(mount(file, file, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, file, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    check_refused(&s, CC_UNAVAILABLE, "cannot be written");
    umount2(file, MNT_DETACH);
    stores_close(&s);
}
END_TEST

CC_CHECK_MAIN("contract/sqlite_files", all_files_are_for_the_owner_alone,
              the_database_is_in_wal_mode_and_synchronous, the_writer_keeps_the_log_short,
              the_disk_is_told_of_what_a_checkpoint_copies_and_nothing_rests_on_it,
              what_was_deleted_is_erased_from_the_files_within_an_hour,
              a_person_can_look_with_the_shell, a_view_is_one_snapshot,
              a_file_that_is_no_database_is_refused, a_database_of_another_program_is_refused,
              a_truncated_database_is_refused, a_database_with_a_page_of_garbage_is_refused,
              damage_far_inside_is_found_by_who_reads_it_all, a_newer_layout_is_refused,
              an_older_layout_is_refused, a_layout_that_is_no_number_is_damage,
              a_database_without_its_layout_or_epoch_is_refused,
              a_log_whose_database_is_gone_is_not_deleted, a_folder_that_does_not_exist_is_refused,
              a_path_that_is_too_long_is_refused_with_the_reason,
              a_symbolic_link_leads_to_the_same_lock, a_read_only_database_is_refused,
              a_read_only_file_is_refused)
